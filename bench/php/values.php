<?php
// What a client wants written, checked against what the columns hold and the rules allow.
declare(strict_types=1);

function is_day(string $text): bool
{
    return $text === '0000-00-00' || (preg_match('/^(\d{4})-(\d\d)-(\d\d)$/', $text, $part) === 1 &&
        checkdate((int) $part[2], (int) $part[3], (int) $part[1]));
}

function is_moment(string $text): bool
{
    return $text === '0000-00-00 00:00:00' || (is_day(substr($text, 0, 10)) &&
        preg_match('/^.{10} ([01]\d|2[0-3]):[0-5]\d:[0-5]\d$/', $text) === 1);
}

// utf8mb3 columns hold no character of four bytes.
function fits(array $field, mixed $value): bool
{
    if ($field['kind'] === 'integer') {
        $number = is_bool($value) ? false : filter_var($value, FILTER_VALIDATE_INT);
        return $number !== false && $number >= $field['low'] && $number <= $field['high'];
    }
    if (!is_string($value) && !is_int($value) && !is_float($value)) {
        return false;
    }
    $text = (string) $value;
    return match ($field['kind']) {
        'date' => is_day($text),
        'datetime' => is_moment($text),
        default => (strlen($text) <= $field['most'] || iconv_strlen($text, 'UTF-8') <= $field['most']) &&
            preg_match('/[\x{10000}-\x{10FFFF}]/u', $text) === 0,
    };
}

function is_allowed(array $rules, string $name, mixed $value): bool
{
    if (isset($rules['values'][$name]) && !in_array((string) $value, $rules['values'][$name], true)) {
        return false;
    }
    [$low, $high] = $rules['bounds'][$name] ?? [PHP_INT_MIN, PHP_INT_MAX];
    return !isset($rules['bounds'][$name]) || ((int) $value >= $low && (int) $value <= $high);
}

// All faults of a request at once; else its values, numbers as numbers.
function checked(array $resource, array $rules, array $given, bool $isNew): array
{
    $bad = [];
    foreach ($given as $name => $value) {
        $field = $resource['fields'][$name]
            ?? throw malformed('unknown_parameter', (string) $name, "\"$name\" is not known");
        $isKept = $isNew && in_array($name, $rules['kept'], true);
        if ($isKept || !fits($field, $value) || !is_allowed($rules, $name, $value)) {
            $bad[] = $name;
        } else {
            $given[$name] = $field['kind'] === 'integer' ? (int) $value : (string) $value;
        }
    }
    if ($bad) {
        throw Refusal::invalid($bad);
    }
    return $given;
}
