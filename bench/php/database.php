<?php
// What both of the PHP peer's APIs ask of the database.
declare(strict_types=1);

const MOST_TRIES = 5;

function connect(): mysqli
{
    $settings = require __DIR__ . '/settings.php';
    mysqli_report(MYSQLI_REPORT_ERROR | MYSQLI_REPORT_STRICT);
    $db = mysqli_init();
    $db->options(MYSQLI_OPT_INT_AND_FLOAT_NATIVE, 1);
    $db->options(MYSQLI_SET_CHARSET_NAME, 'utf8mb4');
    $db->real_connect('p:localhost', $settings['user'], $settings['password'],
        $settings['database'], 0, $settings['socket']);
    return $db;
}

// A deadlock, or a lock waited for too long, is tried again from the beginning.
function transaction(mysqli $db, callable $work): mixed
{
    for ($try = 1;; $try++) {
        $db->query('START TRANSACTION');
        try {
            $result = $work();
            $db->query('COMMIT');
            return $result;
        } catch (Throwable $fault) {
            $db->query('ROLLBACK');
            $isBusy = $fault instanceof mysqli_sql_exception && in_array($fault->getCode(), [1205, 1213], true);
            if (!$isBusy || $try === MOST_TRIES) {
                throw $fault;
            }
        }
    }
}
