#include "abuse/report_row.h"

#include "observe/log.h"

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

/* --- what the server refuses --------------------------------------------------------------- */

/* What the report itself says there; data NULL: nothing that its sender chose. */
static struct slice chosen_text(const struct report_order *order, enum abuse_column column)
{
    const struct report *report = order->report;
    const struct slice chosen[ABUSE_COLUMNS] = {
        [ABUSE_SERVICE_IP] = report->service_ip,
        [ABUSE_CATEGORY] = report->category,
        [ABUSE_SUSPEND_METHOD] =
            report->suspend == REPORT_NOSUSPEND ? SLICE("") : report_suspend_name(report->suspend),
        [ABUSE_ADDITIONAL_INFO] = report->additional_info,
        [ABUSE_ADMIN_NOTES] = report->admin_notes,
    };
    return chosen[column].size ? chosen[column] : slice_of(NULL, 0);
}

static void append_allowed(struct buffer *text, const struct schema_column *column)
{
    buffer_append_slice(text, SLICE(" (allowed: "));
    for (size_t i = 0; i < column->allowed_count; i++)
        buffer_printf(text, "%s%.*s", i ? ", " : "", SLICE_ARGS(column->allowed[i]));
    if (!column->allowed_count)
        buffer_append_slice(text, SLICE("what its column in the database can hold"));
    buffer_append_char(text, ')');
}

static void refuse_chosen(const struct report_order *order, enum abuse_column column,
                          struct report_refusal *refusal)
{
    struct slice chosen = chosen_text(order, column);
    struct buffer text;
    buffer_init(&text);
    buffer_append_slice(&text, abuse_column_name(column));
    buffer_append_char(&text, ' ');
    report_value_append(&text, chosen);
    append_allowed(&text, order->map->columns[column]);
    report_refuse(refusal, REPORT_BAD_VALUE, "Invalid value: %.*s",
                  SLICE_ARGS(buffer_slice(&text)));
    buffer_clear(&text);
}

/* Nothing that a reporter says helps, but where it is the service's own address. */
static void refuse_own(const struct database *database, const struct report_order *order,
                       enum abuse_column column, struct report_refusal *refusal)
{
    struct slice name = database_error_column(database);
    if (column == ABUSE_SERVICE_IP) {
        report_refuse(refusal, REPORT_BAD_VALUE,
                      "Invalid value: service_ip, which is the service's own address and longer "
                      "than its column in the database can hold (allowed: an IPv4 or IPv6 address, "
                      "given with the report)");
        return;
    }
    log_error("abuse_refused", "the database refuses what reports have in %.*s.%.*s: %s",
              SLICE_ARGS(order->map->catalog->table), SLICE_ARGS(name),
              database_error_text(database));
    report_refuse_for_now(refusal, REPORT_NOT_STORED, REPORT_MISSING_S,
                          "Not stored: the database refuses what the gateway itself writes into "
                          "the column %.*s of the table of reports; its administrator has to mend "
                          "it",
                          SLICE_ARGS(name));
}

/* A rule of the table that names no column: what the reporter may look at is what he has to give.
 */
static void refuse_unnamed(const struct report_order *order, bool is_taken,
                           struct report_refusal *refusal)
{
    struct buffer category;
    buffer_init(&category);
    report_value_append(&category, order->report->category);
    report_refuse(refusal, REPORT_BAD_VALUE,
                  "Invalid value: service_id \"%lld\" with category %.*s (allowed: %s)",
                  (long long)order->report->service_id, SLICE_ARGS(buffer_slice(&category)),
                  is_taken ? "what no other report has, since the table of reports takes it once"
                           : "what the rules of the table of reports in the database let pass");
    buffer_clear(&category);
}

static enum abuse_column column_of_error(const struct database *database,
                                         const struct abuse_map *map)
{
    struct slice name = database_error_column(database);
    size_t i = 0;
    while (i < ABUSE_COLUMNS &&
           !(map->columns[i] && slice_equal_nocase(map->columns[i]->name, name)))
        i++;
    return (enum abuse_column)i;
}

void report_row_explain(struct database *database, const struct report_order *order, bool is_taken,
                        struct report_refusal *refusal)
{
    const struct abuse_map *map = order->map;
    const struct schema_table *table = schema_table_find(map->schema, map->catalog->table);
    enum abuse_column column = column_of_error(database, map);
    if (column == ABUSE_COLUMNS && !schema_column_find(table, database_error_column(database)))
        refuse_unnamed(order, is_taken, refusal);
    else if (column < ABUSE_COLUMNS && chosen_text(order, column).data)
        refuse_chosen(order, column, refusal);
    else
        refuse_own(database, order, column, refusal);
}
