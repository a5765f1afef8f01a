/* What no resource of the catalog can say of itself: whether its resources fit each other. */
#include "resources/catalog_reading.h"

static const struct catalog_resource *find_resource(const struct catalog *catalog,
                                                    struct slice name)
{
    for (size_t i = 0; i < catalog->resource_count; i++)
        if (slice_equal(catalog->resources[i].name, name))
            return &catalog->resources[i];
    return NULL;
}

static void check_named(struct catalog_reading *reading, struct slice name)
{
    if (name.size && !find_resource(reading->catalog, name))
        catalog_complain(reading, name, "no such resource is in the catalog");
}

static void check_named_by_parents(struct catalog_reading *reading,
                                   const struct catalog_resource *resource)
{
    for (size_t p = 0; p < resource->parent_count; p++) {
        const struct catalog_parent *parent = &resource->parents[p];
        check_named(reading, parent->resource);
        for (size_t l = 0; l < parent->link_count; l++)
            check_named(reading, parent->links[l].through_resource);
    }
}

static void check_named_by_visible(struct catalog_reading *reading,
                                   const struct catalog_visible *visible)
{
    for (size_t i = 0; i < visible->below_count; i++)
        check_named(reading, visible->below[i].resource);
    for (size_t i = 0; i < visible->any_count; i++)
        check_named(reading, visible->any[i].referrer);
}

static void check_named_by_rules(struct catalog_reading *reading, const struct catalog_rules *rules)
{
    for (size_t i = 0; i < rules->reference_count; i++)
        check_named(reading, rules->references[i].resource);
    for (size_t i = 0; i < rules->dependants.count; i++)
        check_named(reading, rules->dependants.items[i]);
}

/* Every resource that another one names must be there. */
static void check_references(struct catalog_reading *reading)
{
    const struct catalog *catalog = reading->catalog;
    for (size_t i = 0; i < catalog->resource_count; i++) {
        const struct catalog_resource *resource = &catalog->resources[i];
        reading->resource = resource->name;
        check_named(reading, resource->object.resource);
        check_named_by_parents(reading, resource);
        check_named_by_visible(reading, &resource->visible);
        check_named_by_rules(reading, &resource->rules);
    }
}

/* Follows what a rule of visibility names; false when that goes too far, as in a circle. */
static bool ends_soon(const struct catalog *catalog, struct slice name, unsigned steps)
{
    const struct catalog_resource *resource = find_resource(catalog, name);
    if (!resource)
        return true;
    if (steps > CATALOG_MOST_VISIBLE_STEPS)
        return false;
    const struct catalog_visible *visible = &resource->visible;
    bool ends = true;
    for (size_t i = 0; ends && i < visible->below_count; i++)
        ends = ends_soon(catalog, visible->below[i].resource, steps + 1);
    for (size_t i = 0; ends && i < visible->any_count; i++)
        ends = ends_soon(catalog, visible->any[i].referrer, steps + 1);
    return ends;
}

static void check_circles(struct catalog_reading *reading)
{
    for (size_t i = 0; i < reading->catalog->resource_count; i++) {
        reading->resource = reading->catalog->resources[i].name;
        if (!ends_soon(reading->catalog, reading->resource, 0))
            catalog_complain(reading, SLICE("visible"),
                             "leads through too many resources, or in a circle");
    }
}

/* --- what writing asks for ------------------------------------------------------------------- */

static bool offers(const struct catalog_resource *resource, struct slice method)
{
    return catalog_names_hold(&resource->methods, method);
}

static bool is_sent(const struct catalog_resource *resource, struct slice column)
{
    return !catalog_names_hold(&resource->hidden, column) &&
           (!resource->sent.count || catalog_names_hold(&resource->sent, column));
}

/* The nth column by which its rows name others: direct links to parents, then references. */
static bool reference_at(const struct catalog_resource *resource, size_t nth,
                         struct catalog_below *into)
{
    for (size_t p = 0; p < resource->parent_count; p++) {
        const struct catalog_parent *parent = &resource->parents[p];
        for (size_t l = 0; l < parent->link_count; l++) {
            const struct catalog_link *link = &parent->links[l];
            *into = (struct catalog_below){parent->resource, link->column, link->where};
            if (!link->through_resource.size && nth-- == 0)
                return true;
        }
    }
    if (nth >= resource->rules.reference_count)
        return false;
    const struct catalog_reference *reference = &resource->rules.references[nth];
    *into = (struct catalog_below){reference->resource, reference->column, reference->where};
    return true;
}

static bool names(const struct catalog_resource *resource, struct slice column, struct slice other)
{
    struct catalog_below reference;
    for (size_t i = 0; reference_at(resource, i, &reference); i++)
        if (slice_equal(reference.resource, other) &&
            (!column.size || slice_equal(reference.column, column)))
            return true;
    return false;
}

static void check_methods(struct catalog_reading *reading, const struct catalog_resource *resource)
{
    static const struct slice known[] = {SLICE("GET"), SLICE("POST"), SLICE("PUT"),
                                         SLICE("DELETE")};
    const struct catalog_names all = {(struct slice *)known, 4};
    for (size_t i = 0; i < resource->methods.count; i++) {
        bool is_read = slice_equal(resource->methods.items[i], known[0]);
        if (!catalog_names_hold(&all, resource->methods.items[i]))
            catalog_complain(reading, SLICE("methods"), "must be of GET, POST, PUT and DELETE");
        else if (!is_read && resource->kind != CATALOG_ROWS)
            catalog_complain(reading, SLICE("methods"), "only rows of a table can be written");
    }
}

/* What a chain says must find its way into the row, and out of it again. */
static void check_links(struct catalog_reading *reading, const struct catalog_parent *parent,
                        const struct catalog_resource *resource)
{
    bool has_direct = false;
    for (size_t i = 0; i < parent->link_count; i++) {
        const struct catalog_link *link = &parent->links[i];
        if (link->through_resource.size)
            continue;
        has_direct = true;
        bool are_sent = is_sent(resource, link->column);
        for (size_t w = 0; w < link->where.count; w++)
            are_sent = are_sent && is_sent(resource, link->where.items[w].column);
        if (!are_sent)
            catalog_complain(reading, parent->resource,
                             "the link's columns must be sent where rows are written");
    }
    if (!has_direct && offers(resource, SLICE("POST")))
        catalog_complain(reading, parent->resource,
                         "needs a link without `through` where rows are created");
}

static void check_own_links(struct catalog_reading *reading,
                            const struct catalog_resource *resource)
{
    const struct slice tree = resource->rules.tree.column;
    const struct slice thread = resource->threads.column;
    if (tree.size && !names(resource, tree, resource->name))
        catalog_complain(reading, SLICE("tree"),
                         "its column must be among the references, to this resource");
    if (thread.size && !names(resource, thread, resource->name))
        catalog_complain(reading, SLICE("threads"),
                         "its column must be among the references, to this resource");
    if (resource->rules.closed.column.size && !thread.size)
        catalog_complain(reading, SLICE("closed"), "there are no threads to be closed");
}

/* How far its rows are from those that name no others; CATALOG_MOST_LEVELS: too far. */
static unsigned level_of(const struct catalog *catalog, const struct catalog_resource *resource,
                         unsigned depth)
{
    struct catalog_below reference;
    unsigned level = 0;
    if (depth >= CATALOG_MOST_LEVELS)
        return CATALOG_MOST_LEVELS;
    for (size_t i = 0; level < CATALOG_MOST_LEVELS && reference_at(resource, i, &reference); i++) {
        const struct catalog_resource *above = find_resource(catalog, reference.resource);
        unsigned its = above && above != resource ? level_of(catalog, above, depth + 1) + 1 : 0;
        level = its > level ? its : level;
    }
    return level;
}

/* Also of what is only read: rows that are written may name it. */
static void check_count(struct catalog_reading *reading, const struct catalog_resource *resource)
{
    struct catalog_below reference;
    if (reference_at(resource, CATALOG_MOST_REFERENCES, &reference))
        catalog_complain(reading, SLICE("references"),
                         "too many: at most 16, direct links to parents among them");
}

static void check_named_rows(struct catalog_reading *reading,
                             const struct catalog_resource *resource)
{
    struct catalog_below reference;
    for (size_t i = 0; reference_at(resource, i, &reference); i++) {
        const struct catalog_resource *named = find_resource(reading->catalog, reference.resource);
        if (named && named->kind != CATALOG_ROWS)
            catalog_complain(reading, reference.column, "names rows of what has no table");
    }
    if (level_of(reading->catalog, resource, 0) >= CATALOG_MOST_LEVELS)
        catalog_complain(reading, SLICE("references"),
                         "lead through too many resources, or in a circle");
}

/* Rows are deleted two steps down: what hangs on the record, and what hangs on that. */
static void check_dependants(struct catalog_reading *reading,
                             const struct catalog_resource *resource)
{
    for (size_t i = 0; i < resource->rules.dependants.count; i++) {
        struct slice name = resource->rules.dependants.items[i];
        const struct catalog_resource *below = find_resource(reading->catalog, name);
        if (below && !names(below, slice_of("", 0), resource->name))
            catalog_complain(reading, name, "is no dependant: none of its columns names this");
        for (size_t d = 0; below && d < below->rules.dependants.count; d++) {
            const struct catalog_resource *deeper =
                find_resource(reading->catalog, below->rules.dependants.items[d]);
            if (deeper && deeper->rules.dependants.count)
                catalog_complain(reading, name, "has dependants that have dependants themselves");
        }
    }
}

/* What is said of bytes is the gateway's to say: no client may point at those of others. */
static void check_bytes(struct catalog_reading *reading, const struct catalog_resource *resource)
{
    const struct catalog_download *download = &resource->download;
    const struct slice columns[] = {download->path, download->sha256, download->size};
    for (size_t i = 0; i < sizeof(columns) / sizeof(columns[0]); i++)
        if (columns[i].size && is_sent(resource, columns[i]) &&
            !catalog_names_hold(&resource->kept, columns[i]))
            catalog_complain(reading, columns[i], "must be hidden or kept where files are written");
}

static void check_written(struct catalog_reading *reading)
{
    for (size_t i = 0; i < reading->catalog->resource_count; i++) {
        const struct catalog_resource *resource = &reading->catalog->resources[i];
        reading->resource = resource->name;
        check_methods(reading, resource);
        check_count(reading, resource);
        check_dependants(reading, resource);
        bool is_stored = offers(resource, SLICE("POST")) || offers(resource, SLICE("PUT"));
        if (is_stored || offers(resource, SLICE("DELETE")))
            check_named_rows(reading, resource);
        for (size_t p = 0; is_stored && p < resource->parent_count; p++)
            check_links(reading, &resource->parents[p], resource);
        if (is_stored)
            check_own_links(reading, resource);
        if (is_stored)
            check_bytes(reading, resource);
    }
}

void catalog_check(struct catalog_reading *reading)
{
    check_references(reading);
    check_circles(reading);
    check_written(reading);
}
