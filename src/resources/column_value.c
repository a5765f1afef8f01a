/* One reader a column type, in a table. */
#include "resources/column_value.h"

struct reading {
    const struct model_column *column;
    const struct value *value;
    struct arena *arena;
    struct database_value *bound;
    struct slice *expected;
};

static bool read_natural(struct reading *reading, struct slice text, uint64_t most)
{
    uint64_t number = 0;
    if (!slice_to_u64(text, &number) || number > most)
        return false;
    *reading->bound = (struct database_value){.type = DATABASE_UNSIGNED, .natural = number};
    return true;
}

static bool read_integer(struct reading *reading)
{
    const struct schema_column *learnt = reading->column->learnt;
    unsigned bits = learnt->integer_bits ? learnt->integer_bits : 64;
    struct slice text = reading->value->text;
    if (reading->value->type == VALUE_BOOLEAN)
        text = reading->value->boolean ? SLICE("1") : SLICE("0");

    if (learnt->is_unsigned) {
        uint64_t most = bits == 64 ? UINT64_MAX : (UINT64_C(1) << bits) - 1;
        *reading->expected =
            arena_printf(reading->arena, "an integer from 0 to %llu", (unsigned long long)most);
        return read_natural(reading, text, most);
    }
    int64_t most = bits == 64 ? INT64_MAX : (INT64_C(1) << (bits - 1)) - 1;
    int64_t number = 0;
    *reading->expected = arena_printf(reading->arena, "an integer from %lld to %lld",
                                      (long long)(-most - 1), (long long)most);
    if (!slice_to_i64(text, &number) || number > most || number < -most - 1)
        return false;
    *reading->bound = database_integer(number);
    return true;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_exponent(struct slice text)
{
    if (text.size && (text.data[0] == '-' || text.data[0] == '+'))
        text = slice_skip(text, 1);
    for (size_t i = 0; i < text.size; i++)
        if (!is_digit(text.data[i]))
            return false;
    return text.size > 0;
}

/* Digits with at most one point, an optional sign, and for floats an exponent. */
static bool is_decimal(struct slice text, bool with_exponent)
{
    size_t digits = 0;
    size_t points = 0;
    if (text.size && (text.data[0] == '-' || text.data[0] == '+'))
        text = slice_skip(text, 1);
    for (size_t i = 0; i < text.size; i++) {
        char c = text.data[i];
        if (is_digit(c))
            digits++;
        else if (c == '.')
            points++;
        else if (with_exponent && digits && (c == 'e' || c == 'E'))
            return points <= 1 && is_exponent(slice_skip(text, i + 1));
        else
            return false;
    }
    return digits > 0 && digits <= 65 && points <= 1;
}

static bool read_decimal(struct reading *reading)
{
    *reading->expected = SLICE("a decimal number");
    *reading->bound = database_text(reading->value->text);
    return is_decimal(reading->value->text, reading->column->learnt->type == SCHEMA_FLOAT ||
                                                reading->value->type == VALUE_NUMBER);
}

static bool read_text(struct reading *reading)
{
    *reading->expected = SLICE("a string");
    *reading->bound = database_text(reading->value->text);
    return reading->value->type != VALUE_BOOLEAN;
}

/* Reads exactly count digits at *at. */
static bool take_digits(struct slice text, size_t *at, size_t count, unsigned *number)
{
    *number = 0;
    if (text.size - *at < count)
        return false;
    for (size_t i = 0; i < count; i++) {
        char c = text.data[(*at)++];
        if (c < '0' || c > '9')
            return false;
        *number = *number * 10 + (unsigned)(c - '0');
    }
    return true;
}

static bool take_char(struct slice text, size_t *at, char c)
{
    if (*at == text.size || text.data[*at] != c)
        return false;
    ++*at;
    return true;
}

static bool is_day(unsigned year, unsigned month, unsigned day)
{
    static const unsigned days[] = {31, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool is_leap = year > 0 && ((year % 4 == 0 && year % 100 != 0) || year % 400 == 0);
    return month <= 12 && day <= days[month] + (month == 2 && is_leap ? 1 : 0);
}

static bool take_date(struct slice text, size_t *at)
{
    unsigned year = 0;
    unsigned month = 0;
    unsigned day = 0;
    return take_digits(text, at, 4, &year) && take_char(text, at, '-') &&
           take_digits(text, at, 2, &month) && take_char(text, at, '-') &&
           take_digits(text, at, 2, &day) && is_day(year, month, day);
}

/* What follows the hour: minutes, seconds, their fraction. */
static bool take_minutes(struct slice text, size_t *at)
{
    unsigned minute = 0;
    unsigned second = 0;
    unsigned fraction = 0;
    if (!take_digits(text, at, 2, &minute) || minute > 59)
        return false;
    if (!take_char(text, at, ':'))
        return true;
    if (!take_digits(text, at, 2, &second))
        return false;
    if (take_char(text, at, '.')) {
        size_t digits = text.size - *at;
        if (digits < 1 || digits > 6 || !take_digits(text, at, digits, &fraction))
            return false;
    }
    return second <= 59;
}

static bool take_hour(struct slice text, size_t *at, size_t digits, unsigned most)
{
    unsigned hour = 0;
    return take_digits(text, at, digits, &hour) && hour <= most && take_char(text, at, ':');
}

static bool read_date(struct reading *reading)
{
    struct slice text = reading->value->text;
    size_t at = 0;
    *reading->expected = SLICE("a date, YYYY-MM-DD or YYYY-MM-DD HH:MM:SS");
    *reading->bound = database_text(text);
    if (reading->value->type != VALUE_STRING || !take_date(text, &at))
        return false;
    if (at == text.size)
        return true;
    return (take_char(text, &at, ' ') || take_char(text, &at, 'T')) &&
           take_hour(text, &at, 2, 23) && take_minutes(text, &at) && at == text.size;
}

/* TIME is a span as well: up to 838 hours, backwards too. */
static bool read_time(struct reading *reading)
{
    struct slice text = reading->value->text;
    size_t at = 0;
    *reading->expected = SLICE("a time, HH:MM:SS");
    *reading->bound = database_text(text);
    if (reading->value->type != VALUE_STRING)
        return false;
    take_char(text, &at, '-');
    size_t digits = slice_find(slice_skip(text, at), ':') == 3 ? 3 : 2;
    return take_hour(text, &at, digits, 838) && take_minutes(text, &at) && at == text.size;
}

static bool read_nothing(struct reading *reading)
{
    *reading->expected = SLICE("nothing: a binary column cannot be compared");
    return false;
}

static bool (*const readers[])(struct reading *) = {
    [SCHEMA_INTEGER] = read_integer, [SCHEMA_DECIMAL] = read_decimal,
    [SCHEMA_FLOAT] = read_decimal,   [SCHEMA_TEXT] = read_text,
    [SCHEMA_ENUM] = read_text,       [SCHEMA_DATE] = read_date,
    [SCHEMA_DATETIME] = read_date,   [SCHEMA_TIME] = read_time,
    [SCHEMA_BINARY] = read_nothing,
};

bool column_value_read(const struct model_column *column, const struct value *value,
                       struct arena *arena, struct database_value *bound, struct slice *expected)
{
    struct reading reading = {column, value, arena, bound, expected};
    *bound = (struct database_value){.type = DATABASE_NULL};
    *expected = SLICE("");
    bool is_readable = readers[column->learnt->type](&reading);
    bool is_scalar = value->type == VALUE_NUMBER || value->type == VALUE_STRING ||
                     (value->type == VALUE_BOOLEAN && column->learnt->type == SCHEMA_INTEGER);
    return is_readable && is_scalar;
}

/* Of what is_decimal takes, JSON has no `.5`, `5.`, `+1` and `01`. */
static bool is_json_number(struct slice text)
{
    if (text.size && text.data[0] == '-')
        text = slice_skip(text, 1);
    if (!text.size || !is_digit(text.data[0]))
        return false;
    if (text.size > 1 && text.data[0] == '0' && is_digit(text.data[1]))
        return false;
    size_t point = slice_find(text, '.');
    return point == text.size || (point + 1 < text.size && is_digit(text.data[point + 1]));
}

void column_value_write(struct writer *writer, const struct model_column *column,
                        const struct database_value *value)
{
    struct buffer digits;
    enum schema_type type = column->learnt->type;
    switch (value->type) {
    case DATABASE_NULL:
        writer_null(writer);
        return;
    case DATABASE_INTEGER:
        writer_integer(writer, value->integer);
        return;
    case DATABASE_UNSIGNED:
        buffer_init(&digits);
        buffer_append_u64(&digits, value->natural);
        writer_number(writer, buffer_slice(&digits));
        buffer_clear(&digits);
        return;
    case DATABASE_TEXT:
        break;
    }
    bool is_number =
        (type == SCHEMA_DECIMAL || type == SCHEMA_FLOAT) && is_json_number(value->text);
    if (is_number)
        writer_number(writer, value->text);
    else
        writer_string(writer, value->text);
}

bool column_holds(const struct model_column *column, struct slice text)
{
    /* The least first byte that may need more than the character set has. */
    unsigned char least = column->learnt->takes_unicode ? 0xF0 : 0x80;
    if (column->learnt->takes_four_bytes || !column_is_text(column))
        return true;
    for (size_t i = 0; i < text.size; i++)
        if ((unsigned char)text.data[i] >= least)
            return false;
    return true;
}

bool column_is_filterable(const struct model_column *column)
{
    return column->learnt->type != SCHEMA_BINARY;
}

bool column_is_text(const struct model_column *column)
{
    return column->learnt->type == SCHEMA_TEXT || column->learnt->type == SCHEMA_ENUM;
}
