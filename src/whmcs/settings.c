/* Two fixed statements. */
#include "whmcs/settings.h"

enum { MOST_NAMES = 32768 }; /* a statement takes 65535 values */

#define ADDON_SQL                                                                                  \
    "SELECT setting,value FROM tbladdonmodules WHERE module=? AND setting<>'access' "              \
    "ORDER BY setting"
#define CONFIGURATION_SQL "SELECT setting,value FROM tblconfiguration WHERE setting IN ("

static enum result rows_read(struct database *database, struct arena *arena, struct setting **list)
{
    const struct database_cell *cells;
    enum result result;
    struct setting **end = list;
    while ((result = database_next(database, &cells)) == RESULT_OK) {
        struct setting *row = arena_zalloc(arena, sizeof(*row));
        if (row) {
            row->name = arena_copy(arena, cells[0].text);
            row->value = arena_copy(arena, cells[1].text);
        }
        if (!row || !row->name.data || !row->value.data) {
            database_finish(database);
            return RESULT_NO_MEMORY;
        }
        *end = row;
        end = &row->next;
    }
    return result == RESULT_NOT_FOUND ? RESULT_OK : result;
}

enum result settings_read_addon(struct database *database, struct slice module, struct arena *arena,
                                struct setting **list)
{
    struct database_value value = database_text(module);
    *list = NULL;
    enum result result = database_query(database, SLICE(ADDON_SQL), &value, 1);
    return result == RESULT_OK ? rows_read(database, arena, list) : result;
}

/* Padded to a power of two with its first name, so that few distinct statements are prepared. */
static size_t padded_count(size_t count)
{
    size_t padded = 1;
    while (padded < count)
        padded *= 2;
    return padded;
}

enum result settings_read_configuration(struct database *database, const struct slice *names,
                                        size_t count, struct arena *arena, struct setting **list)
{
    *list = NULL;
    if (count == 0)
        return RESULT_OK;
    if (count > MOST_NAMES)
        return RESULT_LIMIT;
    size_t padded = padded_count(count);
    struct database_value *values = arena_alloc(arena, padded * sizeof(*values));
    if (!values)
        return RESULT_NO_MEMORY;
    struct buffer sql;
    buffer_init(&sql);
    buffer_append_slice(&sql, SLICE(CONFIGURATION_SQL));
    for (size_t i = 0; i < padded; i++) {
        buffer_append_slice(&sql, i ? SLICE(",?") : SLICE("?"));
        values[i] = database_text(names[i < count ? i : 0]);
    }
    buffer_append_slice(&sql, SLICE(") ORDER BY setting"));
    enum result result = sql.has_failed
                             ? RESULT_NO_MEMORY
                             : database_query(database, buffer_slice(&sql), values, padded);
    if (result == RESULT_OK)
        result = rows_read(database, arena, list);
    buffer_clear(&sql);
    return result;
}

const struct setting *settings_find(const struct setting *list, struct slice name)
{
    for (; list; list = list->next)
        if (slice_equal(list->name, name))
            return list;
    return NULL;
}
