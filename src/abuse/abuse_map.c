/* Joining catalog and schema, and telling what was found. */
#include "abuse/abuse_map.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "abuse/abuse_map_sql.h"

static const enum abuse_column essential_columns[] = {ABUSE_SERVICE_ID, ABUSE_CATEGORY,
                                                      ABUSE_STATUS, ABUSE_DATE_CREATED};

/* Tables of WHMCS and of the gateway that reports need beside their own. */
enum { SERVICES, CREDENTIALS, ADMINS, ACTIVITY_LOG, OUTBOX, IDEMPOTENCY, OTHER_TABLES };

static const struct slice other_tables[OTHER_TABLES] = {
    [SERVICES] = SLICE("tblhosting"),      [CREDENTIALS] = SLICE("tbldeviceauth"),
    [ADMINS] = SLICE("tbladmins"),         [ACTIVITY_LOG] = SLICE("tblactivitylog"),
    [OUTBOX] = SLICE("portcullis_outbox"), [IDEMPOTENCY] = SLICE("portcullis_idempotency"),
};

static void find(struct abuse_map *map, enum abuse_severity severity, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void find(struct abuse_map *map, enum abuse_severity severity, const char *format, ...)
{
    char text[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    struct abuse_finding *finding = arena_zalloc(&map->arena, sizeof(*finding));
    if (!finding)
        return;
    finding->severity = severity;
    finding->text = arena_copy(&map->arena, slice_from(text));
    if (severity == ABUSE_OFF && !map->off_reason.size)
        map->off_reason = finding->text;
    if (map->last_finding)
        map->last_finding->next = finding;
    else
        map->findings = finding;
    map->last_finding = finding;
}

static bool is_essential(enum abuse_column column)
{
    for (size_t i = 0; i < sizeof(essential_columns) / sizeof(essential_columns[0]); i++)
        if (essential_columns[i] == column)
            return true;
    return false;
}

static void join_column(struct abuse_map *map, const struct schema_table *table,
                        enum abuse_column column)
{
    struct slice known = abuse_column_name(column);
    struct slice name = map->catalog->columns[column];
    enum abuse_severity severity = is_essential(column) ? ABUSE_OFF : ABUSE_WARNING;
    map->columns[column] = name.size ? schema_column_find(table, name) : NULL;
    if (!name.size)
        find(map, severity, "the catalog names no column for %.*s", SLICE_ARGS(known));
    else if (!map->columns[column])
        find(map, severity, "%.*s has no column %.*s (%.*s)", SLICE_ARGS(table->name),
             SLICE_ARGS(name), SLICE_ARGS(known));
}

static void join_reports(struct abuse_map *map)
{
    const struct abuse_catalog *catalog = map->catalog;
    const struct schema_table *table = schema_table_find(map->schema, catalog->table);
    const struct schema_column *key = schema_column_find(table, catalog->key);
    if (!table->exists) {
        find(map, ABUSE_OFF,
             "there is no table %.*s; load schema/structure/"
             "30_abusemanagerpro.sql, or map another one by abuse.catalog",
             SLICE_ARGS(table->name));
        return;
    }
    if (!key || !key->is_counted)
        find(map, ABUSE_OFF, "%.*s has no key %.*s that counts by itself", SLICE_ARGS(table->name),
             SLICE_ARGS(catalog->key));
    for (size_t i = 0; i < ABUSE_COLUMNS; i++)
        join_column(map, table, (enum abuse_column)i);
}

static bool has_columns(const struct abuse_map *map, size_t table, const struct slice *names,
                        size_t count)
{
    const struct schema_table *found = schema_table_find(map->schema, other_tables[table]);
    for (size_t i = 0; i < count; i++)
        if (!schema_column_find(found, names[i]))
            return false;
    return true;
}

static void join_whmcs(struct abuse_map *map)
{
    static const struct slice services[] = {SLICE("id"), SLICE("userid"), SLICE("dedicatedip")};
    static const struct slice credentials[] = {SLICE("identifier"), SLICE("user_id"),
                                               SLICE("is_admin"), SLICE("deleted_at")};
    static const struct slice admins[] = {SLICE("id"), SLICE("username"), SLICE("roleid"),
                                          SLICE("disabled")};
    static const struct slice log[] = {SLICE("date"), SLICE("description"), SLICE("user"),
                                       SLICE("userid"), SLICE("ipaddr")};
    static const struct slice log_admin[] = {SLICE("admin_id")};
    if (!has_columns(map, SERVICES, services, 3))
        find(map, ABUSE_OFF, "tblhosting needs the columns id, userid and dedicatedip");
    if (!has_columns(map, CREDENTIALS, credentials, 4))
        find(map, ABUSE_OFF,
             "tbldeviceauth needs the columns identifier, user_id, is_admin and "
             "deleted_at");
    if (!has_columns(map, ADMINS, admins, 4))
        find(map, ABUSE_OFF, "tbladmins needs the columns id, username, roleid and disabled");
    map->has_activity_log = has_columns(map, ACTIVITY_LOG, log, 5);
    map->has_activity_admin = has_columns(map, ACTIVITY_LOG, log_admin, 1);
    if (!map->has_activity_log)
        find(map, ABUSE_WARNING, "without tblactivitylog no report leaves a line there");
}

static void join_own(struct abuse_map *map)
{
    map->has_outbox = schema_table_find(map->schema, other_tables[OUTBOX])->exists;
    map->has_idempotency = schema_table_find(map->schema, other_tables[IDEMPOTENCY])->exists;
    if (!map->has_outbox)
        find(map, ABUSE_WARNING,
             "there is no table portcullis_outbox: reports that suspend a service or send an "
             "e-mail are refused; load schema/structure/90_portcullis.sql");
    if (!map->has_idempotency)
        find(map, ABUSE_WARNING,
             "there is no table portcullis_idempotency: reports with an Idempotency-Key are "
             "refused; load schema/structure/90_portcullis.sql");
}

static void join(struct abuse_map *map)
{
    const struct slice table = map->catalog->table;
    join_reports(map);
    join_whmcs(map);
    join_own(map);
    if (map->off_reason.size)
        return;
    find(map, ABUSE_FINE, "reports lie in %.*s", SLICE_ARGS(table));
    if (!abuse_map_sql(map))
        find(map, ABUSE_OFF, "memory is out");
}

enum result abuse_map_learn(const struct abuse_catalog *catalog, struct database *database,
                            struct abuse_map **map)
{
    struct slice names[OTHER_TABLES + 1];
    *map = NULL;
    struct abuse_map *made = calloc(1, sizeof(*made));
    if (!made)
        return RESULT_NO_MEMORY;
    atomic_init(&made->references, 1);
    arena_init(&made->arena);
    made->catalog = catalog;
    for (size_t i = 0; i < OTHER_TABLES; i++)
        names[i] = other_tables[i];
    names[OTHER_TABLES] = catalog->table;
    enum result result = schema_read(database, names, OTHER_TABLES + 1, &made->schema);
    if (result == RESULT_OK) {
        join(made);
        *map = made;
    } else {
        abuse_map_release(made);
    }
    return result;
}

struct abuse_map *abuse_map_share(struct abuse_map *map)
{
    atomic_fetch_add_explicit(&map->references, 1, memory_order_relaxed);
    return map;
}

void abuse_map_release(struct abuse_map *map)
{
    if (!map || atomic_fetch_sub_explicit(&map->references, 1, memory_order_acq_rel) != 1)
        return;
    schema_destroy(map->schema);
    arena_clear(&map->arena);
    free(map);
}
