/* One check a column type, after column_value.c has read the value. */
#include "resources/stored_value.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"

struct storing {
    const struct model_column *column;
    struct slice text;
    const struct database_value *bound;
    struct arena *arena;
    struct slice *expected;
};

static bool is_one_of(struct slice text, const struct slice *items, size_t count,
                      struct arena *arena, struct slice *expected)
{
    struct buffer list;
    bool is_found = false;
    buffer_init(&list);
    buffer_append_slice(&list, SLICE("one of"));
    for (size_t i = 0; i < count; i++) {
        is_found = is_found || slice_equal(items[i], text);
        buffer_printf(&list, "%s %.*s", i ? "," : "", SLICE_ARGS(items[i]));
    }
    if (!is_found)
        *expected = arena_copy(arena, buffer_slice(&list));
    buffer_clear(&list);
    return is_found;
}

static bool fits_enum(struct storing *storing)
{
    const struct schema_column *learnt = storing->column->learnt;
    return is_one_of(storing->text, learnt->allowed, learnt->allowed_count, storing->arena,
                     storing->expected);
}

/* CHAR and VARCHAR are bounded in characters, the TEXT types in bytes. */
static bool is_bounded_in_characters(const struct schema_column *learnt)
{
    return slice_starts_with(learnt->type_text, SLICE("varchar")) ||
           slice_starts_with(learnt->type_text, SLICE("char"));
}

static size_t count_characters(struct slice text)
{
    size_t count = 0;
    for (size_t i = 0; i < text.size; i++)
        count += ((unsigned char)text.data[i] & 0xC0U) != 0x80U;
    return count;
}

static bool fits_text(struct storing *storing)
{
    const struct schema_column *learnt = storing->column->learnt;
    bool in_characters = is_bounded_in_characters(learnt);
    size_t size = in_characters ? count_characters(storing->text) : storing->text.size;
    /* What latin1 and its like hold, and in how many bytes, the server says. */
    if (!learnt->takes_unicode && !in_characters)
        return true;
    if (learnt->takes_unicode && !column_holds(storing->column, storing->text)) {
        *storing->expected = SLICE("characters up to U+FFFF: no emoji and the like, which the "
                                   "column's character set lacks");
        return false;
    }
    *storing->expected =
        arena_printf(storing->arena, "at most %llu %s", (unsigned long long)learnt->length,
                     in_characters ? "characters" : "bytes of UTF-8");
    return !learnt->length || size <= learnt->length;
}

static struct slice bound_text(const struct catalog_bound *bound, struct arena *arena)
{
    return arena_printf(arena, "an integer from %lld to %lld", (long long)bound->least,
                        (long long)bound->most);
}

static bool fits_integer(struct storing *storing)
{
    const struct catalog_bound *bound = storing->column->bound;
    const struct database_value *value = storing->bound;
    if (!bound)
        return true;
    *storing->expected = bound_text(bound, storing->arena);
    if (value->type == DATABASE_UNSIGNED)
        return bound->most >= 0 && value->natural <= (uint64_t)bound->most &&
               (bound->least <= 0 || value->natural >= (uint64_t)bound->least);
    return value->integer >= bound->least && value->integer <= bound->most;
}

static struct slice trim_zeros(struct slice digits, bool at_end)
{
    while (digits.size && digits.data[at_end ? digits.size - 1 : 0] == '0')
        digits = at_end ? slice_of(digits.data, digits.size - 1) : slice_skip(digits, 1);
    return digits;
}

/* MySQL would round what has more decimals. Exponents are for floats. */
static bool fits_decimal(struct storing *storing)
{
    const struct schema_column *learnt = storing->column->learnt;
    struct slice text = storing->text;
    bool is_negative = text.size && text.data[0] == '-';
    if (is_negative || (text.size && text.data[0] == '+'))
        text = slice_skip(text, 1);
    size_t point = slice_find(text, '.');
    struct slice whole = trim_zeros(slice_of(text.data, point), false);
    struct slice decimals = point < text.size ? slice_skip(text, point + 1) : slice_of("", 0);
    *storing->expected = arena_printf(
        storing->arena, "a decimal number%s with at most %u digits before and %u behind the point",
        learnt->is_unsigned ? " from 0" : "", learnt->precision - learnt->scale, learnt->scale);
    bool has_exponent = memchr(storing->text.data, 'e', storing->text.size) ||
                        memchr(storing->text.data, 'E', storing->text.size);
    return !has_exponent && !(is_negative && learnt->is_unsigned) &&
           whole.size <= learnt->precision - learnt->scale &&
           trim_zeros(decimals, true).size <= learnt->scale;
}

static bool fits_float(struct storing *storing)
{
    char text[400];
    *storing->expected = storing->column->learnt->is_unsigned ? SLICE("a finite number from 0")
                                                              : SLICE("a finite number");
    if (storing->text.size >= sizeof(text))
        return false;
    memcpy(text, storing->text.data, storing->text.size);
    text[storing->text.size] = '\0';
    double number = strtod(text, NULL);
    return isfinite(number) && !(storing->column->learnt->is_unsigned && number < 0);
}

/* A DATE has no room for a time of the day. */
static bool fits_date(struct storing *storing)
{
    struct slice time = storing->text.size > 10 ? slice_skip(storing->text, 11) : slice_of("", 0);
    *storing->expected = SLICE("a date, YYYY-MM-DD");
    for (size_t i = 0; i < time.size; i++)
        if (time.data[i] != '0' && time.data[i] != ':' && time.data[i] != '.')
            return false;
    return true;
}

/* Of a second, as many digits are kept as the type says (datetime(3)); MySQL would round. */
static bool fits_time(struct storing *storing)
{
    struct slice type = storing->column->learnt->type_text;
    size_t open = slice_find(type, '(');
    unsigned kept = open + 1 < type.size ? (unsigned)(type.data[open + 1] - '0') : 0;
    size_t point = slice_find(storing->text, '.');
    struct slice given =
        point < storing->text.size ? slice_skip(storing->text, point + 1) : slice_of("", 0);
    *storing->expected = kept ? arena_printf(storing->arena, "at most %u digits of a second", kept)
                              : SLICE("whole seconds");
    return trim_zeros(given, true).size <= kept;
}

static bool fits_always(struct storing *storing)
{
    (void)storing;
    return true;
}

static bool (*const fits[])(struct storing *) = {
    [SCHEMA_INTEGER] = fits_integer, [SCHEMA_DECIMAL] = fits_decimal, [SCHEMA_FLOAT] = fits_float,
    [SCHEMA_TEXT] = fits_text,       [SCHEMA_ENUM] = fits_enum,       [SCHEMA_DATE] = fits_date,
    [SCHEMA_DATETIME] = fits_time,   [SCHEMA_TIME] = fits_time,       [SCHEMA_BINARY] = fits_always,
};

bool stored_value_read(const struct model_column *column, const struct value *value,
                       struct arena *arena, struct database_value *bound, struct slice *expected)
{
    if (value->type == VALUE_NULL) {
        *bound = (struct database_value){.type = DATABASE_NULL};
        *expected = SLICE("a value other than null");
        return column->learnt->is_nullable;
    }
    if (!column_value_read(column, value, arena, bound, expected)) {
        if (column->bound)
            *expected = bound_text(column->bound, arena);
        return false;
    }
    if (column->allowed &&
        !is_one_of(value->text, column->allowed->items, column->allowed->count, arena, expected))
        return false;
    struct storing storing = {column, value->text, bound, arena, expected};
    return fits[column->learnt->type](&storing);
}

struct database_value stored_value_empty(const struct schema_column *column)
{
    static const struct slice empties[] = {
        [SCHEMA_DECIMAL] = SLICE("0"),       [SCHEMA_FLOAT] = SLICE("0"),
        [SCHEMA_DATE] = SLICE("0000-00-00"), [SCHEMA_DATETIME] = SLICE("0000-00-00 00:00:00"),
        [SCHEMA_TIME] = SLICE("00:00:00"),   [SCHEMA_BINARY] = SLICE(""),
    };
    if (column->type == SCHEMA_INTEGER)
        return database_integer(0);
    if (column->type == SCHEMA_ENUM && column->allowed_count)
        return database_text(column->allowed[0]);
    struct slice text = empties[column->type];
    return database_text(text.data ? text : SLICE(""));
}

/* Without what says nothing: zeros before a number and behind its point; a midnight; T for a blank.
 */
static struct slice plain_number(struct slice text)
{
    bool is_negative = text.size && text.data[0] == '-';
    struct slice digits =
        is_negative || (text.size && text.data[0] == '+') ? slice_skip(text, 1) : text;
    digits = trim_zeros(digits, false);
    if (slice_find(digits, '.') < digits.size) {
        digits = trim_zeros(digits, true);
        if (digits.size && digits.data[digits.size - 1] == '.')
            digits.size--;
    }
    return digits;
}

static bool numbers_equal(struct slice a, struct slice b)
{
    struct slice first = plain_number(a);
    struct slice second = plain_number(b);
    bool is_negative = a.size && a.data[0] == '-';
    bool is_other_negative = b.size && b.data[0] == '-';
    return slice_equal(first, second) && (is_negative == is_other_negative || !first.size);
}

static bool dates_equal(struct slice a, struct slice b)
{
    struct slice longer = a.size >= b.size ? a : b;
    struct slice shorter = a.size >= b.size ? b : a;
    for (size_t i = 0; i < longer.size; i++) {
        char c = longer.data[i];
        char other = i < shorter.size ? shorter.data[i] : c;
        bool is_gap = i == 10 && (c == ' ' || c == 'T') && (other == ' ' || other == 'T');
        bool is_nothing = i >= shorter.size && (c == '0' || c == ':' || c == '.' || i == 10);
        if (!is_gap && !is_nothing && (c != other || i >= shorter.size))
            return false;
    }
    return true;
}

bool stored_value_equals(const struct model_column *column, const struct database_value *value,
                         const struct database_cell *cell)
{
    enum schema_type type = column->learnt->type;
    if (value->type == DATABASE_NULL || cell->is_null)
        return value->type == DATABASE_NULL && cell->is_null;
    if (value->type == DATABASE_INTEGER)
        return value->integer == cell->integer;
    if (value->type == DATABASE_UNSIGNED) {
        uint64_t number = 0;
        return slice_to_u64(cell->text, &number) && number == value->natural;
    }
    if (type == SCHEMA_DECIMAL || type == SCHEMA_FLOAT)
        return numbers_equal(value->text, cell->text);
    if (type == SCHEMA_DATE || type == SCHEMA_DATETIME || type == SCHEMA_TIME)
        return dates_equal(value->text, cell->text);
    return slice_equal(value->text, cell->text);
}
