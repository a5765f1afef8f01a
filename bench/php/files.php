<?php
// Uploading a file as the add-on would: nginx and PHP have received it when this runs; it is hashed,
// moved to its place and gets its row, in one transaction with the activity log.
declare(strict_types=1);

function received(): array
{
    $file = $_FILES['file'] ?? null;
    if ($file === null || $file['error'] !== UPLOAD_ERR_OK) {
        throw malformed('bad_multipart', 'file', 'the part file is missing or incomplete');
    }
    return $file;
}

function moved(array $file, string $root): string
{
    $token = bin2hex(random_bytes(16));
    $folder = substr($token, 0, 2) . '/' . substr($token, 2, 2);
    if (!is_dir("$root/$folder")) {
        @mkdir("$root/$folder", 0750, true);
    }
    if (!move_uploaded_file($file['tmp_name'], "$root/$folder/$token")) {
        throw new RuntimeException('the file cannot be moved');
    }
    return "$folder/$token";
}

function store_file(mysqli $db, array $resource, array $values): int
{
    $id = insert($db, $resource, $values + $resource['empty']);
    $db->query("UPDATE `{$resource['table']}` SET thread_id = $id WHERE file_id = $id");
    $db->query('UPDATE ' . PROJECT . " SET date_activity = NOW() WHERE project_id = {$values['project_id']}");
    return $id;
}

// files, with project_id in params
function create_file(mysqli $db, array $links, array $admin, array $params): array
{
    $resource = $links[0]['resource'];
    $project = (int) ($params['project_id'] ?? 0);
    $file = received();
    $root = (require __DIR__ . '/settings.php')['files'];
    $values = [
        'project_id' => $project, 'file_version' => 1, 'file_name' => basename($file['name']),
        'file_mime' => $file['type'], 'file_size' => $file['size'],
        'file_sha256' => hash_file('sha256', $file['tmp_name']), 'owner_adminid' => $admin['id'],
        'date_created' => date('Y-m-d H:i:s'),
    ];
    return transaction($db, function () use ($db, $links, $admin, $resource, $project, $file, $root, $values) {
        $found = $db->query('SELECT project_function FROM ' . PROJECT . " WHERE project_id = $project FOR UPDATE")
            ->fetch_row() ?? throw invalid('project_id');
        refuse_archived($found[0]);
        $id = store_file($db, $resource, $values + ['file_path' => moved($file, $root)]);
        write_log($db, $admin, "created file $id");
        $links[0]['id'] = $id;
        return answer($db, $links, '');
    });
}
