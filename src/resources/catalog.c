/*
 * Reading the catalog. Every object is described by a table of its members; one function walks a
 * JSON object along such a table, so an unknown member is always told.
 */
#include "resources/catalog_reading.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

extern const unsigned char catalog_wbteampro[];
extern const size_t catalog_wbteampro_size;

enum { CATALOG_MOST_BYTES = 1024 * 1024 };

void catalog_complain(struct catalog_reading *reading, struct slice member, const char *what)
{
    reading->has_failed = true;
    buffer_printf(reading->problems, "%s: %.*s: %.*s: %s\n", reading->source,
                  SLICE_ARGS(reading->resource), SLICE_ARGS(member), what);
}

void *catalog_alloc(struct catalog_reading *reading, size_t count, size_t size)
{
    void *memory = arena_zalloc(&reading->catalog->arena, count * size + 1);
    if (!memory)
        reading->has_failed = true;
    return memory;
}

void catalog_read_object(struct catalog_reading *reading, const struct value *value,
                         const struct catalog_member *members, size_t count, void *into)
{
    if (value->type != VALUE_OBJECT) {
        catalog_complain(reading, value->name, "must be an object");
        return;
    }
    for (const struct value *child = value->first; child; child = child->next) {
        size_t i = 0;
        while (i < count && !slice_equal(members[i].name, child->name))
            i++;
        if (i == count)
            catalog_complain(reading, child->name, "no such member is known here");
        else
            members[i].read(reading, child, (char *)into + members[i].offset);
    }
}

void catalog_read_name(struct catalog_reading *reading, const struct value *value, void *into)
{
    if (value->type != VALUE_STRING || value->text.size == 0 ||
        memchr(value->text.data, '`', value->text.size))
        catalog_complain(reading, value->name,
                         "must be a name: a string, not empty, without back-ticks");
    else
        *(struct slice *)into = value->text;
}

void catalog_read_names(struct catalog_reading *reading, const struct value *value, void *into)
{
    struct catalog_names *names = into;
    if (value->type != VALUE_LIST) {
        catalog_complain(reading, value->name, "must be a list of names");
        return;
    }
    names->items = catalog_alloc(reading, value->count, sizeof(*names->items));
    if (!names->items)
        return;
    for (const struct value *item = value->first; item; item = item->next)
        catalog_read_name(reading, item, &names->items[names->count++]);
}

void catalog_read_constants(struct catalog_reading *reading, const struct value *value, void *into)
{
    struct catalog_constants *constants = into;
    if (value->type != VALUE_OBJECT) {
        catalog_complain(reading, value->name,
                         "must be an object of columns and their constant values");
        return;
    }
    constants->items = catalog_alloc(reading, value->count, sizeof(*constants->items));
    if (!constants->items)
        return;
    for (const struct value *item = value->first; item; item = item->next) {
        struct catalog_constant *constant = &constants->items[constants->count++];
        constant->column = item->name;
        constant->value = item->text;
        if (item->type != VALUE_STRING && item->type != VALUE_NUMBER)
            catalog_complain(reading, item->name, "must be a string or a number");
    }
}

static void read_values(struct catalog_reading *reading, const struct value *value, void *into)
{
    struct catalog_resource *resource = into;
    if (value->type != VALUE_OBJECT) {
        catalog_complain(reading, value->name,
                         "must be an object of columns and their allowed values");
        return;
    }
    resource->values = catalog_alloc(reading, value->count, sizeof(*resource->values));
    if (!resource->values)
        return;
    for (const struct value *item = value->first; item; item = item->next) {
        struct catalog_values *values = &resource->values[resource->value_count++];
        values->column = item->name;
        catalog_read_names(reading, item, &values->allowed);
    }
}

static void read_through(struct catalog_reading *reading, const struct value *value, void *into)
{
    static const struct catalog_member members[] = {
        {SLICE("resource"), catalog_read_name, offsetof(struct catalog_link, through_resource)},
        {SLICE("key"), catalog_read_name, offsetof(struct catalog_link, through_key)},
        {SLICE("column"), catalog_read_name, offsetof(struct catalog_link, through_column)},
    };
    struct catalog_link *link = into;
    catalog_read_object(reading, value, members, sizeof(members) / sizeof(members[0]), link);
    if (!link->through_resource.size || !link->through_key.size || !link->through_column.size)
        catalog_complain(reading, value->name, "needs resource, key and column");
}

static void read_link(struct catalog_reading *reading, const struct value *value,
                      struct catalog_link *link)
{
    static const struct catalog_member members[] = {
        {SLICE("column"), catalog_read_name, offsetof(struct catalog_link, column)},
        {SLICE("where"), catalog_read_constants, offsetof(struct catalog_link, where)},
        {SLICE("through"), read_through, 0},
    };
    catalog_read_object(reading, value, members, sizeof(members) / sizeof(members[0]), link);
    if (!link->column.size)
        catalog_complain(reading, SLICE("parents"), "each link needs a column");
}

static void read_links(struct catalog_reading *reading, const struct value *value, void *into)
{
    struct catalog_parent *parent = into;
    if (value->type != VALUE_LIST || value->count == 0) {
        catalog_complain(reading, value->name, "must be a list of at least one link");
        return;
    }
    parent->links = catalog_alloc(reading, value->count, sizeof(*parent->links));
    if (!parent->links)
        return;
    for (const struct value *item = value->first; item; item = item->next)
        read_link(reading, item, &parent->links[parent->link_count++]);
}

static void read_parents(struct catalog_reading *reading, const struct value *value, void *into)
{
    static const struct catalog_member members[] = {
        {SLICE("parameter"), catalog_read_name, offsetof(struct catalog_parent, parameter)},
        {SLICE("any"), read_links, 0},
    };
    struct catalog_resource *resource = into;
    if (value->type != VALUE_OBJECT) {
        catalog_complain(reading, value->name, "must be an object of resources");
        return;
    }
    resource->parents = catalog_alloc(reading, value->count, sizeof(*resource->parents));
    if (!resource->parents)
        return;
    for (const struct value *item = value->first; item; item = item->next) {
        struct catalog_parent *parent = &resource->parents[resource->parent_count++];
        parent->resource = item->name;
        catalog_read_object(reading, item, members, sizeof(members) / sizeof(members[0]), parent);
        if (!parent->parameter.size || !parent->link_count)
            catalog_complain(reading, item->name, "a parent needs parameter and any");
    }
}

static void read_referrer(struct catalog_reading *reading, const struct value *value, void *into)
{
    static const struct catalog_member members[] = {
        {SLICE("resource"), catalog_read_name, offsetof(struct catalog_condition, referrer)},
        {SLICE("column"), catalog_read_name, offsetof(struct catalog_condition, referrer_column)},
    };
    struct catalog_condition *condition = into;
    catalog_read_object(reading, value, members, sizeof(members) / sizeof(members[0]), condition);
    if (!condition->referrer.size || !condition->referrer_column.size)
        catalog_complain(reading, value->name, "needs resource and column");
}

static void read_conditions(struct catalog_reading *reading, const struct value *value, void *into)
{
    static const struct catalog_member members[] = {
        {SLICE("where"), catalog_read_constants, offsetof(struct catalog_condition, where)},
        {SLICE("viewer"), catalog_read_name, offsetof(struct catalog_condition, viewer)},
        {SLICE("viewer_or_nobody"), catalog_read_name,
         offsetof(struct catalog_condition, viewer_or_nobody)},
        {SLICE("department"), catalog_read_name, offsetof(struct catalog_condition, department)},
        {SLICE("referrer"), read_referrer, 0},
    };
    struct catalog_visible *visible = into;
    if (value->type != VALUE_LIST || value->count == 0) {
        catalog_complain(reading, value->name, "must be a list of at least one condition");
        return;
    }
    visible->any = catalog_alloc(reading, value->count, sizeof(*visible->any));
    if (!visible->any)
        return;
    for (const struct value *item = value->first; item; item = item->next) {
        struct catalog_condition *condition = &visible->any[visible->any_count++];
        catalog_read_object(reading, item, members, sizeof(members) / sizeof(members[0]),
                            condition);
        if (item->type == VALUE_OBJECT && item->count == 0)
            catalog_complain(reading, value->name, "a condition needs at least one part");
    }
}

/* "parents", or links of their own where rows may not stand under what they name. */
static void read_below(struct catalog_reading *reading, const struct value *value, void *into)
{
    static const struct catalog_member members[] = {
        {SLICE("resource"), catalog_read_name, offsetof(struct catalog_below, resource)},
        {SLICE("column"), catalog_read_name, offsetof(struct catalog_below, column)},
        {SLICE("where"), catalog_read_constants, offsetof(struct catalog_below, where)},
    };
    struct catalog_visible *visible = into;
    visible->is_by_parents =
        value->type == VALUE_STRING && slice_equal(value->text, SLICE("parents"));
    if (visible->is_by_parents)
        return;
    if (value->type != VALUE_LIST || value->count == 0) {
        catalog_complain(reading, value->name,
                         "must be \"parents\" or a list of at least one link");
        return;
    }
    visible->below = catalog_alloc(reading, value->count, sizeof(*visible->below));
    if (!visible->below)
        return;
    for (const struct value *item = value->first; item; item = item->next) {
        struct catalog_below *below = &visible->below[visible->below_count++];
        catalog_read_object(reading, item, members, sizeof(members) / sizeof(members[0]), below);
        if (!below->resource.size || !below->column.size)
            catalog_complain(reading, value->name, "each link needs resource and column");
    }
}

/* A link through another resource's row needs no look of its own: that row is a parent too. */
static void take_parents(struct catalog_reading *reading, struct catalog_resource *resource)
{
    struct catalog_visible *visible = &resource->visible;
    size_t most = 0;
    for (size_t p = 0; p < resource->parent_count; p++)
        most += resource->parents[p].link_count;
    visible->below = catalog_alloc(reading, most, sizeof(*visible->below));
    for (size_t p = 0; visible->below && p < resource->parent_count; p++) {
        const struct catalog_parent *parent = &resource->parents[p];
        for (size_t l = 0; l < parent->link_count; l++)
            if (!parent->links[l].through_resource.size)
                visible->below[visible->below_count++] =
                    (struct catalog_below){.resource = parent->resource,
                                           .column = parent->links[l].column,
                                           .where = parent->links[l].where};
    }
    if (!visible->below_count)
        catalog_complain(reading, SLICE("visible"), "there are no direct parents to be below");
}

static void read_visible(struct catalog_reading *reading, const struct value *value, void *into)
{
    static const struct catalog_member members[] = {
        {SLICE("below"), read_below, 0},
        {SLICE("any"), read_conditions, 0},
    };
    struct catalog_visible *visible = into;
    catalog_read_object(reading, value, members, sizeof(members) / sizeof(members[0]), visible);
    if (value->type == VALUE_OBJECT && value->count == 0)
        catalog_complain(reading, value->name, "needs below, any, or both");
}

static void read_show(struct catalog_reading *reading, const struct value *value, void *into)
{
    bool is_first = slice_equal(value->text, SLICE("first"));
    if (value->type != VALUE_STRING || !(is_first || slice_equal(value->text, SLICE("last"))))
        catalog_complain(reading, value->name, "must be first or last");
    *(bool *)into = is_first;
}

static void read_threads(struct catalog_reading *reading, const struct value *value, void *into)
{
    static const struct catalog_member members[] = {
        {SLICE("column"), catalog_read_name, offsetof(struct catalog_threads, column)},
        {SLICE("show"), read_show, offsetof(struct catalog_threads, shows_first)},
        {SLICE("rank"), catalog_read_name, offsetof(struct catalog_threads, rank)},
        {SLICE("order"), catalog_read_name, offsetof(struct catalog_threads, order)},
        {SLICE("count"), catalog_read_name, offsetof(struct catalog_threads, count)},
        {SLICE("last"), catalog_read_name, offsetof(struct catalog_threads, last)},
    };
    struct catalog_threads *threads = into;
    catalog_read_object(reading, value, members, sizeof(members) / sizeof(members[0]), threads);
    if (!threads->column.size || !threads->order.size || !threads->count.size)
        catalog_complain(reading, value->name, "needs column, order and count");
    if (!threads->rank.size)
        threads->rank = threads->order;
}

static void read_nested_object(struct catalog_reading *reading, const struct value *value,
                               void *into)
{
    static const struct catalog_member members[] = {
        {SLICE("name"), catalog_read_name, offsetof(struct catalog_object, name)},
        {SLICE("resource"), catalog_read_name, offsetof(struct catalog_object, resource)},
        {SLICE("column"), catalog_read_name, offsetof(struct catalog_object, column)},
    };
    struct catalog_object *object = into;
    catalog_read_object(reading, value, members, sizeof(members) / sizeof(members[0]), object);
    if (!object->name.size || !object->resource.size || !object->column.size)
        catalog_complain(reading, value->name, "needs name, resource and column");
}

static void read_nested_list(struct catalog_reading *reading, const struct value *value, void *into)
{
    static const struct catalog_member members[] = {
        {SLICE("name"), catalog_read_name, offsetof(struct catalog_list, name)},
        {SLICE("singular"), catalog_read_name, offsetof(struct catalog_list, singular)},
        {SLICE("table"), catalog_read_name, offsetof(struct catalog_list, table)},
        {SLICE("key"), catalog_read_name, offsetof(struct catalog_list, key)},
        {SLICE("column"), catalog_read_name, offsetof(struct catalog_list, column)},
        {SLICE("sort"), catalog_read_name, offsetof(struct catalog_list, sort)},
        {SLICE("sent"), catalog_read_names, offsetof(struct catalog_list, sent)},
    };
    struct catalog_list *list = into;
    catalog_read_object(reading, value, members, sizeof(members) / sizeof(members[0]), list);
    if (!list->name.size || !list->table.size || !list->key.size || !list->column.size ||
        !list->sent.count)
        catalog_complain(reading, value->name, "needs name, table, key, column and sent");
    if (!list->sort.size)
        list->sort = list->key;
}

static void read_download(struct catalog_reading *reading, const struct value *value, void *into)
{
    static const struct catalog_member members[] = {
        {SLICE("path"), catalog_read_name, offsetof(struct catalog_download, path)},
        {SLICE("name"), catalog_read_name, offsetof(struct catalog_download, name)},
        {SLICE("type"), catalog_read_name, offsetof(struct catalog_download, type)},
        {SLICE("sha256"), catalog_read_name, offsetof(struct catalog_download, sha256)},
        {SLICE("size"), catalog_read_name, offsetof(struct catalog_download, size)},
    };
    struct catalog_download *download = into;
    catalog_read_object(reading, value, members, sizeof(members) / sizeof(members[0]), download);
    if (!download->path.size || !download->name.size)
        catalog_complain(reading, value->name, "needs path and name");
}

static void read_kind(struct catalog_reading *reading, const struct value *value, void *into)
{
    static const struct slice kinds[] = {
        [CATALOG_ROWS] = SLICE("rows"),
        [CATALOG_SETTINGS] = SLICE("settings"),
        [CATALOG_DIRECTORY] = SLICE("directory"),
    };
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if (value->type == VALUE_STRING && slice_equal(value->text, kinds[i])) {
            *(enum catalog_kind *)into = (enum catalog_kind)i;
            return;
        }
    }
    catalog_complain(reading, value->name, "must be rows, settings or directory");
}

static const struct catalog_member resource_members[] = {
    {SLICE("kind"), read_kind, offsetof(struct catalog_resource, kind)},
    {SLICE("singular"), catalog_read_name, offsetof(struct catalog_resource, singular)},
    {SLICE("table"), catalog_read_name, offsetof(struct catalog_resource, table)},
    {SLICE("key"), catalog_read_name, offsetof(struct catalog_resource, key)},
    {SLICE("methods"), catalog_read_names, offsetof(struct catalog_resource, methods)},
    {SLICE("parents"), read_parents, 0},
    {SLICE("where"), catalog_read_constants, offsetof(struct catalog_resource, where)},
    {SLICE("visible"), read_visible, offsetof(struct catalog_resource, visible)},
    {SLICE("known"), catalog_read_names, offsetof(struct catalog_resource, known)},
    {SLICE("sent"), catalog_read_names, offsetof(struct catalog_resource, sent)},
    {SLICE("hidden"), catalog_read_names, offsetof(struct catalog_resource, hidden)},
    {SLICE("kept"), catalog_read_names, offsetof(struct catalog_resource, kept)},
    {SLICE("required"), catalog_read_names, offsetof(struct catalog_resource, required)},
    {SLICE("search"), catalog_read_names, offsetof(struct catalog_resource, search)},
    {SLICE("values"), read_values, 0},
    {SLICE("threads"), read_threads, offsetof(struct catalog_resource, threads)},
    {SLICE("object"), read_nested_object, offsetof(struct catalog_resource, object)},
    {SLICE("list"), read_nested_list, offsetof(struct catalog_resource, list)},
    {SLICE("download"), read_download, offsetof(struct catalog_resource, download)},
    {SLICE("module"), catalog_read_name, offsetof(struct catalog_resource, module)},
    {SLICE("never"), catalog_read_names, offsetof(struct catalog_resource, never)},
    {SLICE("rules"), catalog_read_rules, offsetof(struct catalog_resource, rules)},
};

static void read_resource(struct catalog_reading *reading, const struct value *value,
                          struct catalog_resource *resource)
{
    reading->resource = value->name;
    resource->name = value->name;
    catalog_read_object(reading, value, resource_members,
                        sizeof(resource_members) / sizeof(resource_members[0]), resource);
    if (resource->visible.is_by_parents)
        take_parents(reading, resource);
    if (resource->kind == CATALOG_ROWS &&
        (!resource->singular.size || !resource->table.size || !resource->key.size))
        catalog_complain(reading, value->name, "needs singular, table and key");
    if (resource->key.size &&
        (catalog_names_hold(&resource->hidden, resource->key) ||
         (resource->sent.count && !catalog_names_hold(&resource->sent, resource->key))))
        catalog_complain(reading, SLICE("key"),
                         "must be sent: neither hidden nor missing under `sent`");
    if (resource->kind == CATALOG_SETTINGS && !resource->module.size)
        catalog_complain(reading, value->name, "needs module");
}

static void read_catalog(struct catalog_reading *reading, const struct value *root)
{
    struct catalog *catalog = reading->catalog;
    const struct value *resources = value_get(root, SLICE("resources"));
    if (!resources || resources->type != VALUE_OBJECT || resources->count == 0) {
        catalog_complain(reading, SLICE("resources"), "must be an object of at least one resource");
        return;
    }
    catalog->resources = catalog_alloc(reading, resources->count, sizeof(*catalog->resources));
    if (!catalog->resources)
        return;
    for (const struct value *item = resources->first; item; item = item->next)
        read_resource(reading, item, &catalog->resources[catalog->resource_count++]);
    catalog_check(reading);
}

enum result catalog_read(struct slice text, const char *source, struct catalog **catalog,
                         struct buffer *problems)
{
    static const struct json_limits limits = {
        .depth = 16, .names = 10000, .bytes = CATALOG_MOST_BYTES};
    struct json_fault fault = {0};
    struct value *root = NULL;
    *catalog = NULL;
    struct catalog *made = calloc(1, sizeof(*made));
    if (!made)
        return RESULT_NO_MEMORY;
    arena_init(&made->arena);
    struct slice kept = arena_copy(&made->arena, text);
    enum result result =
        kept.data ? json_read(&made->arena, kept, &limits, &root, &fault) : RESULT_NO_MEMORY;
    if (result == RESULT_OK) {
        struct catalog_reading reading = {.catalog = made, .source = source, .problems = problems};
        read_catalog(&reading, root);
        result = reading.has_failed ? RESULT_INVALID : RESULT_OK;
    } else {
        buffer_printf(problems, "%s:%zu: %s\n", source, fault.line, fault.reason);
    }
    if (result != RESULT_OK) {
        catalog_destroy(made);
        return result;
    }
    *catalog = made;
    return RESULT_OK;
}

enum result catalog_read_file(const char *path, struct catalog **catalog, struct buffer *problems)
{
    *catalog = NULL;
    FILE *file = fopen(path, "rbe");
    if (!file) {
        buffer_printf(problems, "%s: cannot be opened: %m\n", path);
        return RESULT_NOT_FOUND;
    }
    struct buffer text;
    buffer_init(&text);
    char *room = buffer_reserve(&text, CATALOG_MOST_BYTES + 1);
    text.size = room ? fread(room, 1, CATALOG_MOST_BYTES + 1, file) : 0;
    fclose(file);
    enum result result = RESULT_LIMIT;
    if (text.size > CATALOG_MOST_BYTES)
        buffer_printf(problems, "%s: larger than %d bytes\n", path, CATALOG_MOST_BYTES);
    else
        result = catalog_read(buffer_slice(&text), path, catalog, problems);
    buffer_clear(&text);
    return result;
}

void catalog_destroy(struct catalog *catalog)
{
    if (!catalog)
        return;
    arena_clear(&catalog->arena);
    free(catalog);
}

struct slice catalog_default_text(void)
{
    return slice_of((const char *)catalog_wbteampro, catalog_wbteampro_size);
}

bool catalog_names_hold(const struct catalog_names *names, struct slice name)
{
    for (size_t i = 0; i < names->count; i++)
        if (slice_equal(names->items[i], name))
            return true;
    return false;
}

enum result catalog_load(const char *path, struct catalog **catalog, struct buffer *problems)
{
    return path[0]
               ? catalog_read_file(path, catalog, problems)
               : catalog_read(catalog_default_text(), "the compiled-in catalog", catalog, problems);
}
