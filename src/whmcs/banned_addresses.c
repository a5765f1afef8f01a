/* Statements, and the rows that are none of ours. */
#include "whmcs/banned_addresses.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "observe/log.h"

enum {
    MOST_TEXT = NETWORK_TEXT, /* characters read of a row's ip; as many are too many */
    MOST_TOLD = 256,          /* rows that are no address and are remembered as logged */
    MOST_FOUND = 64,          /* rows of one network deleted after one reading */
    MOST_TWINS = 16,          /* rows that gateways inserted for one ban at once */
    MOST_REASON = 800,        /* bytes of 200 characters */
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
#define ALL_SQL "SELECT id,LEFT(ip,80),0 FROM tblbannedips WHERE id>? ORDER BY id LIMIT 5000"
/* WHMCS deletes ended rows whenever it is used: one that is about to end is none to be moved. */
#define FIND_SQL                                                                                   \
    "SELECT id FROM tblbannedips WHERE ip=? AND expires>NOW()+INTERVAL 2 SECOND "                  \
    "ORDER BY expires DESC,id LIMIT 1"
#define MOVE_SQL                                                                                   \
    "UPDATE tblbannedips SET expires=NOW()+INTERVAL ? SECOND "                                     \
    "WHERE id=? AND expires<NOW()+INTERVAL ? SECOND"
/* IGNORE: columns this program does not know take their type's empty value, and what the column's
 * character set lacks becomes a question mark. */
#define INSERT_SQL                                                                                 \
    "INSERT IGNORE INTO tblbannedips (ip,reason,expires) VALUES (?,?,NOW()+INTERVAL ? SECOND)"
#define TWINS_SQL                                                                                  \
    "SELECT id,LEFT(reason,200) FROM tblbannedips WHERE ip=? AND expires>NOW()+INTERVAL 2 SECOND " \
    "ORDER BY id LIMIT 16"
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

/* WHMCS itself knows of IPv4 networks with wildcards alone: 189.123.*.*. */
static void spell(const struct network *network, char *out)
{
    static const struct slice prefixes[] = {{"/8", 2}, {"/16", 3}, {"/24", 3}};
    const unsigned char *v4 = network->address.bytes + 12;
    network_print(network, out);
    struct slice text = slice_from(out);
    struct slice prefix = slice_skip(text, slice_find(text, '/'));
    size_t parts = 0;
    while (parts < 3 && !slice_equal(prefix, prefixes[parts]))
        parts++;
    if (parts == 3 || !network_address_is_v4(&network->address))
        return;
    size_t used = (size_t)snprintf(out, NETWORK_TEXT, "%u", v4[0]);
    for (size_t i = 1; i < 4; i++)
        used += (size_t)(i <= parts ? snprintf(out + used, NETWORK_TEXT - used, ".%u", v4[i])
                                    : snprintf(out + used, NETWORK_TEXT - used, ".*"));
}

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

struct twins {
    char reason[MOST_REASON]; /* of the first */
    size_t reason_size;
    int64_t ids[MOST_TWINS]; /* the others of that reason */
    size_t count;
};

static void add_twin(struct twins *twins, const struct database_cell *cells, bool is_first)
{
    struct slice reason = cells[1].text;
    if (is_first) {
        twins->reason_size = reason.size;
        for (size_t i = 0; i < reason.size && i < MOST_REASON; i++)
            twins->reason[i] = reason.data[i];
    } else if (twins->count < MOST_TWINS && reason.size <= MOST_REASON &&
               slice_equal(reason, slice_of(twins->reason, twins->reason_size))) {
        twins->ids[twins->count++] = cells[0].integer;
    }
}

/* Two gateways may insert a row for the same ban at once. Who looks last sees both; the first
 * stays. */
static void remove_twins(struct banned_addresses *addresses, struct slice ip)
{
    const struct database_cell *cells;
    const struct database_value value = database_text(ip);
    struct twins twins = {.count = 0};
    bool is_first = true;
    enum result result = database_query(addresses->database, SLICE(TWINS_SQL), &value, 1);
    while (result == RESULT_OK &&
           (result = database_next(addresses->database, &cells)) == RESULT_OK) {
        add_twin(&twins, cells, is_first);
        is_first = false;
    }
    for (size_t i = 0; i < twins.count; i++) {
        const struct database_value row[] = {database_integer(twins.ids[i]), value};
        write_row(addresses, SLICE(DELETE_SQL), row, 2);
    }
}

static enum result insert_row(struct banned_addresses *addresses, struct slice ip,
                              struct slice reason, struct database_value length)
{
    const struct database_value values[] = {database_text(ip), database_text(reason), length};
    enum result result = write_row(addresses, SLICE(INSERT_SQL), values, 3);
    if (result == RESULT_OK)
        remove_twins(addresses, ip);
    return result;
}

enum result banned_addresses_put(struct banned_addresses *addresses, const struct network *network,
                                 struct slice reason, uint64_t seconds)
{
    char ip[NETWORK_TEXT];
    int64_t id = 0;
    spell(network, ip);
    const struct database_value length =
        database_integer((int64_t)(seconds < MOST_SECONDS ? seconds : MOST_SECONDS));
    enum result result = find_row(addresses, slice_from(ip), &id);
    const struct database_value moved[] = {length, database_integer(id), length};
    if (result == RESULT_OK)
        return write_row(addresses, SLICE(MOVE_SQL), moved, 3);
    return result == RESULT_NOT_FOUND ? insert_row(addresses, slice_from(ip), reason, length)
                                      : result;
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
