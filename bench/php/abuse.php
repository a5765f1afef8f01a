<?php
// The PHP peer's Abuse API: the report, what WHMCS is to be asked for and the line in the activity log,
// in one transaction. Like the Remote API beside it: no framework, persistent mysqli, text statements.
declare(strict_types=1);

require __DIR__ . '/database.php';

final class Refused extends Exception
{
    public function __construct(public int $status, public string $name, string $description)
    {
        parent::__construct($description);
    }
}

function answer(int $status, array $body): never
{
    http_response_code($status);
    header('Content-Type: application/json; charset=utf-8');
    header('Cache-Control: no-store');
    echo json_encode($body, JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE | JSON_INVALID_UTF8_SUBSTITUTE);
    exit;
}

function credential(mysqli $db, string $identifier): array
{
    $name = $db->real_escape_string($identifier);
    $admin = $identifier === '' ? null : $db->query(
        'SELECT d.identifier, a.id, a.username FROM tbldeviceauth d JOIN tbladmins a ON a.id = d.user_id ' .
        "WHERE d.identifier = '$name' AND d.is_admin = 1 AND d.deleted_at IS NULL AND a.disabled = 0"
    )->fetch_assoc();
    if ($admin === null || !hash_equals($admin['identifier'], $identifier)) {
        throw new Refused(401, 'AMP001', 'Invalid API_ID');
    }
    return $admin;
}

function text(array $input, string $name): string
{
    $value = $input[$name] ?? '';
    return is_string($value) ? $value : throw new Refused(422, 'GW005', "Invalid value: $name");
}

// The variables, checked in the order of the specification: action, missing, values.
function report(array $input): array
{
    if (text($input, 'action') !== 'create') {
        throw new Refused(400, 'AMP002', 'Unknown action; allowed: create');
    }
    $report = [];
    foreach (['service_id', 'category', 'service_ip', 'suspend_method', 'allow_unsuspend'] as $name) {
        $report[$name] = trim(text($input, $name));
    }
    $missing = array_filter(['service_id', 'category'], fn ($name) => $report[$name] === '');
    if ($missing) {
        throw new Refused(400, 'AMP003', 'Missing required parameters: ' . implode(', ', $missing));
    }
    $report['suspend_method'] = $report['suspend_method'] ?: 'nosuspend';
    $checks = [
        'service_id' => preg_match('/^[1-9][0-9]{0,17}$/', $report['service_id']) === 1,
        'category' => preg_match('/^.{1,255}$/us', $report['category']) === 1,
        'service_ip' => $report['service_ip'] === '' || filter_var($report['service_ip'], FILTER_VALIDATE_IP) !== false,
        'suspend_method' => in_array($report['suspend_method'], ['nosuspend', 'immediate', 'timelimit'], true),
        'allow_unsuspend' => in_array($report['allow_unsuspend'], ['', '0', '1', 'true', 'false', 'on', 'off', 'yes', 'no'], true),
    ];
    $bad = array_keys(array_filter($checks, fn ($is_good) => !$is_good));
    if ($bad) {
        throw new Refused(422, 'GW005', 'Invalid value: ' . implode(', ', $bad));
    }
    $report['allow_unsuspend'] = (int) in_array($report['allow_unsuspend'], ['1', 'true', 'on', 'yes'], true);
    return $report + ['info' => text($input, 'additional_info'), 'notes' => text($input, 'admin_notes')];
}

function minutes(mysqli $db, string $method): int
{
    if ($method !== 'timelimit') {
        return 0;
    }
    $own = $db->query("SELECT value FROM tbladdonmodules WHERE module = 'abusemanagerpro' " .
        "AND setting = 'timelimit_minutes'")->fetch_row();
    return (int) ($own[0] ?? 0) ?: 1440;
}

function store(mysqli $db, array $admin, array $report): int
{
    $quoted = array_map(fn ($value) => "'" . $db->real_escape_string((string) $value) . "'", $report);
    $service = $db->query("SELECT userid, dedicatedip FROM tblhosting WHERE id = {$report['service_id']}")->fetch_row()
        ?? throw new Refused(404, 'GW004', "No such service: {$report['service_id']}");
    $address = $report['service_ip'] ?: trim($service[1]) ?: '(No Dedicated IP)';
    $address = "'" . $db->real_escape_string($address) . "'";
    $minutes = minutes($db, $report['suspend_method']);
    $suspends = $report['suspend_method'] !== 'nosuspend';
    $at = $suspends ? "NOW() + INTERVAL $minutes MINUTE" : 'NULL';
    $db->query('INSERT INTO mod_abusemanagerpro_reports (userid, service_id, service_ip, category, status, suspend_method, ' .
        'allow_unsuspend, additional_info, admin_notes, admin_id, date_created, suspend_at) VALUES ' .
        "({$service[0]}, {$report['service_id']}, $address, {$quoted['category']}, 'open', {$quoted['suspend_method']}, " .
        "{$report['allow_unsuspend']}, {$quoted['info']}, {$quoted['notes']}, {$admin['id']}, NOW(), $at)");
    $id = $db->insert_id;
    if ($suspends) {
        $reason = "'" . $db->real_escape_string("Abuse report $id: {$report['category']}") . "'";
        $db->query('INSERT INTO portcullis_outbox (report_id, service_id, action, reason, due_at, last_error) VALUES ' .
            "($id, {$report['service_id']}, 'ModuleSuspend', $reason, $at, '')");
    }
    $line = "portcullis: {$admin['username']} created abuse report $id for service {$report['service_id']} " .
        "({$report['category']}, {$report['suspend_method']})";
    $db->query('INSERT INTO tblactivitylog (date, description, user, userid, ipaddr, admin_id) VALUES (NOW(), ' .
        "'{$db->real_escape_string($line)}', '{$db->real_escape_string($admin['username'])}', 0, " .
        "'{$db->real_escape_string($_SERVER['REMOTE_ADDR'])}', {$admin['id']})");
    return $id;
}

try {
    $db = connect();
    $admin = credential($db, $_SERVER['HTTP_API_ID'] ?? '');
    if ($_SERVER['REQUEST_METHOD'] !== 'POST') {
        throw new Refused(405, 'AMP002', 'Method is not allowed; allowed: POST');
    }
    $report = report($_POST + array_intersect_key($_GET, ['action' => 1]));
    $id = transaction($db, fn () => store($db, $admin, $report));
    answer(200, ['status' => 'success', 'report_id' => $id]);
} catch (Refused $refused) {
    answer($refused->status, ['status' => 'error', 'error_code' => $refused->name,
        'error_description' => $refused->getMessage()]);
} catch (Throwable $fault) {
    error_log((string) $fault);
    answer(503, ['status' => 'error', 'error_code' => 'GW007', 'error_description' => 'Not stored']);
}
