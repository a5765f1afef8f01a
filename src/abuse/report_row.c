#include "abuse/report_row.h"

#define SERVICE_SQL      "SELECT userid,dedicatedip FROM tblhosting WHERE id=?"
#define SERVICE_LOCK_SQL SERVICE_SQL " FOR UPDATE"
#define TIMELIMIT_SQL                                                                              \
    "SELECT value FROM tbladdonmodules WHERE module='abusemanagerpro' "                            \
    "AND setting='timelimit_minutes'"

enum { MOST_TIMELIMIT_MIN = 10 * 366 * 24 * 60 };

/* --- reading ------------------------------------------------------------------------------- */

static struct slice address_for(const struct report *report, struct slice dedicated,
                                struct arena *arena)
{
    dedicated = slice_trim(dedicated);
    if (report->service_ip.size)
        return report->service_ip;
    return dedicated.size ? arena_copy(arena, dedicated) : SLICE("(No Dedicated IP)");
}

enum result report_service_find(struct database *database, const struct report_order *order,
                                struct arena *arena, struct report_service *service)
{
    const struct database_value id = database_integer(order->report->service_id);
    const struct database_cell *cells;
    enum result result = database_query(
        database, order->dedup_window_s ? SLICE(SERVICE_LOCK_SQL) : SLICE(SERVICE_SQL), &id, 1);
    if (result == RESULT_OK)
        result = database_next(database, &cells);
    if (result != RESULT_OK)
        return result;
    service->userid = cells[0].integer;
    service->address = address_for(order->report, cells[1].text, arena);
    database_finish(database);
    return service->address.data ? RESULT_OK : RESULT_NO_MEMORY;
}

enum result report_duplicate_find(struct database *database, const struct report_order *order,
                                  const struct report_service *service, int64_t *report_id)
{
    struct database_value values[4];
    const struct database_cell *cells;
    size_t count = 0;
    values[count++] = database_integer(order->report->service_id);
    values[count++] = database_text(order->report->category);
    if (order->map->columns[ABUSE_SERVICE_IP])
        values[count++] = database_text(service->address);
    values[count++] = database_integer((int64_t)order->dedup_window_s);
    *report_id = 0;
    enum result result = database_query(database, order->map->duplicate_sql, values, count);
    if (result == RESULT_OK)
        result = database_next(database, &cells);
    if (result == RESULT_OK)
        *report_id = cells[0].integer;
    database_finish(database);
    return result == RESULT_NOT_FOUND ? RESULT_OK : result;
}

enum result report_timelimit_find(struct database *database, const struct report_order *order,
                                  uint64_t *minutes)
{
    const struct database_cell *cells;
    *minutes = order->timelimit_min;
    enum result result = database_query(database, SLICE(TIMELIMIT_SQL), NULL, 0);
    while (result == RESULT_OK && (result = database_next(database, &cells)) == RESULT_OK) {
        uint64_t own = 0;
        if (slice_to_u64(slice_trim(cells[0].text), &own) && own > 0 && own <= MOST_TIMELIMIT_MIN)
            *minutes = own;
    }
    return result == RESULT_NOT_FOUND ? RESULT_OK : result;
}

/* --- writing ------------------------------------------------------------------------------- */

struct slice report_row_lacking(const struct report_order *order)
{
    const struct report *report = order->report;
    const struct {
        enum abuse_column column;
        bool is_needed;
    } needs[] = {
        {ABUSE_SERVICE_IP, report->service_ip.size > 0},
        {ABUSE_SUSPEND_METHOD, report->suspend != REPORT_NOSUSPEND},
        {ABUSE_ALLOW_UNSUSPEND, report->allow_unsuspend},
        {ABUSE_ADDITIONAL_INFO, report->additional_info.size > 0},
        {ABUSE_ADMIN_NOTES, report->admin_notes.size > 0},
    };
    for (size_t i = 0; i < sizeof(needs) / sizeof(needs[0]); i++)
        if (needs[i].is_needed && !order->map->columns[needs[i].column])
            return abuse_column_name(needs[i].column);
    return SLICE("");
}

enum result report_row_insert(struct database *database, const struct report_order *order,
                              const struct report_service *service, uint64_t due_after_min,
                              int64_t *report_id)
{
    const struct report *report = order->report;
    const struct abuse_map *map = order->map;
    bool is_timed = report->suspend != REPORT_NOSUSPEND && map->columns[ABUSE_SUSPEND_AT];
    struct database_value all[ABUSE_COLUMNS] = {
        [ABUSE_USERID] = database_integer(service->userid),
        [ABUSE_SERVICE_ID] = database_integer(report->service_id),
        [ABUSE_SERVICE_IP] = database_text(service->address),
        [ABUSE_CATEGORY] = database_text(report->category),
        [ABUSE_STATUS] = database_text(map->catalog->open),
        [ABUSE_SUSPEND_METHOD] = database_text(report_suspend_name(report->suspend)),
        [ABUSE_ALLOW_UNSUSPEND] = database_integer(report->allow_unsuspend),
        [ABUSE_ADDITIONAL_INFO] = database_text(report->additional_info),
        [ABUSE_ADMIN_NOTES] = database_text(report->admin_notes),
        [ABUSE_ADMIN_ID] = database_integer(order->admin_id),
    };
    struct database_value values[ABUSE_COLUMNS];
    size_t count = 0;
    for (size_t i = 0; i < ABUSE_DATE_CREATED; i++)
        if (map->columns[i])
            values[count++] = all[i];
    if (is_timed)
        values[count++] = database_integer((int64_t)due_after_min);
    enum result result =
        database_query(database, is_timed ? map->insert_timed_sql : map->insert_sql, values, count);
    *report_id = result == RESULT_OK ? (int64_t)database_insert_id(database) : 0;
    database_finish(database);
    return result;
}

bool report_row_is_stale(const struct database *database, const struct report_order *order)
{
    enum { NO_DEFAULT_VALUE = 1364 };
    const struct abuse_map *map = order->map;
    const struct schema_table *table = schema_table_find(map->schema, map->catalog->table);
    return database_error_number(database) == NO_DEFAULT_VALUE &&
           !schema_column_find(table, database_error_column(database));
}

void report_row_explain(struct database *database, const struct report_order *order,
                        struct report_refusal *refusal)
{
    struct slice column = database_error_column(database);
    for (size_t i = 0; i < ABUSE_COLUMNS; i++) {
        const struct schema_column *known = order->map->columns[i];
        if (!known || !slice_equal_nocase(known->name, column))
            continue;
        report_refuse(refusal, REPORT_BAD_VALUE,
                      "Invalid value: %.*s (allowed: what its column in the database can hold)",
                      SLICE_ARGS(abuse_column_name((enum abuse_column)i)));
    }
    report_refuse(refusal, REPORT_BAD_VALUE,
                  "Invalid value: the database refuses what the report says%s%.*s",
                  column.size ? " for its column " : "", SLICE_ARGS(column));
}
