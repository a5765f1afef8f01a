<?php
// Creating a timelog and updating an action: one transaction with the rows above locked, references
// looked up, their activity and the activity log kept, and the answer read back. Like reads, in text
// statements; rows of two tables are locked, and touched, by one statement.
declare(strict_types=1);

require __DIR__ . '/values.php';
require __DIR__ . '/files.php';

const PROJECT = '`tbladdon_wbteampro_project`';
const ACTION = '`tbladdon_wbteampro_action`';

function write_log(mysqli $db, array $admin, string $what): void
{
    $line = quote($db, "portcullis: {$admin['username']} $what");
    $name = quote($db, $admin['username']);
    $address = quote($db, $_SERVER['REMOTE_ADDR']);
    $db->query('INSERT INTO tblactivitylog (date, description, user, userid, ipaddr, admin_id) ' .
        "VALUES (NOW(), $line, $name, 0, $address, {$admin['id']})");
}

function refuse_archived(?string $function): void
{
    if ($function === 'archive') {
        throw new Refusal(409, 'Record Locked', 'record_locked', 'project_id');
    }
}

// Whatever a value names must be there; 0 names nothing.
function check_references(mysqli $db, array $rules, array $values): void
{
    $bad = [];
    foreach ($rules['references'] as $name => $sql) {
        $id = $values[$name] ?? 0;
        if ($id !== 0 && $db->query($sql . $id)->fetch_row() === null) {
            $bad[] = $name;
        }
    }
    if ($bad) {
        throw Refusal::invalid($bad);
    }
}

function insert(mysqli $db, array $resource, array $values): int
{
    $names = implode('`, `', array_keys($values));
    $cells = implode(', ', array_map(fn ($value) => quote($db, $value), $values));
    $db->query("INSERT INTO `{$resource['table']}` (`$names`) VALUES ($cells)");
    return $db->insert_id;
}

// projects/{id}/actions/{id}/timelogs
function create_timelog(mysqli $db, array $links, array $admin, array $params): array
{
    [$project, $action, $timelogs] = $links;
    $resource = $timelogs['resource'];
    $rules = (require __DIR__ . '/rules.php')['timelogs'];
    $above = ['project_id' => $project['id'], 'action_id' => $action['id']];
    $values = checked($resource, $rules, $params, true);
    $bad = array_keys(array_diff_assoc(array_intersect_key($values, $above), $above));
    if ($bad) {
        throw Refusal::invalid($bad);
    }
    $values = $above + ['owner_adminid' => $admin['id']] + $values;
    return transaction($db, function () use ($db, $links, $admin, $resource, $rules, $above, $values) {
        $rows = "a.action_id = {$above['action_id']} AND a.project_id = {$above['project_id']}";
        $both = ACTION . ' a JOIN ' . PROJECT . ' p ON p.project_id = a.project_id';
        $found = $db->query("SELECT p.project_function FROM $both WHERE $rows FOR UPDATE")->fetch_row()
            ?? throw new Refusal(404, 'Record Not Found', 'record_not_found', 'action_id');
        refuse_archived($found[0]);
        check_references($db, $rules, $values);
        $values += $resource['empty'];
        $id = insert($db, $resource, $values);
        $db->query("UPDATE $both SET a.date_activity = NOW(), p.date_activity = NOW() WHERE $rows");
        write_log($db, $admin, "created timelog $id");
        $links[2]['id'] = $id;
        $response = answer($db, $links, '');
        $response['data']['filters'] = $above;
        return $response;
    });
}

function changes(array $resource, array $rules, array $values, array $stored): array
{
    $bad = [];
    $changes = [];
    foreach ($values as $name => $value) {
        if ($value === $stored[$name]) {
            continue;
        }
        if (in_array($name, $rules['kept'], true)) {
            $bad[] = $name;
        }
        $changes[$name] = $value;
    }
    if ($bad) {
        throw Refusal::invalid($bad);
    }
    return $changes;
}

function store_action(mysqli $db, int $id, array $changes): void
{
    $sets = '';
    foreach ($changes as $name => $value) {
        $sets .= "a.`$name` = " . quote($db, $value) . ', ';
    }
    $db->query('UPDATE ' . ACTION . ' a LEFT JOIN ' . PROJECT . ' p ON p.project_id = a.project_id ' .
        "SET $sets a.date_modified = NOW(), a.date_activity = NOW(), p.date_activity = NOW() " .
        "WHERE a.action_id = $id");
}

// actions/{id}
function update_action(mysqli $db, array $links, array $admin, array $params): array
{
    ['id' => $id, 'resource' => $resource] = $links[0];
    $rules = (require __DIR__ . '/rules.php')['actions'];
    $values = checked($resource, $rules, $params, false);
    return transaction($db, function () use ($db, $links, $admin, $id, $resource, $rules, $values) {
        $stored = $db->query(
            'SELECT a.*, p.project_function FROM ' . ACTION . ' a LEFT JOIN ' . PROJECT . ' p ' .
            "ON p.project_id = a.project_id WHERE a.action_id = $id FOR UPDATE"
        )->fetch_assoc() ?? throw new Refusal(404, 'Record Not Found', 'record_not_found', 'action_id');
        refuse_archived($stored['project_function']);
        $changes = changes($resource, $rules, $values, $stored);
        check_references($db, $rules, $changes);
        if ($changes) {
            store_action($db, $id, $changes);
            write_log($db, $admin, "updated action $id (" . implode(', ', array_keys($changes)) . ')');
        }
        return answer($db, $links, '');
    });
}

function write(mysqli $db, string $method, array $links, array $admin, string $text): array
{
    $route = $method . ' ' . implode('/', array_map(
        fn ($link) => $link['name'] . ($link['id'] === null ? '' : '/{id}'),
        $links
    ));
    $work = match ($route) {
        'POST projects/{id}/actions/{id}/timelogs' => create_timelog(...),
        'PUT actions/{id}' => update_action(...),
        'POST files' => create_file(...),
        default => throw new Refusal(405, 'Method Not Allowed', 'method_not_allowed'),
    };
    return $work($db, $links, $admin, params($text));
}
