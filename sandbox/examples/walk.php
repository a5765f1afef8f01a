<?php
/*
 * Walks a project of WHMCS's wbTeamPro through the Remote API: the project, its actions page by page, the time that
 * was logged on each.
 *
 *   php walk.php https://whmcs.example.com/modules/addons/wbteampro/api.php USERNAME PASSWORD 100
 *
 * Needs the curl extension, and nothing else.
 */

/** Asks for a chain and gives what lies under `response`; ends the program when the API refuses. */
function ask(array $login, string $chain, array $params = [], string $method = 'get'): array
{
    $fields = ['username' => $login['username'], 'password' => $login['password'], 'method' => $method];
    if ($params) {
        $fields['params'] = json_encode($params);
    }
    $curl = curl_init($login['url'] . '/v1/' . $chain . '/json');
    curl_setopt_array($curl, [
        CURLOPT_POSTFIELDS => http_build_query($fields), // in the body: addresses end up in logs
        CURLOPT_RETURNTRANSFER => true,
        CURLOPT_TIMEOUT => 30,
    ]);
    $body = curl_exec($curl);
    $answer = $body === false ? null : json_decode($body, true);
    if (!$answer) {
        fwrite(STDERR, 'No answer: ' . curl_error($curl) . "\n");
        exit(1);
    }
    if ($answer['request']['code'] !== 200) {
        fwrite(STDERR, $answer['request']['code'] . ' ' . $answer['request']['message'] . "\n");
        foreach ($answer['response']['errors'] ?? [] as $error) {
            fwrite(STDERR, '  ' . $error['field'] . ': ' . $error['detail'] . "\n");
        }
        exit(1);
    }
    return $answer['response'];
}

/** Every row of a list, page by page. A page's `next` leads to the one behind it, as fast however far. */
function each_row(array $login, string $chain, string $list, array $params = []): Generator
{
    do {
        $response = ask($login, $chain, $params + ['limit' => 10]);
        yield from $response[$list];
        $params['cursor'] = $response['data']['next'] ?? null;
    } while ($params['cursor']);
}

if ($argc !== 5) {
    fwrite(STDERR, "Usage: php walk.php API_URL USERNAME PASSWORD PROJECT_ID\n");
    exit(2);
}
$login = ['url' => rtrim($argv[1], '/'), 'username' => $argv[2], 'password' => md5($argv[3])];
$chain = 'projects/' . (int) $argv[4];

$project = ask($login, $chain)['project'];
printf("%s (%d %% done)\n", $project['project_name'], $project['project_complete']);

foreach (each_row($login, $chain . '/actions', 'actions') as $action) {
    $seconds = 0;
    foreach (each_row($login, $chain . '/actions/' . $action['action_id'] . '/timelogs', 'timelogs') as $timelog) {
        $seconds += $timelog['timelog_elapsed'];
    }
    printf("  %6.1f h  %-12s %s\n", $seconds / 3600, $action['action_status'], $action['action_name']);
}
