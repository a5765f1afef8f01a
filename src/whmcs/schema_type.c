/* One row a type name. */
#include "whmcs/schema_type.h"

#include <string.h>

static const struct type_row {
    struct slice word;
    enum schema_type type;
    unsigned integer_bits;
} types[] = {
    {SLICE("int"), SCHEMA_INTEGER, 32},      {SLICE("tinyint"), SCHEMA_INTEGER, 8},
    {SLICE("smallint"), SCHEMA_INTEGER, 16}, {SLICE("mediumint"), SCHEMA_INTEGER, 24},
    {SLICE("bigint"), SCHEMA_INTEGER, 64},   {SLICE("year"), SCHEMA_INTEGER, 16},
    {SLICE("decimal"), SCHEMA_DECIMAL, 0},   {SLICE("float"), SCHEMA_FLOAT, 0},
    {SLICE("double"), SCHEMA_FLOAT, 0},      {SLICE("char"), SCHEMA_TEXT, 0},
    {SLICE("varchar"), SCHEMA_TEXT, 0},      {SLICE("tinytext"), SCHEMA_TEXT, 0},
    {SLICE("text"), SCHEMA_TEXT, 0},         {SLICE("mediumtext"), SCHEMA_TEXT, 0},
    {SLICE("longtext"), SCHEMA_TEXT, 0},     {SLICE("json"), SCHEMA_TEXT, 0},
    {SLICE("set"), SCHEMA_TEXT, 0},          {SLICE("inet4"), SCHEMA_TEXT, 0},
    {SLICE("inet6"), SCHEMA_TEXT, 0},        {SLICE("uuid"), SCHEMA_TEXT, 0},
    {SLICE("enum"), SCHEMA_ENUM, 0},         {SLICE("date"), SCHEMA_DATE, 0},
    {SLICE("datetime"), SCHEMA_DATETIME, 0}, {SLICE("timestamp"), SCHEMA_DATETIME, 0},
    {SLICE("time"), SCHEMA_TIME, 0},
};

static struct slice word_of(struct slice text)
{
    size_t size = 0;
    while (size < text.size && text.data[size] != '(' && text.data[size] != ' ')
        size++;
    return slice_of(text.data, size);
}

static bool has_word(struct slice text, struct slice word)
{
    struct slice part;
    while (slice_split(&text, ' ', &part))
        if (slice_equal_nocase(part, word))
            return true;
    return false;
}

/* One quoted value at the start of *rest, a doubled quote meaning one, cut off with the comma that
 * follows. False at the end of the list. Memory lacking gives a value with data NULL. */
static bool enum_value_take(struct arena *arena, struct slice *rest, struct slice *value)
{
    if (rest->size < 2 || rest->data[0] != '\'')
        return false;
    char *text = arena_alloc(arena, rest->size);
    size_t size = 0, at = 1;
    for (; at < rest->size; at++) {
        if (rest->data[at] == '\'') {
            if (at + 1 >= rest->size || rest->data[at + 1] != '\'')
                break;
            at++;
        }
        if (text)
            text[size++] = rest->data[at];
    }
    *value = slice_of(text, size);
    size_t used = at + 1;
    if (used < rest->size && rest->data[used] == ',')
        used++;
    *rest = slice_skip(*rest, used < rest->size ? used : rest->size);
    return true;
}

static bool enum_parse(struct arena *arena, struct schema_column *column)
{
    size_t open = slice_find(column->type_text, '(');
    if (open == column->type_text.size)
        return true;
    struct slice list = slice_skip(column->type_text, open + 1);
    size_t most = 1;
    for (size_t i = 0; i < list.size; i++)
        most += list.data[i] == ',';
    column->allowed = arena_zalloc(arena, most * sizeof(*column->allowed));
    if (!column->allowed)
        return false;
    struct slice value;
    while (column->allowed_count < most && enum_value_take(arena, &list, &value)) {
        if (!value.data)
            return false;
        column->allowed[column->allowed_count++] = value;
    }
    return true;
}

bool schema_type_parse(struct arena *arena, struct schema_column *column)
{
    struct slice word = word_of(column->type_text);
    column->type = SCHEMA_BINARY;
    for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++) {
        if (!slice_equal_nocase(types[i].word, word))
            continue;
        column->type = types[i].type;
        column->integer_bits = types[i].integer_bits;
    }
    column->is_unsigned = has_word(column->type_text, SLICE("unsigned"));
    if (column->type == SCHEMA_INTEGER && slice_equal_nocase(word, SLICE("year")))
        column->is_unsigned = true;
    return column->type != SCHEMA_ENUM || enum_parse(arena, column);
}
