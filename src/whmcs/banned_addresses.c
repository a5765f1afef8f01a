/* Statements, and the rows that are none of ours. */
#include "whmcs/banned_addresses.h"

#include <inttypes.h>
#include <stdlib.h>

#include "observe/log.h"

enum {
    MOST_TEXT = NETWORK_TEXT, /* characters read of a row's ip; as many are too many */
    MOST_TOLD = 256,          /* rows that are no address and are remembered as logged */
    MOST_FOUND = 64,          /* rows of one network deleted after one reading */
};
/* A hundred years: what a DATETIME holds. */
#define MOST_SECONDS UINT64_C(3155760000)

struct banned_addresses {
    struct database *database; /* borrowed */
    int64_t told[MOST_TOLD];   /* ids */
    size_t told_count;
};

/* NULL and zero dates are not above NOW(): ended. */
#define LIVE_SQL                                                                                   \
    "SELECT id,LEFT(ip,80),TIMESTAMPDIFF(SECOND,NOW(),expires) FROM tblbannedips "                 \
    "WHERE id>? AND expires>NOW() ORDER BY id LIMIT 5000"
#define ALL_SQL  "SELECT id,LEFT(ip,80),0 FROM tblbannedips WHERE id>? ORDER BY id LIMIT 5000"
#define FIND_SQL "SELECT id FROM tblbannedips WHERE ip=? ORDER BY expires DESC LIMIT 1"
#define MOVE_SQL                                                                                   \
    "UPDATE tblbannedips SET expires=NOW()+INTERVAL ? SECOND "                                     \
    "WHERE id=? AND (expires IS NULL OR expires<NOW()+INTERVAL ? SECOND)"
/* IGNORE: columns this program does not know take their type's empty value, and what the column's
 * character set lacks becomes a question mark. */
#define INSERT_SQL                                                                                 \
    "INSERT IGNORE INTO tblbannedips (ip,reason,expires) VALUES (?,?,NOW()+INTERVAL ? SECOND)"
#define DELETE_SQL "DELETE FROM tblbannedips WHERE id=? AND ip=?"

struct banned_addresses *banned_addresses_create(struct database *database)
{
    struct banned_addresses *addresses = calloc(1, sizeof(*addresses));
    if (addresses)
        addresses->database = database;
    return addresses;
}

void banned_addresses_destroy(struct banned_addresses *addresses)
{
    free(addresses);
}

/* --- reading ------------------------------------------------------------------------------- */

static void tell_once(struct banned_addresses *addresses, int64_t id)
{
    if (addresses->told_count == MOST_TOLD)
        return;
    for (size_t i = 0; i < addresses->told_count; i++)
        if (addresses->told[i] == id)
            return;
    addresses->told[addresses->told_count++] = id;
    log_warning("ban_row", "row %" PRId64 " of tblbannedips is no address and bans nobody%s", id,
                addresses->told_count == MOST_TOLD ? "; further ones are not named" : "");
}

/* Blanks around an address are a slip of the hand. */
static bool row_read(struct banned_addresses *addresses, const struct database_cell *cells,
                     struct banned_address *row)
{
    *row = (struct banned_address){
        .id = cells[0].integer, .text = cells[1].text, .seconds_left = cells[2].integer};
    bool is_address = !cells[1].is_null && row->text.size < MOST_TEXT &&
                      network_parse(slice_trim(row->text), &row->network);
    if (!is_address)
        tell_once(addresses, row->id);
    return is_address;
}

static enum result page_read(struct banned_addresses *addresses, struct slice sql,
                             int64_t *after_id,
                             void (*visit)(void *context, const struct banned_address *row),
                             void *context)
{
    const struct database_cell *cells;
    const struct database_value value = database_integer(*after_id);
    size_t count = 0;
    enum result result = database_query(addresses->database, sql, &value, 1);
    while (result == RESULT_OK &&
           (result = database_next(addresses->database, &cells)) == RESULT_OK) {
        struct banned_address row;
        count++;
        *after_id = cells[0].integer;
        if (row_read(addresses, cells, &row))
            visit(context, &row);
    }
    return result == RESULT_NOT_FOUND && count == BANNED_ADDRESSES_PAGE ? RESULT_OK : result;
}

enum result banned_addresses_read_page(struct banned_addresses *addresses, int64_t *after_id,
                                       void (*visit)(void *context,
                                                     const struct banned_address *row),
                                       void *context)
{
    return page_read(addresses, SLICE(LIVE_SQL), after_id, visit, context);
}

/* --- writing ------------------------------------------------------------------------------- */

static enum result write_row(struct banned_addresses *addresses, struct slice sql,
                             const struct database_value *values, size_t count)
{
    enum result result = database_query(addresses->database, sql, values, count);
    database_finish(addresses->database);
    return result;
}

static enum result find_row(struct banned_addresses *addresses, struct slice ip, int64_t *id)
{
    const struct database_cell *cells;
    const struct database_value value = database_text(ip);
    enum result result = database_query(addresses->database, SLICE(FIND_SQL), &value, 1);
    if (result == RESULT_OK)
        result = database_next(addresses->database, &cells);
    if (result == RESULT_OK)
        *id = cells[0].integer;
    database_finish(addresses->database);
    return result;
}

enum result banned_addresses_put(struct banned_addresses *addresses, const struct network *network,
                                 struct slice reason, uint64_t seconds)
{
    char ip[NETWORK_TEXT];
    int64_t id = 0;
    network_print(network, ip);
    const struct database_value length =
        database_integer((int64_t)(seconds < MOST_SECONDS ? seconds : MOST_SECONDS));
    enum result result = find_row(addresses, slice_from(ip), &id);
    const struct database_value moved[] = {length, database_integer(id), length};
    const struct database_value made[] = {database_text(slice_from(ip)), database_text(reason),
                                          length};
    if (result == RESULT_OK)
        return write_row(addresses, SLICE(MOVE_SQL), moved, 3);
    if (result == RESULT_NOT_FOUND)
        return write_row(addresses, SLICE(INSERT_SQL), made, 3);
    return result;
}

/* --- deleting ------------------------------------------------------------------------------ */

struct found_row {
    int64_t id;
    char text[MOST_TEXT];
    size_t size;
};

struct finding {
    const struct network *network;
    struct found_row rows[MOST_FOUND];
    size_t count;
};

static void find_equal(void *context, const struct banned_address *row)
{
    struct finding *finding = context;
    if (finding->count == MOST_FOUND || !network_equal(&row->network, finding->network))
        return;
    struct found_row *found = &finding->rows[finding->count++];
    found->id = row->id;
    found->size = row->text.size;
    for (size_t i = 0; i < row->text.size; i++)
        found->text[i] = row->text.data[i];
}

/* A row that has been given another address meanwhile stays. */
static enum result delete_found(struct banned_addresses *addresses, const struct finding *finding)
{
    enum result result = RESULT_OK;
    for (size_t i = 0; result == RESULT_OK && i < finding->count; i++) {
        const struct found_row *row = &finding->rows[i];
        const struct database_value values[] = {database_integer(row->id),
                                                database_text(slice_of(row->text, row->size))};
        result = write_row(addresses, SLICE(DELETE_SQL), values, 2);
    }
    return result;
}

enum result banned_addresses_delete(struct banned_addresses *addresses,
                                    const struct network *network)
{
    struct finding finding = {.network = network};
    int64_t after_id = 0;
    enum result result = RESULT_OK;
    while (result == RESULT_OK) {
        int64_t page_began = after_id;
        finding.count = 0;
        result = page_read(addresses, SLICE(ALL_SQL), &after_id, find_equal, &finding);
        if (result != RESULT_OK && result != RESULT_NOT_FOUND)
            return result;
        enum result deleted = delete_found(addresses, &finding);
        if (deleted != RESULT_OK)
            return deleted;
        if (finding.count < MOST_FOUND)
            continue;
        after_id = page_began; /* there may be more of it */
        result = RESULT_OK;
    }
    return RESULT_OK;
}
