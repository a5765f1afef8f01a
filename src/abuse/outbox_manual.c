#include "abuse/outbox_manual.h"

#define GIVEN_UP_SQL "(done_at IS NOT NULL AND last_error<>'' AND last_error NOT LIKE 'dropped: %')"
#define ASKING_SQL                                                                                 \
    "(done_at IS NULL AND claimed_by<>'' AND claimed_at IS NOT NULL AND "                          \
    "claimed_at>=NOW()-INTERVAL ? SECOND)"
#define UNIX_SQL(expression) "COALESCE(CAST(UNIX_TIMESTAMP(" expression ") AS SIGNED),0)"
#define NEXT_SQL             "GREATEST(due_at,IF(claimed_by='',COALESCE(claimed_at,due_at),due_at))"
/* The first `?` is the lease. The state's number is that of enum outbox_state. */
#define ROW_SQL                                                                                    \
    "SELECT id,report_id,service_id,action,CASE "                                                  \
    "WHEN " ASKING_SQL " THEN 2 WHEN " GIVEN_UP_SQL " THEN 4 "                                     \
    "WHEN done_at IS NOT NULL THEN IF(last_error='',3,5) "                                         \
    "WHEN " NEXT_SQL ">NOW() THEN 0 ELSE 1 END,attempts," UNIX_SQL("due_at") "," UNIX_SQL(         \
        NEXT_SQL) "," UNIX_SQL("done_at") ",claimed_by,last_error FROM portcullis_outbox "
#define EACH_SQL                                                                                   \
    ROW_SQL "WHERE id>? AND (?=1 OR done_at IS NULL OR " GIVEN_UP_SQL ") ORDER BY id LIMIT 1000"
#define FIND_SQL ROW_SQL "WHERE id=?"
/* By the key, as the dispatcher does (outbox.c). */
#define UPDATE_SQL "UPDATE portcullis_outbox FORCE INDEX (PRIMARY) SET "
#define RENEW_SQL                                                                                  \
    UPDATE_SQL "due_at=LEAST(due_at,NOW()),attempts=0,claimed_by='',"                              \
               "claimed_at=LEAST(due_at,NOW()),done_at=NULL "
#define RETRY_SQL     RENEW_SQL "WHERE id=? AND (done_at IS NULL OR last_error<>'') AND NOT " ASKING_SQL
#define RETRY_ALL_SQL RENEW_SQL "WHERE " GIVEN_UP_SQL
#define DROP_SQL                                                                                   \
    UPDATE_SQL "done_at=NOW(),last_error=CONCAT('dropped: ',?),claimed_by='' "                     \
               "WHERE id=? AND (done_at IS NULL OR " GIVEN_UP_SQL ") AND NOT " ASKING_SQL

enum { ROWS_A_PAGE = 1000 /* EACH_SQL's limit */ };

struct slice outbox_state_name(enum outbox_state state)
{
    static const struct slice names[OUTBOX_STATES] = {
        [OUTBOX_WAITING] = SLICE("waiting"),   [OUTBOX_DUE] = SLICE("due"),
        [OUTBOX_ASKING] = SLICE("asking"),     [OUTBOX_DONE] = SLICE("done"),
        [OUTBOX_GIVEN_UP] = SLICE("given up"), [OUTBOX_DROPPED] = SLICE("dropped"),
    };
    return names[state];
}

static void read_row(const struct database_cell *cells, struct outbox_row *row)
{
    *row = (struct outbox_row){
        .id = cells[0].integer,
        .report_id = cells[1].integer,
        .service_id = cells[2].integer,
        .action = cells[3].text,
        .state = (enum outbox_state)cells[4].integer,
        .attempts = cells[5].integer,
        .due_s = cells[6].integer,
        .done_s = cells[8].integer,
        .claimed_by = cells[9].text,
        .last_error = cells[10].text,
    };
    if (row->state == OUTBOX_WAITING)
        row->next_s = cells[7].integer;
}

static enum result read_page(struct database *database, const struct database_value *values,
                             int64_t *after_id,
                             void (*visit)(void *context, const struct outbox_row *row),
                             void *context)
{
    const struct database_cell *cells;
    size_t count = 0;
    enum result result = database_query(database, SLICE(EACH_SQL), values, 3);
    while (result == RESULT_OK && (result = database_next(database, &cells)) == RESULT_OK) {
        struct outbox_row row;
        read_row(cells, &row);
        *after_id = row.id;
        count++;
        visit(context, &row);
    }
    return result == RESULT_NOT_FOUND && count == ROWS_A_PAGE ? RESULT_OK : result;
}

enum result outbox_each(struct database *database, uint64_t lease_s, bool wants_all,
                        void (*visit)(void *context, const struct outbox_row *row), void *context)
{
    int64_t after_id = -1;
    enum result result = RESULT_OK;
    while (result == RESULT_OK) {
        const struct database_value values[] = {database_integer((int64_t)lease_s),
                                                database_integer(after_id),
                                                database_integer(wants_all)};
        result = read_page(database, values, &after_id, visit, context);
    }
    return result == RESULT_NOT_FOUND ? RESULT_OK : result;
}

enum result outbox_find(struct database *database, uint64_t lease_s, int64_t id,
                        struct arena *arena, struct outbox_row *row)
{
    const struct database_value values[] = {database_integer((int64_t)lease_s),
                                            database_integer(id)};
    const struct database_cell *cells;
    enum result result = database_query(database, SLICE(FIND_SQL), values, 2);
    if (result == RESULT_OK)
        result = database_next(database, &cells);
    if (result == RESULT_OK) {
        read_row(cells, row);
        row->action = arena_copy(arena, row->action);
        row->claimed_by = arena_copy(arena, row->claimed_by);
        row->last_error = arena_copy(arena, row->last_error);
        if (!row->action.data || !row->claimed_by.data || !row->last_error.data)
            result = RESULT_NO_MEMORY;
    }
    database_finish(database);
    return result;
}

static enum result change(struct database *database, struct slice sql,
                          const struct database_value *values, size_t count)
{
    enum result result = database_query(database, sql, values, count);
    database_finish(database);
    return result == RESULT_OK && database_affected(database) == 0 ? RESULT_NOT_FOUND : result;
}

enum result outbox_retry(struct database *database, uint64_t lease_s, int64_t id)
{
    const struct database_value values[] = {database_integer(id),
                                            database_integer((int64_t)lease_s)};
    return change(database, SLICE(RETRY_SQL), values, 2);
}

enum result outbox_retry_all(struct database *database, uint64_t *count)
{
    enum result result = change(database, SLICE(RETRY_ALL_SQL), NULL, 0);
    *count = result == RESULT_OK ? database_affected(database) : 0;
    return result == RESULT_NOT_FOUND ? RESULT_OK : result;
}

enum result outbox_drop(struct database *database, uint64_t lease_s, int64_t id,
                        struct slice reason)
{
    const struct database_value values[] = {database_text(reason), database_integer(id),
                                            database_integer((int64_t)lease_s)};
    return change(database, SLICE(DROP_SQL), values, 3);
}
