/* Reading the catalog: one object of known members, each a name or a word. */
#include "abuse/abuse_catalog.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "format/value.h"

extern const unsigned char catalog_abusemanagerpro[];
extern const size_t catalog_abusemanagerpro_size;

enum { MOST_BYTES = 64 * 1024 };

static const struct slice column_names[ABUSE_COLUMNS] = {
    [ABUSE_USERID] = SLICE("userid"),
    [ABUSE_SERVICE_ID] = SLICE("service_id"),
    [ABUSE_SERVICE_IP] = SLICE("service_ip"),
    [ABUSE_CATEGORY] = SLICE("category"),
    [ABUSE_STATUS] = SLICE("status"),
    [ABUSE_SUSPEND_METHOD] = SLICE("suspend_method"),
    [ABUSE_ALLOW_UNSUSPEND] = SLICE("allow_unsuspend"),
    [ABUSE_ADDITIONAL_INFO] = SLICE("additional_info"),
    [ABUSE_ADMIN_NOTES] = SLICE("admin_notes"),
    [ABUSE_ADMIN_ID] = SLICE("admin_id"),
    [ABUSE_DATE_CREATED] = SLICE("date_created"),
    [ABUSE_SUSPEND_AT] = SLICE("suspend_at"),
    [ABUSE_SUSPENDED_AT] = SLICE("suspended_at"),
};

struct slice abuse_column_name(enum abuse_column column)
{
    return column_names[column];
}

struct reading {
    struct abuse_catalog *catalog;
    const char *source;
    struct buffer *problems;
    bool has_failed;
};

static void complain(struct reading *reading, struct slice member, const char *what)
{
    reading->has_failed = true;
    buffer_printf(reading->problems, "%s: reports: %.*s: %s\n", reading->source, SLICE_ARGS(member),
                  what);
}

static void read_text(struct reading *reading, const struct value *value, struct slice *into)
{
    if (value->type != VALUE_STRING || value->text.size == 0 ||
        memchr(value->text.data, '`', value->text.size))
        complain(reading, value->name, "must be a string, not empty, without back-ticks");
    else
        *into = value->text;
}

static void read_column(struct reading *reading, const struct value *value)
{
    struct abuse_catalog *catalog = reading->catalog;
    size_t own = ABUSE_COLUMNS;
    for (size_t i = 0; i < ABUSE_COLUMNS; i++) {
        if (slice_equal(column_names[i], value->name))
            own = i;
        else if (value->type == VALUE_STRING &&
                 slice_equal_nocase(catalog->columns[i], value->text))
            complain(reading, value->name, "another column is called so already");
    }
    if (own == ABUSE_COLUMNS)
        complain(reading, value->name, "no such column is known here");
    else
        read_text(reading, value, &catalog->columns[own]);
}

static void read_columns(struct reading *reading, const struct value *columns)
{
    if (columns->type != VALUE_OBJECT) {
        complain(reading, columns->name, "must be an object of names");
        return;
    }
    for (const struct value *item = columns->first; item; item = item->next)
        read_column(reading, item);
}

static void read_member(struct reading *reading, const struct value *value)
{
    struct abuse_catalog *catalog = reading->catalog;
    const struct {
        struct slice name;
        struct slice *into;
    } members[] = {
        {SLICE("table"), &catalog->table},
        {SLICE("key"), &catalog->key},
        {SLICE("open"), &catalog->open},
        {SLICE("closed"), &catalog->closed},
    };
    for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
        if (slice_equal(members[i].name, value->name)) {
            read_text(reading, value, members[i].into);
            return;
        }
    }
    if (slice_equal(value->name, SLICE("columns")))
        read_columns(reading, value);
    else
        complain(reading, value->name, "no such member is known here");
}

static void read_root(struct reading *reading, const struct value *root)
{
    struct abuse_catalog *catalog = reading->catalog;
    const struct value *reports = value_get(root, SLICE("reports"));
    if (!reports || reports->type != VALUE_OBJECT || root->count != 1) {
        complain(reading, SLICE("reports"), "must be an object, and the only one");
        return;
    }
    for (const struct value *member = reports->first; member; member = member->next)
        read_member(reading, member);
    if (!reading->has_failed && (!catalog->table.size || !catalog->key.size ||
                                 !catalog->open.size || !catalog->closed.size))
        complain(reading, SLICE("table"), "table, key, open and closed are needed");
}

enum result abuse_catalog_read(struct slice text, const char *source,
                               struct abuse_catalog **catalog, struct buffer *problems)
{
    static const struct json_limits limits = {.depth = 4, .names = 100, .bytes = MOST_BYTES};
    struct json_fault fault = {0};
    struct value *root = NULL;
    *catalog = NULL;
    struct abuse_catalog *made = calloc(1, sizeof(*made));
    if (!made)
        return RESULT_NO_MEMORY;
    arena_init(&made->arena);
    struct slice kept = arena_copy(&made->arena, text);
    enum result result =
        kept.data ? json_read(&made->arena, kept, &limits, &root, &fault) : RESULT_NO_MEMORY;
    if (result == RESULT_OK) {
        struct reading reading = {.catalog = made, .source = source, .problems = problems};
        read_root(&reading, root);
        result = reading.has_failed ? RESULT_INVALID : RESULT_OK;
    } else {
        buffer_printf(problems, "%s:%zu: %s\n", source, fault.line, fault.reason);
    }
    if (result == RESULT_OK)
        *catalog = made;
    else
        abuse_catalog_destroy(made);
    return result;
}

static enum result read_file(const char *path, struct abuse_catalog **catalog,
                             struct buffer *problems)
{
    char text[MOST_BYTES + 1];
    FILE *file = fopen(path, "rbe");
    if (!file) {
        buffer_printf(problems, "%s: cannot be opened: %m\n", path);
        return RESULT_NOT_FOUND;
    }
    size_t size = fread(text, 1, sizeof(text), file);
    fclose(file);
    if (size <= MOST_BYTES)
        return abuse_catalog_read(slice_of(text, size), path, catalog, problems);
    buffer_printf(problems, "%s: larger than %d bytes\n", path, MOST_BYTES);
    return RESULT_LIMIT;
}

enum result abuse_catalog_load(const char *path, struct abuse_catalog **catalog,
                               struct buffer *problems)
{
    struct slice text =
        slice_of((const char *)catalog_abusemanagerpro, catalog_abusemanagerpro_size);
    *catalog = NULL;
    return path[0] ? read_file(path, catalog, problems)
                   : abuse_catalog_read(text, "abuse catalog", catalog, problems);
}

void abuse_catalog_destroy(struct abuse_catalog *catalog)
{
    if (!catalog)
        return;
    arena_clear(&catalog->arena);
    free(catalog);
}
