<?php
// The statements of a request: one record, or one page of a list and its total. Text statements:
// a prepared one would not outlive the request, so preparing it would cost a second round trip.
declare(strict_types=1);

function find_record(mysqli $db, array $link, ?array $parent): array
{
    $resource = $link['resource'];
    $belongs = $parent ? " AND `{$resource['parents'][$parent['name']]}` = {$parent['id']}" : '';
    $record = $db->query(
        "SELECT {$resource['select']} FROM `{$resource['table']}`" .
        " WHERE `{$resource['key']}` = {$link['id']}$belongs"
    )->fetch_assoc();
    return $record ?? throw new Refusal(404, 'Record Not Found', 'record_not_found', $resource['key']);
}

function find_list(mysqli $db, array $resource, array $find): array
{
    $rows = find_page($db, $resource, $find);
    $more = count($rows) > $find['limit'];
    if ($more) {
        array_pop($rows);
    }
    $total = find_total($db, $resource, $find, count($rows), $more);
    $data = [
        'total' => $total,
        'page' => intdiv($find['offset'], $find['limit']) + 1,
        'pages' => $total === null ? null : intdiv($total, $find['limit']),
        'page_count' => $total === null ? null : max(1, (int) ceil($total / $find['limit'])),
        'limit' => $find['limit'],
        'offset' => $find['offset'],
        'filters' => $find['filters'] ?: new stdClass(),
    ];
    if ($more) {
        $data['next'] = base64_encode((string) end($rows)[$resource['key']]);
    }
    return [$data, $rows];
}

function find_clause(array $where): string
{
    return $where ? ' WHERE ' . implode(' AND ', $where) : '';
}

// Deep pages read the keys first and only the page's own rows whole.
function find_page(mysqli $db, array $resource, array $find): array
{
    $where = $find['where'];
    if ($find['cursor'] !== null) {
        $after = filter_var(base64_decode((string) $find['cursor'], true), FILTER_VALIDATE_INT);
        if ($after === false || !$find['byKey']) {
            throw invalid('cursor');
        }
        $where[] = "`{$resource['key']}` " . ($find['descending'] ? '<' : '>') . " $after";
    }
    $from = "FROM `{$resource['table']}`";
    $tail = find_clause($where) . " ORDER BY {$find['order']} LIMIT " . ($find['limit'] + 1);
    if ($find['offset'] === 0) {
        return $db->query("SELECT {$resource['select']} $from$tail")->fetch_all(MYSQLI_ASSOC);
    }
    return $db->query(
        "SELECT {$resource['select']} $from JOIN (SELECT `{$resource['key']}` $from$tail" .
        " OFFSET {$find['offset']}) AS page USING (`{$resource['key']}`) ORDER BY {$find['order']}"
    )->fetch_all(MYSQLI_ASSOC);
}

function find_total(mysqli $db, array $resource, array $find, int $seen, bool $more): ?int
{
    if ($find['count'] === 'none') {
        return null;
    }
    if (!$more && $find['cursor'] === null && ($seen > 0 || $find['offset'] === 0)) {
        return $find['offset'] + $seen;
    }
    $sql = "SELECT COUNT(*) FROM `{$resource['table']}`" . find_clause($find['where']);
    return (int) $db->query($sql)->fetch_row()[0];
}
