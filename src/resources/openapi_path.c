/* The chains of remote-api.md, section 3, as paths: one row a shape. */
#include "resources/openapi_parts.h"

enum { MOST_OPERATIONS = 3 };

static const struct shape {
    const char *end;                                    /* after the resource; %k: {key} */
    enum openapi_operation operations[MOST_OPERATIONS]; /* OPENAPI_OPERATIONS: none */
    bool is_below; /* also under records of the resource's parents */
} shapes[] = {
    {"/{format}", {OPENAPI_LIST, OPENAPI_CREATE, OPENAPI_OPERATIONS}, true},
    {"/bythread/{format}", {OPENAPI_THREADS, OPENAPI_OPERATIONS, OPENAPI_OPERATIONS}, true},
    {"/%k/{format}", {OPENAPI_GET, OPENAPI_UPDATE, OPENAPI_DELETE}, false},
    {"/%k/{lists}/{format}", {OPENAPI_LISTS, OPENAPI_OPERATIONS, OPENAPI_OPERATIONS}, false},
    {"/%k/download", {OPENAPI_DOWNLOAD, OPENAPI_OPERATIONS, OPENAPI_OPERATIONS}, false},
    {"/%k/content/{format}", {OPENAPI_UPLOAD, OPENAPI_OPERATIONS, OPENAPI_OPERATIONS}, false},
};
enum { SHAPES = sizeof(shapes) / sizeof(shapes[0]) };

size_t openapi_children(const struct openapi *openapi, const struct model_resource *resource,
                        const struct model_resource **children, size_t most)
{
    size_t count = 0;
    for (size_t i = 0; i < openapi->model->resource_count && count < most; i++) {
        const struct model_resource *child = &openapi->model->resources[i];
        bool is_read = catalog_names_hold(&child->catalog->methods, SLICE("GET"));
        if (model_is_served(child) && is_read && model_parent_find(child, resource))
            children[count++] = child;
    }
    return count;
}

static bool has_several_lists(const struct openapi *openapi, const struct model_resource *resource)
{
    const struct model_resource *children[2];
    return openapi_children(openapi, resource, children, 2) == 2;
}

/* What the catalog offers, and the database can carry out. */
static bool is_offered(const struct openapi *openapi, enum openapi_operation operation,
                       const struct openapi_place *place)
{
    const struct model_resource *resource = place->resource;
    const struct catalog_names *methods = &resource->catalog->methods;
    bool is_put = catalog_names_hold(methods, SLICE("PUT"));
    switch (operation) {
    case OPENAPI_LIST:
    case OPENAPI_GET:
        return catalog_names_hold(methods, SLICE("GET"));
    case OPENAPI_CREATE:
        return resource->is_created &&
               (!place->parent || openapi_parent_column(place->parent).size);
    case OPENAPI_UPDATE:
        return is_put;
    case OPENAPI_DELETE:
        return catalog_names_hold(methods, SLICE("DELETE"));
    case OPENAPI_THREADS:
        return resource->has_threads;
    case OPENAPI_DOWNLOAD:
        return resource->has_download;
    case OPENAPI_UPLOAD:
        return resource->has_download && is_put;
    case OPENAPI_LISTS:
        return has_several_lists(openapi, resource);
    case OPENAPI_OPERATIONS:
        break;
    }
    return false;
}

static bool has_any(const struct openapi *openapi, const struct shape *shape,
                    const struct openapi_place *place)
{
    for (size_t i = 0; i < MOST_OPERATIONS; i++)
        if (is_offered(openapi, shape->operations[i], place))
            return true;
    return false;
}

typedef void shape_visitor(struct openapi *openapi, const struct shape *shape,
                           const struct openapi_place *place, void *context);

/* A resource's own paths, then those under its parents. */
static void each_shape(struct openapi *openapi, shape_visitor *visit, void *context)
{
    for (size_t r = 0; r < openapi->model->resource_count; r++) {
        const struct model_resource *resource = &openapi->model->resources[r];
        if (resource->catalog->kind != CATALOG_ROWS || !model_is_served(resource))
            continue;
        for (size_t p = 0; p <= resource->parent_count; p++) {
            const struct openapi_place place = {.resource = resource,
                                                .parent = p ? &resource->parents[p - 1] : NULL};
            bool is_there = !place.parent || model_is_served(place.parent->resource);
            for (size_t s = 0; s < SHAPES && is_there; s++)
                if ((shapes[s].is_below || !place.parent) && has_any(openapi, &shapes[s], &place))
                    visit(openapi, &shapes[s], &place, context);
        }
    }
}

/* --- operations ----------------------------------------------------------------------------- */

static void visit_operations(struct openapi *openapi, const struct shape *shape,
                             const struct openapi_place *place, void *context)
{
    openapi_visitor *const *visit = context;
    for (size_t i = 0; i < MOST_OPERATIONS; i++)
        if (is_offered(openapi, shape->operations[i], place))
            (*visit)(openapi, shape->operations[i], place);
}

void openapi_each_operation(struct openapi *openapi, openapi_visitor *visit)
{
    each_shape(openapi, visit_operations, &visit);
}

/* --- paths ---------------------------------------------------------------------------------- */

static struct slice print_path(struct openapi *openapi, const struct shape *shape,
                               const struct openapi_place *place)
{
    const struct model_resource *resource = place->resource;
    struct slice before = SLICE("");
    struct slice end = slice_from(shape->end);
    struct slice key = SLICE("");
    if (place->parent)
        before = openapi_print(openapi, "%.*s/{%.*s}/", SLICE_ARGS(place->parent->resource->name),
                               SLICE_ARGS(openapi_key_name(openapi, place->parent->resource)));
    if (slice_starts_with(end, SLICE("/%k"))) {
        key = openapi_print(openapi, "/{%.*s}", SLICE_ARGS(openapi_key_name(openapi, resource)));
        end = slice_skip(end, 3);
    }
    return openapi_print(openapi, "%.*s/api.php/v1/%.*s%.*s%.*s%.*s",
                         SLICE_ARGS(openapi->settings->base), SLICE_ARGS(before),
                         SLICE_ARGS(resource->name), SLICE_ARGS(key), SLICE_ARGS(end));
}

static void visit_path(struct openapi *openapi, const struct shape *shape,
                       const struct openapi_place *place, void *context)
{
    openapi_visitor *operation = openapi_operation;
    (void)context;
    openapi_object_named(openapi, print_path(openapi, shape, place));
    visit_operations(openapi, shape, place, &operation);
    openapi_end(openapi);
}

void openapi_paths(struct openapi *openapi)
{
    each_shape(openapi, visit_path, NULL);
}
