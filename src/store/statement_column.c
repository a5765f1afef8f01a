/* Column types, buffers and the text of integers and times. */
#include "store/statement_column.h"

#include <stdlib.h>
#include <string.h>

enum {
    BINARY_CHARSET = 63,
    TYPE_JSON = 245, /* MYSQL_TYPE_JSON: not in every library's list */
    SMALLEST_BUFFER = 64,
    LARGEST_FIRST_BUFFER = 1024,
    DOUBLE_BUFFER = 352, /* the library prints a double the server's way only with room for all */
    MOST_DECIMALS = 6,
};

static enum database_kind text_kind(const MYSQL_FIELD *field)
{
    return field->charsetnr == BINARY_CHARSET ? DATABASE_KIND_BINARY : DATABASE_KIND_TEXT;
}

static enum database_kind field_kind(const MYSQL_FIELD *field)
{
    switch ((int)field->type) {
    case MYSQL_TYPE_TINY:
    case MYSQL_TYPE_SHORT:
    case MYSQL_TYPE_INT24:
    case MYSQL_TYPE_LONG:
    case MYSQL_TYPE_LONGLONG:
    case MYSQL_TYPE_YEAR:
        return DATABASE_KIND_INTEGER;
    case MYSQL_TYPE_DECIMAL:
    case MYSQL_TYPE_NEWDECIMAL:
    case MYSQL_TYPE_FLOAT:
    case MYSQL_TYPE_DOUBLE:
        return DATABASE_KIND_DECIMAL;
    case MYSQL_TYPE_DATE:
    case MYSQL_TYPE_NEWDATE:
    case MYSQL_TYPE_DATETIME:
    case MYSQL_TYPE_TIMESTAMP:
    case MYSQL_TYPE_TIME:
        return DATABASE_KIND_TIME;
    case MYSQL_TYPE_BIT:
    case MYSQL_TYPE_GEOMETRY:
        return DATABASE_KIND_BINARY;
    case MYSQL_TYPE_NULL:
    case TYPE_JSON:
        return DATABASE_KIND_TEXT;
    default:
        return text_kind(field);
    }
}

static bool has_buffer(const struct statement_column *column)
{
    return column->kind != DATABASE_KIND_INTEGER && column->kind != DATABASE_KIND_TIME;
}

static size_t first_capacity(const MYSQL_FIELD *field)
{
    if (field->type == MYSQL_TYPE_FLOAT || field->type == MYSQL_TYPE_DOUBLE)
        return DOUBLE_BUFFER;
    if (field->length > LARGEST_FIRST_BUFFER)
        return LARGEST_FIRST_BUFFER;
    return field->length < SMALLEST_BUFFER ? SMALLEST_BUFFER : field->length;
}

bool statement_column_init(struct statement_column *column, const MYSQL_FIELD *field)
{
    *column = (struct statement_column){.type = field->type,
                                        .flags = field->flags & UNSIGNED_FLAG,
                                        .charset = field->charsetnr,
                                        .decimals = field->decimals,
                                        .kind = field_kind(field)};
    if (!has_buffer(column))
        return true;
    column->capacity = first_capacity(field);
    column->buffer = malloc(column->capacity);
    return column->buffer != NULL;
}

void statement_column_clear(struct statement_column *column)
{
    free(column->buffer);
    *column = (struct statement_column){0};
}

bool statement_column_fits(const struct statement_column *column, const MYSQL_FIELD *field)
{
    return column->type == field->type && column->flags == (field->flags & UNSIGNED_FLAG) &&
           column->charset == field->charsetnr && column->decimals == field->decimals;
}

void statement_column_bind(struct statement_column *column, MYSQL_BIND *bind)
{
    *bind = (MYSQL_BIND){.is_null = &column->is_null,
                         .error = &column->is_cut,
                         .length = &column->length,
                         .is_unsigned = (column->flags & UNSIGNED_FLAG) != 0};
    if (column->kind == DATABASE_KIND_INTEGER) {
        bind->buffer_type = MYSQL_TYPE_LONGLONG;
        bind->buffer = &column->integer;
        bind->buffer_length = sizeof(column->integer);
    } else if (column->kind == DATABASE_KIND_TIME) {
        bind->buffer_type = column->type == MYSQL_TYPE_NEWDATE ? MYSQL_TYPE_DATE : column->type;
        bind->buffer = &column->time;
        bind->buffer_length = sizeof(column->time);
    } else {
        bind->buffer_type =
            column->kind == DATABASE_KIND_BINARY ? MYSQL_TYPE_BLOB : MYSQL_TYPE_STRING;
        bind->buffer = column->buffer;
        bind->buffer_length = column->capacity;
    }
}

bool statement_column_is_short(const struct statement_column *column)
{
    return has_buffer(column) && !column->is_null && column->length > column->capacity;
}

bool statement_column_grow(struct statement_column *column)
{
    size_t capacity = column->capacity;
    while (capacity < column->length)
        capacity *= 2;
    /* Nothing of the old content is of use: the whole value is fetched again. */
    char *buffer = malloc(capacity);
    if (!buffer)
        return false;
    free(column->buffer);
    column->buffer = buffer;
    column->capacity = capacity;
    return true;
}

/* Digits of value, ending before end. */
static char *digits_before(char *end, uint64_t value)
{
    do {
        *--end = (char)('0' + value % 10);
        value /= 10;
    } while (value);
    return end;
}

static struct slice integer_text(struct statement_column *column)
{
    char *end = column->text + sizeof(column->text);
    bool is_negative = !(column->flags & UNSIGNED_FLAG) && column->integer < 0;
    uint64_t magnitude = (uint64_t)column->integer;
    char *start = digits_before(end, is_negative ? 0 - magnitude : magnitude);
    if (is_negative)
        *--start = '-';
    return slice_of(start, (size_t)(end - start));
}

/* Appends value with count digits (the low ones). */
static char *put_digits(char *at, unsigned long value, unsigned count)
{
    for (unsigned i = count; i-- > 0; value /= 10)
        at[i] = (char)('0' + value % 10);
    return at + count;
}

static char *put_date(char *at, const MYSQL_TIME *time)
{
    at = put_digits(at, time->year, 4);
    *at++ = '-';
    at = put_digits(at, time->month, 2);
    *at++ = '-';
    return put_digits(at, time->day, 2);
}

/* The fraction only where the column has one: an integer number of digits, never rounded. */
static char *put_fraction(char *at, unsigned long microseconds, unsigned decimals)
{
    if (decimals == 0 || decimals > MOST_DECIMALS)
        return at;
    for (unsigned i = decimals; i < MOST_DECIMALS; i++)
        microseconds /= 10;
    *at++ = '.';
    return put_digits(at, microseconds, decimals);
}

static char *put_clock(char *at, const MYSQL_TIME *time, unsigned long hours, unsigned decimals)
{
    at = put_digits(at, hours, hours > 99 ? 3 : 2);
    *at++ = ':';
    at = put_digits(at, time->minute, 2);
    *at++ = ':';
    at = put_digits(at, time->second, 2);
    return put_fraction(at, time->second_part, decimals);
}

static struct slice time_text(struct statement_column *column)
{
    const MYSQL_TIME *time = &column->time;
    char *at = column->text;
    if (column->type == MYSQL_TYPE_TIME) {
        if (time->neg)
            *at++ = '-';
        /* Whether days are already counted into the hours depends on the library. */
        at = put_clock(at, time, time->day * 24UL + time->hour, column->decimals);
    } else {
        at = put_date(at, time);
        if (column->type == MYSQL_TYPE_DATETIME || column->type == MYSQL_TYPE_TIMESTAMP) {
            *at++ = ' ';
            at = put_clock(at, time, time->hour, column->decimals);
        }
    }
    return slice_of(column->text, (size_t)(at - column->text));
}

void statement_column_read(struct statement_column *column, struct database_cell *cell)
{
    cell->is_null = column->is_null != 0;
    cell->kind = column->kind;
    cell->integer = 0;
    cell->text = slice_of("", 0);
    if (cell->is_null)
        return;
    if (column->kind == DATABASE_KIND_INTEGER) {
        cell->integer = column->integer;
        cell->text = integer_text(column);
    } else if (column->kind == DATABASE_KIND_TIME) {
        cell->text = time_text(column);
    } else {
        cell->text = slice_of(column->buffer, column->length);
    }
}
