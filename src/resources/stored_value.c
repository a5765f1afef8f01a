/* One check a column type, after column_value.c has read the value. */
#include "resources/stored_value.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "resources/row.h"

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

static bool fits_text(struct storing *storing)
{
    const struct schema_column *learnt = storing->column->learnt;
    switch (schema_column_fits_text(learnt, storing->text)) {
    case SCHEMA_FITS:
        return true;
    case SCHEMA_LACKS_CHARACTERS:
        *storing->expected = SLICE("characters up to U+FFFF: no emoji and the like, which the "
                                   "column's character set lacks");
        return false;
    case SCHEMA_TOO_LONG:
        break;
    }
    *storing->expected =
        arena_printf(storing->arena, "at most %llu %s", (unsigned long long)learnt->length,
                     schema_column_counts_characters(learnt) ? "characters" : "bytes of UTF-8");
    return false;
}

static struct slice bound_text(const struct catalog_bound *bound, struct arena *arena)
{
    return arena_printf(arena, "an integer from %lld to %lld", (long long)bound->least,
                        (long long)bound->most);
}

static bool is_within(const struct database_value *value, const struct catalog_bound *bound)
{
    if (value->type == DATABASE_UNSIGNED)
        return bound->most >= 0 && value->natural <= (uint64_t)bound->most &&
               (bound->least <= 0 || value->natural >= (uint64_t)bound->least);
    return value->integer >= bound->least && value->integer <= bound->most;
}

/* MySQL takes 1 to 99 for a year of 1970 to 2069. */
static bool fits_integer(struct storing *storing)
{
    static const struct catalog_bound years = {.least = 1901, .most = 2155};
    const struct catalog_bound *bound = storing->column->bound;
    bool is_year = slice_starts_with(storing->column->learnt->type_text, SLICE("year"));
    *storing->expected = SLICE("0, or a year from 1901 to 2155");
    if (is_year && storing->bound->natural && !is_within(storing->bound, &years))
        return false;
    if (!bound)
        return true;
    *storing->expected = bound_text(bound, storing->arena);
    return is_within(storing->bound, bound);
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

/* NaN where the text is longer than any number that column_value.c lets pass. */
static double number_of(struct slice text)
{
    char copy[400];
    if (text.size >= sizeof(copy))
        return (double)NAN;
    memcpy(copy, text.data, text.size);
    copy[text.size] = '\0';
    return strtod(copy, NULL);
}

static bool is_single(const struct model_column *column)
{
    return slice_starts_with(column->learnt->type_text, SLICE("float"));
}

static bool fits_float(struct storing *storing)
{
    bool is_unsigned = storing->column->learnt->is_unsigned;
    double most = is_single(storing->column) ? (double)FLT_MAX : DBL_MAX;
    double number = number_of(storing->text);
    *storing->expected = arena_printf(storing->arena, "a number from %s%g to %g",
                                      is_unsigned ? "" : "-", is_unsigned ? 0.0 : most, most);
    return fabs(number) <= most && !(is_unsigned && number < 0);
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

static bool fits_never(struct storing *storing)
{
    *storing->expected = SLICE("nothing: a binary column cannot be written");
    return false;
}

/* One of the words, or nothing that a collation may take for one of them: these know no difference
 * of case, of blanks behind, of accents, and pass over control characters. */
static bool is_unlike(struct slice text, const struct catalog_names *words)
{
    bool is_plain = true;
    if (catalog_names_hold(words, text))
        return true;
    for (size_t i = 0; i < text.size; i++)
        is_plain = is_plain && text.data[i] > 0x20 && text.data[i] < 0x7F;
    for (size_t i = 0; is_plain && i < words->count; i++)
        is_plain = !slice_equal_nocase(text, words->items[i]);
    return is_plain;
}

static bool (*const fits[])(struct storing *) = {
    [SCHEMA_INTEGER] = fits_integer, [SCHEMA_DECIMAL] = fits_decimal, [SCHEMA_FLOAT] = fits_float,
    [SCHEMA_TEXT] = fits_text,       [SCHEMA_ENUM] = fits_enum,       [SCHEMA_DATE] = fits_date,
    [SCHEMA_DATETIME] = fits_time,   [SCHEMA_TIME] = fits_time,       [SCHEMA_BINARY] = fits_never,
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
    struct slice text = value->text;
    if (value->type == VALUE_BOOLEAN)
        text = value->boolean ? SLICE("1") : SLICE("0");
    if (column->allowed &&
        !is_one_of(text, column->allowed->items, column->allowed->count, arena, expected))
        return false;
    if (column->letters && !is_unlike(text, column->letters)) {
        *expected = SLICE("a word that the catalog knows, letter by letter, or another in ASCII");
        return false;
    }
    struct storing storing = {column, text, bound, arena, expected};
    return fits[column->learnt->type](&storing);
}

bool stored_value_read_repeated(const struct model_column *column, const struct value *value,
                                struct arena *arena, struct database_value *bound,
                                struct slice *expected)
{
    *bound = (struct database_value){.type = DATABASE_NULL};
    if (value->type == VALUE_NULL)
        return true;
    if (column->learnt->type != SCHEMA_BINARY)
        return column_value_read(column, value, arena, bound, expected);
    *bound = database_text(value->text);
    *expected = SLICE("what is stored: a binary column cannot be written");
    return value->type == VALUE_STRING;
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

static bool floats_equal(const struct model_column *column, struct slice a, struct slice b)
{
    double first = number_of(a);
    double second = number_of(b);
    return is_single(column) ? (float)first == (float)second : first == second;
}

/* A client that sends back what it was shown has not meant to change it. */
static bool shown_equal(enum schema_type type, struct slice text, struct slice stored)
{
    struct buffer shown;
    buffer_init(&shown);
    if (type == SCHEMA_BINARY)
        row_print_binary(&shown, stored);
    else
        utf8_append_repaired(&shown, stored);
    bool is_equal = !shown.has_failed && slice_equal(text, buffer_slice(&shown));
    buffer_clear(&shown);
    return is_equal;
}

static bool texts_equal(const struct model_column *column, struct slice text, struct slice stored)
{
    switch (column->learnt->type) {
    case SCHEMA_DECIMAL:
        return numbers_equal(text, stored);
    case SCHEMA_FLOAT:
        return floats_equal(column, text, stored);
    case SCHEMA_DATE:
    case SCHEMA_DATETIME:
    case SCHEMA_TIME:
        return dates_equal(text, stored);
    case SCHEMA_BINARY:
        return shown_equal(SCHEMA_BINARY, text, stored);
    default:
        return slice_equal(text, stored) ||
               (!utf8_is_valid(stored) && shown_equal(SCHEMA_TEXT, text, stored));
    }
}

bool stored_value_equals(const struct model_column *column, const struct database_value *value,
                         const struct database_cell *cell)
{
    uint64_t number = 0;
    if (value->type == DATABASE_NULL || cell->is_null)
        return value->type == DATABASE_NULL && cell->is_null;
    if (value->type == DATABASE_INTEGER)
        return value->integer == cell->integer;
    if (value->type == DATABASE_UNSIGNED)
        return slice_to_u64(cell->text, &number) && number == value->natural;
    return texts_equal(column, value->text, cell->text);
}
