/* The catalog's rules for writing: `rules` of a resource. */
#include "resources/catalog_reading.h"

static bool read_integer(const struct value *value, int64_t *number)
{
    return value && value->type == VALUE_NUMBER && slice_to_i64(value->text, number);
}

static void read_bound(struct catalog_reading *reading, const struct value *value,
                       struct catalog_bound *bound)
{
    bound->column = value->name;
    bool is_pair = value->type == VALUE_LIST && value->count == 2 &&
                   read_integer(value->first, &bound->least) &&
                   read_integer(value->last, &bound->most) && bound->least <= bound->most;
    if (!is_pair)
        catalog_complain(reading, value->name, "must be two integers, the lesser first");
}

static void read_bounds(struct catalog_reading *reading, const struct value *value, void *into)
{
    struct catalog_rules *rules = into;
    if (value->type != VALUE_OBJECT) {
        catalog_complain(reading, value->name, "must be an object of columns and their bounds");
        return;
    }
    rules->bounds = catalog_alloc(reading, value->count, sizeof(*rules->bounds));
    if (!rules->bounds)
        return;
    for (const struct value *item = value->first; item; item = item->next)
        read_bound(reading, item, &rules->bounds[rules->bound_count++]);
}

static void read_reference(struct catalog_reading *reading, const struct value *value,
                           struct catalog_reference *reference)
{
    static const struct catalog_member members[] = {
        {SLICE("where"), catalog_read_constants, offsetof(struct catalog_reference, where)},
        {SLICE("resource"), catalog_read_name, offsetof(struct catalog_reference, resource)},
        {SLICE("table"), catalog_read_name, offsetof(struct catalog_reference, table)},
        {SLICE("key"), catalog_read_name, offsetof(struct catalog_reference, key)},
    };
    reference->column = value->name;
    catalog_read_object(reading, value, members, sizeof(members) / sizeof(members[0]), reference);
    bool has_table = reference->table.size && reference->key.size;
    bool is_one =
        reference->resource.size ? !reference->table.size && !reference->key.size : has_table;
    if (!is_one)
        catalog_complain(reading, value->name, "needs resource, or table and key");
}

static void read_references(struct catalog_reading *reading, const struct value *value, void *into)
{
    struct catalog_rules *rules = into;
    if (value->type != VALUE_OBJECT) {
        catalog_complain(reading, value->name, "must be an object of columns and what they name");
        return;
    }
    rules->references = catalog_alloc(reading, value->count, sizeof(*rules->references));
    if (!rules->references)
        return;
    for (const struct value *item = value->first; item; item = item->next)
        read_reference(reading, item, &rules->references[rules->reference_count++]);
}

static void read_now(struct catalog_reading *reading, const struct value *value, void *into)
{
    static const struct catalog_member members[] = {
        {SLICE("create"), catalog_read_names, offsetof(struct catalog_rules, now_on_create)},
        {SLICE("update"), catalog_read_names, offsetof(struct catalog_rules, now_on_update)},
    };
    catalog_read_object(reading, value, members, sizeof(members) / sizeof(members[0]), into);
}

static void read_tree(struct catalog_reading *reading, const struct value *value, void *into)
{
    static const struct catalog_member members[] = {
        {SLICE("column"), catalog_read_name, offsetof(struct catalog_tree, column)},
        {SLICE("children"), catalog_read_name, offsetof(struct catalog_tree, children)},
    };
    struct catalog_tree *tree = into;
    catalog_read_object(reading, value, members, sizeof(members) / sizeof(members[0]), tree);
    if (!tree->column.size || !tree->children.size)
        catalog_complain(reading, value->name, "needs column and children");
}

/* {"project_function": "archive"} */
static void read_constant(struct catalog_reading *reading, const struct value *value, void *into)
{
    struct catalog_constants constants = {0};
    catalog_read_constants(reading, value, &constants);
    if (constants.count == 1)
        *(struct catalog_constant *)into = constants.items[0];
    else if (value->type == VALUE_OBJECT)
        catalog_complain(reading, value->name, "must hold just one column and its value");
}

void catalog_read_rules(struct catalog_reading *reading, const struct value *value, void *into)
{
    static const struct catalog_member members[] = {
        {SLICE("bounds"), read_bounds, 0},
        {SLICE("references"), read_references, 0},
        {SLICE("now"), read_now, 0},
        {SLICE("viewer"), catalog_read_names, offsetof(struct catalog_rules, viewer)},
        {SLICE("activity"), catalog_read_name, offsetof(struct catalog_rules, activity)},
        {SLICE("tree"), read_tree, offsetof(struct catalog_rules, tree)},
        {SLICE("locked"), read_constant, offsetof(struct catalog_rules, locked)},
        {SLICE("closed"), read_constant, offsetof(struct catalog_rules, closed)},
        {SLICE("invoice"), catalog_read_name, offsetof(struct catalog_rules, invoice)},
        {SLICE("dependants"), catalog_read_names, offsetof(struct catalog_rules, dependants)},
    };
    catalog_read_object(reading, value, members, sizeof(members) / sizeof(members[0]), into);
}
