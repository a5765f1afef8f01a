#include "abuse/report_link.h"

#include <stdlib.h>

struct report_link {
    struct buffer read_sql;
    struct buffer mark_sql; /* empty: the table has no such column */
    struct buffer closed;   /* what read_sql compares the status with; empty: nothing */
};

const struct report_names report_names_default = {
    .table = SLICE("mod_abusemanagerpro_reports"),
    .id = SLICE("id"),
    .status = SLICE("status"),
    .closed = SLICE("closed"),
    .suspend_method = SLICE("suspend_method"),
    .suspended_at = SLICE("suspended_at"),
};

static bool is_name(struct slice name)
{
    return slice_find(name, '`') == name.size;
}

/* Whether the column holds what follows; never, where there is no such column. */
static void append_test(struct buffer *sql, struct slice column, const char *what)
{
    if (column.size)
        buffer_printf(sql, "COALESCE(`%.*s`=%s,0)", SLICE_ARGS(column), what);
    else
        buffer_printf(sql, "0");
}

static void write_statements(struct report_link *link, const struct report_names *names)
{
    buffer_printf(&link->read_sql, "SELECT ");
    append_test(&link->read_sql, names->status, "?");
    buffer_append_char(&link->read_sql, ',');
    append_test(&link->read_sql, names->suspend_method, "'timelimit'");
    buffer_printf(&link->read_sql, " FROM `%.*s` WHERE `%.*s`=?", SLICE_ARGS(names->table),
                  SLICE_ARGS(names->id));
    if (names->status.size)
        buffer_append_slice(&link->closed, names->closed);
    if (names->suspended_at.size)
        buffer_printf(&link->mark_sql, "UPDATE `%.*s` SET `%.*s`=NOW() WHERE `%.*s`=?",
                      SLICE_ARGS(names->table), SLICE_ARGS(names->suspended_at),
                      SLICE_ARGS(names->id));
}

struct report_link *report_link_create(const struct report_names *names)
{
    bool are_names = is_name(names->table) && is_name(names->id) && is_name(names->status) &&
                     is_name(names->suspend_method) && is_name(names->suspended_at) &&
                     (names->closed.size || !names->status.size);
    struct report_link *link = are_names ? calloc(1, sizeof(*link)) : NULL;
    if (!link)
        return NULL;
    write_statements(link, names);
    if (!link->read_sql.has_failed && !link->mark_sql.has_failed && !link->closed.has_failed)
        return link;
    report_link_destroy(link);
    return NULL;
}

void report_link_destroy(struct report_link *link)
{
    if (!link)
        return;
    buffer_clear(&link->read_sql);
    buffer_clear(&link->mark_sql);
    buffer_clear(&link->closed);
    free(link);
}

enum result report_link_read(const struct report_link *link, struct database *database,
                             int64_t report_id, struct report_state *state)
{
    struct database_value values[2];
    const struct database_cell *cells;
    size_t count = 0;
    if (link->closed.size)
        values[count++] = database_text(buffer_slice(&link->closed));
    values[count++] = database_integer(report_id);
    enum result result = database_query(database, buffer_slice(&link->read_sql), values, count);
    *state = (struct report_state){.is_there = false};
    if (result == RESULT_OK)
        result = database_next(database, &cells);
    if (result == RESULT_OK)
        *state = (struct report_state){.is_there = true,
                                       .is_closed = cells[0].integer != 0,
                                       .is_timed = cells[1].integer != 0};
    database_finish(database);
    return result == RESULT_NOT_FOUND ? RESULT_OK : result;
}

enum result report_link_mark_suspended(const struct report_link *link, struct database *database,
                                       int64_t report_id)
{
    const struct database_value value = database_integer(report_id);
    if (!link->mark_sql.size)
        return RESULT_OK;
    enum result result = database_query(database, buffer_slice(&link->mark_sql), &value, 1);
    database_finish(database);
    return result;
}
