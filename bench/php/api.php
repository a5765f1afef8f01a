<?php
// The PHP peer of the bench: the bench's routes of the Remote API as the add-on would serve them at
// its best. No framework, persistent mysqli, native number types, one statement for each thing.
declare(strict_types=1);

require __DIR__ . '/database.php';
require __DIR__ . '/request.php';
require __DIR__ . '/find.php';
require __DIR__ . '/write.php';

function respond(string $action, int $code, string $message, array $response): never
{
    http_response_code($code);
    header('Content-Type: application/json; charset=utf-8');
    header('Cache-Control: private, no-cache');
    $request = ['action' => $action, 'method' => $_SERVER['REQUEST_METHOD'], 'format' => 'json'];
    echo json_encode(
        ['request' => $request + ['code' => $code, 'message' => $message], 'response' => $response],
        JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE | JSON_INVALID_UTF8_SUBSTITUTE
    );
    exit;
}

function login(mysqli $db, string $username, string $password): array
{
    if ($username === '' || $password === '') {
        throw new Refusal(401, 'Authentication Failed', 'authentication_failed');
    }
    $name = $db->real_escape_string($username);
    $admin = $db->query(
        "SELECT id, username, roleid, password FROM tbladmins WHERE username = '$name' AND disabled = 0"
    )->fetch_assoc();
    if ($admin === null || !hash_equals($admin['password'], strtolower($password))) {
        throw new Refusal(401, 'Authentication Failed', 'authentication_failed');
    }
    $settings = array_column(
        $db->query("SELECT setting, value FROM tbladdonmodules WHERE module = 'wbteampro'")->fetch_all(),
        1,
        0
    );
    if (in_array($settings['api_active'] ?? 'on', ['', '0', 'off'], true)) {
        throw new Refusal(503, 'Service Unavailable', 'api_off');
    }
    if (!in_array((string) $admin['roleid'], explode(',', $settings['access'] ?? ''), true)) {
        $message = 'Your Administrator Role is Not Permitted to Access wbTeamPro';
        throw new Refusal(403, $message, 'role_denied');
    }
    return $admin;
}

function answer(mysqli $db, array $links, string $params): array
{
    $response = ['data' => null];
    $filters = [];
    $parent = null;
    foreach ($links as $link) {
        $resource = $link['resource'];
        if ($link['id'] === null) {
            $own = $parent ? [$resource['parents'][$parent['name']] => $parent['id']] : [];
            [$response['data'], $rows] = find_list($db, $resource, finding($db, $resource, $own, $params));
            $response[$link['name']] = $rows;
            return $response;
        }
        $response[$resource['singular']] = find_record($db, $link, $parent);
        $filters[$resource['key']] = $link['id'];
        $parent = $link;
    }
    $response['data'] = ['total' => 1, 'page' => 1, 'pages' => 1, 'page_count' => 1, 'limit' => 1,
        'offset' => 0, 'filters' => $filters];
    return $response;
}

// PHP reads the body of a POST alone.
function input(): array
{
    if ($_SERVER['REQUEST_METHOD'] !== 'PUT') {
        return $_REQUEST;
    }
    parse_str(file_get_contents('php://input'), $body);
    return $body + $_GET;
}

$action = '';
try {
    $links = chain(substr($_SERVER['DOCUMENT_URI'], strlen(BASE)), $action);
    $db = connect();
    $input = input();
    $admin = login($db, (string) ($input['username'] ?? ''), (string) ($input['password'] ?? ''));
    $params = (string) ($input['params'] ?? '');
    $method = $_SERVER['REQUEST_METHOD'];
    $response = $method === 'GET'
        ? answer($db, $links, $params)
        : write($db, $method, $links, $admin, $params);
    respond($action, 200, 'Success', $response);
} catch (Refusal $refusal) {
    respond($action, $refusal->status, $refusal->getMessage(), ['errors' => $refusal->errors]);
} catch (Throwable $fault) {
    error_log((string) $fault);
    $errors = [['code' => 'internal', 'field' => null, 'detail' => 'Internal Server Error']];
    respond($action, 500, 'Internal Server Error', ['errors' => $errors]);
}
