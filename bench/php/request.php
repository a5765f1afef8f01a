<?php
// Action chain and params of a request, checked.
declare(strict_types=1);

const BASE = '/modules/addons/wbteampro/api.php';
const WORDS = ['limit' => 1, 'page' => 1, 'offset' => 1, 'sort' => 1, 'cursor' => 1, 'count' => 1];
const OPERATORS = ['eq' => '=', 'ne' => '<>', 'gt' => '>', 'gte' => '>=', 'lt' => '<', 'lte' => '<='];
const MAX_LIMIT = 500;

final class Refusal extends Exception
{
    public array $errors;

    public function __construct(
        public int $status,
        string $message,
        string $code,
        ?string $field = null,
        ?string $detail = null
    ) {
        parent::__construct($message);
        $this->errors = [['code' => $code, 'field' => $field, 'detail' => $detail ?? $message]];
    }

    // Several values at once; the message names the first.
    public static function invalid(array $names): self
    {
        $refusal = invalid($names[0]);
        $refusal->errors = array_map(fn ($name) => invalid($name)->errors[0], $names);
        return $refusal;
    }
}

function malformed(string $code, ?string $field, string $detail): Refusal
{
    return new Refusal(400, 'Request Invalid or Bad Format', $code, $field, $detail);
}

function invalid(string $name): Refusal
{
    $message = "The value provided for $name is invalid or not allowed.";
    return new Refusal(422, $message, 'invalid_value', $name);
}

// "/v1/projects/17/actions/json" becomes links [name, resource, id], the last possibly without id.
function chain(string $path, string &$action): array
{
    $segments = array_values(array_filter(explode('/', $path), fn ($segment) => $segment !== ''));
    if (array_shift($segments) !== 'v1') {
        throw malformed('bad_version', null, 'the chain begins with v1');
    }
    if (array_pop($segments) !== 'json') {
        throw malformed('bad_format', null, 'the chain ends with json');
    }
    $action = implode('/', $segments);
    $resources = require __DIR__ . '/catalog.php';
    $links = [];
    $parent = null;
    while ($segments) {
        $name = array_shift($segments);
        $resource = $resources[$name] ?? null;
        if ($resource === null || ($parent !== null && !isset($resource['parents'][$parent]))) {
            throw new Refusal(404, "Unknown resource \"$name\"", 'unknown_resource');
        }
        $id = null;
        if ($segments && preg_match('/^[-+0-9]/', $segments[0])) {
            $text = array_shift($segments);
            if (!preg_match('/^[1-9][0-9]{0,18}$/', $text)) {
                throw malformed('bad_id', null, "\"$text\" is no id");
            }
            $id = (int) $text;
        }
        $links[] = ['name' => $name, 'resource' => $resource, 'id' => $id];
        $parent = $name;
    }
    return $links;
}

function params(string $text): array
{
    if ($text === '' || $text === 'null') {
        return [];
    }
    $params = json_decode($text, true, 8);
    if (!is_array($params) || ($params !== [] && array_is_list($params))) {
        throw malformed('bad_json', 'params', 'params is no JSON object');
    }
    return $params;
}

function integer(array $params, string $name, int $fallback, int $low, int $high): int
{
    if (!array_key_exists($name, $params)) {
        return $fallback;
    }
    $value = filter_var($params[$name], FILTER_VALIDATE_INT);
    if ($value === false || $value < $low || $value > $high) {
        throw invalid($name);
    }
    return $value;
}

function scalar(string $name, string $type, mixed $value): int|float|string
{
    if ($type === 'number') {
        return is_numeric($value) ? $value + 0 : throw invalid($name);
    }
    return is_array($value) ? throw invalid($name) : (string) $value;
}

function quote(mysqli $db, int|float|string $value): string
{
    return is_string($value) ? "'" . $db->real_escape_string($value) . "'" : (string) $value;
}

// Appends the filter's conditions to $where and returns what `filters` echoes.
function filter(mysqli $db, array $resource, string $name, mixed $value, array &$where): mixed
{
    $type = $resource['columns'][$name]
        ?? throw malformed('unknown_parameter', $name, "\"$name\" is not known");
    if ($value === null) {
        $where[] = "`$name` IS NULL";
        return null;
    }
    if (!is_array($value)) {
        $checked = scalar($name, $type, $value);
        $where[] = "`$name` = " . quote($db, $checked);
        return $checked;
    }
    if ($value === []) {
        throw invalid($name);
    }
    if (array_is_list($value)) {
        $checked = array_map(fn ($item) => scalar($name, $type, $item), $value);
        $where[] = "`$name` IN (" . implode(', ', array_map(fn ($item) => quote($db, $item), $checked)) . ')';
        return $checked;
    }
    $echo = [];
    foreach ($value as $operator => $operand) {
        $sign = OPERATORS[$operator] ?? throw invalid($name);
        $echo[$operator] = scalar($name, $type, $operand);
        $where[] = "`$name` $sign " . quote($db, $echo[$operator]);
    }
    return $echo;
}

// [ORDER BY text, is it by the key alone, is it descending]
function order(array $resource, string $sort): array
{
    $parts = [];
    $descending = false;
    foreach (explode(',', $sort) as $part) {
        $descending = str_starts_with($part, '-');
        $name = ltrim($part, '-');
        if (!isset($resource['columns'][$name])) {
            throw invalid('sort');
        }
        $parts[] = "`$name`" . ($descending ? ' DESC' : '');
        if ($name === $resource['key']) {
            return [implode(', ', $parts), count($parts) === 1, $descending];
        }
    }
    $parts[] = "`{$resource['key']}`" . ($descending ? ' DESC' : '');
    return [implode(', ', $parts), false, $descending];
}

// What to find in a list: where, filters, limit, offset, order.
function finding(mysqli $db, array $resource, array $parents, string $text): array
{
    $params = params($text);
    $where = [];
    $filters = [];
    foreach ($parents as $name => $id) {
        $where[] = "`$name` = $id";
        $filters[$name] = $id;
    }
    foreach (array_diff_key($params, WORDS) as $name => $value) {
        $filters[$name] = filter($db, $resource, (string) $name, $value, $where);
    }
    $limit = integer($params, 'limit', 50, 1, MAX_LIMIT);
    $page = integer($params, 'page', 1, 1, PHP_INT_MAX);
    $offset = integer($params, 'offset', ($page - 1) * $limit, 0, PHP_INT_MAX);
    [$order, $byKey, $descending] = order($resource, (string) ($params['sort'] ?? $resource['key']));
    return ['where' => $where, 'filters' => $filters, 'limit' => $limit, 'offset' => $offset,
        'order' => $order, 'byKey' => $byKey, 'descending' => $descending,
        'count' => $params['count'] ?? 'default', 'cursor' => $params['cursor'] ?? null];
}
