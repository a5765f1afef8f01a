/* Rows, counted; their text is written by the writer of answers and read like any client's. */
#include "whmcs/settings_reading.h"

#include <stdlib.h>

#include "format/value.h"
#include "format/writer.h"

/* A row is a list of two; only the whole is an object. */
enum { TEXT_DEPTH = 3, NAMES_A_ROW = 3 /* itself, its name, its value */, MOST_MEMBERS = 16 };

static struct settings_reading *create(void)
{
    struct settings_reading *reading = calloc(1, sizeof(*reading));
    if (!reading)
        return NULL;
    atomic_init(&reading->references, 1);
    arena_init(&reading->arena);
    return reading;
}

/* The new last row, or NULL when memory is out; name and value are borrowed. */
static struct setting **add_row(struct settings_reading *reading, struct setting **end,
                                struct slice name, struct slice value)
{
    struct setting *row = arena_zalloc(&reading->arena, sizeof(*row));
    if (!row || !name.data || !value.data)
        return NULL;
    row->name = name;
    row->value = value;
    *end = row;
    return &row->next;
}

struct settings_reading *settings_reading_create(const struct setting *rows)
{
    struct settings_reading *reading = create();
    struct setting **end = reading ? &reading->rows : NULL;
    for (; end && rows; rows = rows->next)
        end = add_row(reading, end, arena_copy(&reading->arena, rows->name),
                      arena_copy(&reading->arena, rows->value));
    if (end)
        return reading;
    settings_reading_release(reading);
    return NULL;
}

struct settings_reading *settings_reading_share(struct settings_reading *reading)
{
    atomic_fetch_add_explicit(&reading->references, 1, memory_order_relaxed);
    return reading;
}

void settings_reading_release(struct settings_reading *reading)
{
    if (!reading || atomic_fetch_sub_explicit(&reading->references, 1, memory_order_acq_rel) != 1)
        return;
    arena_clear(&reading->arena);
    free(reading);
}

/* --- as text ------------------------------------------------------------------------------- */

static size_t write_rows(struct writer *writer, const struct setting *row)
{
    size_t count = 0;
    writer_key(writer, SLICE("rows"));
    writer_list_begin(writer, SLICE("row"));
    for (; row && count <= SETTINGS_READING_MOST_ROWS; row = row->next, count++) {
        writer_list_begin(writer, SLICE("text"));
        writer_string(writer, row->name);
        writer_string(writer, row->value);
        writer_list_end(writer);
    }
    writer_list_end(writer);
    return count;
}

bool settings_reading_print(const struct settings_reading *reading, uint64_t read_at_ms,
                            struct buffer *out)
{
    size_t began = out->size;
    struct writer *writer = writer_create(FORMAT_JSON);
    if (!writer)
        return false;
    buffer_append_char(out, '{');
    writer_start(writer, out);
    writer_member_integer(writer, SLICE("read_at"), (int64_t)read_at_ms);
    size_t count = write_rows(writer, reading->rows);
    writer_finish(writer);
    writer_destroy(writer);
    buffer_append_char(out, '}');
    return !out->has_failed && count <= SETTINGS_READING_MOST_ROWS &&
           out->size - began <= SETTINGS_READING_MOST_BYTES;
}

/* Rows of which even the value is believed of the own database alone. */
static const struct slice deciding[] = {SLICE("api_active"), SLICE("admin_super_roles")};
enum { DECIDING_COUNT = sizeof(deciding) / sizeof(deciding[0]) };

static bool decides_access(struct slice name)
{
    for (size_t i = 0; i < DECIDING_COUNT; i++)
        if (slice_equal(deciding[i], name))
            return true;
    return false;
}

static bool is_shown(const struct settings_reading *known, struct slice name, struct slice value)
{
    const struct setting *row = settings_find(known->rows, name);
    return row && (!decides_access(name) || slice_equal(row->value, value));
}

/* Nor are they hidden by a reading that leaves them out. */
static bool has_all_deciding(const struct settings_reading *reading,
                             const struct settings_reading *known)
{
    for (size_t i = 0; i < DECIDING_COUNT; i++)
        if (settings_find(known->rows, deciding[i]) && !settings_find(reading->rows, deciding[i]))
            return false;
    return true;
}

static bool is_pair(const struct value *item)
{
    return item->type == VALUE_LIST && item->count == 2 && item->first->type == VALUE_STRING &&
           item->last->type == VALUE_STRING;
}

static enum result take_rows(struct settings_reading *reading, const struct value *rows,
                             const struct settings_reading *known)
{
    struct setting **end = &reading->rows;
    for (const struct value *item = rows->first; item; item = item->next) {
        if (!is_pair(item))
            return RESULT_INVALID;
        if (!is_shown(known, item->first->text, item->last->text))
            return RESULT_DENIED;
        end = add_row(reading, end, item->first->text, item->last->text);
        if (!end)
            return RESULT_NO_MEMORY;
    }
    return has_all_deciding(reading, known) ? RESULT_OK : RESULT_DENIED;
}

/* The text's tree lies in the reading's arena, and its rows point into it. */
static enum result take_text(struct settings_reading *reading, struct slice text,
                             const struct settings_reading *known, uint64_t *read_at_ms)
{
    static const struct json_limits limits = {
        .depth = TEXT_DEPTH,
        .names = NAMES_A_ROW * SETTINGS_READING_MOST_ROWS + 2,
        .members = MOST_MEMBERS,
        .bytes = SETTINGS_READING_MOST_BYTES,
    };
    struct json_fault fault;
    struct value *tree = NULL;
    enum result result = json_read(&reading->arena, text, &limits, &tree, &fault);
    if (result != RESULT_OK)
        return result;
    const struct value *read_at = value_get(tree, SLICE("read_at"));
    const struct value *rows = value_get(tree, SLICE("rows"));
    if (!read_at || !rows || tree->count != 2 || read_at->type != VALUE_NUMBER ||
        rows->type != VALUE_LIST || !slice_to_u64(read_at->text, read_at_ms))
        return RESULT_INVALID;
    return take_rows(reading, rows, known);
}

enum result settings_reading_parse(struct slice text, const struct settings_reading *known,
                                   uint64_t *read_at_ms, struct settings_reading **reading)
{
    *reading = NULL;
    *read_at_ms = 0;
    struct settings_reading *made = create();
    if (!made)
        return RESULT_NO_MEMORY;
    enum result result = take_text(made, text, known, read_at_ms);
    if (result == RESULT_OK)
        *reading = made;
    else
        settings_reading_release(made);
    return result;
}
