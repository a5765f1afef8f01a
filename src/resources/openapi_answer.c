/* The envelope of each kind of answer (remote-api.md, section 5): its schema and an example. */
#include "resources/openapi_parts.h"

enum { MOST_CHILDREN = 16, SHOWN_CHILDREN = 2 };

static const char *const names[OPENAPI_ANSWERS] = {
    [OPENAPI_ANSWER_LIST] = "%P%SListAnswer",
    [OPENAPI_ANSWER_RECORD] = "%SAnswer",
    [OPENAPI_ANSWER_CREATED] = "%P%SCreatedAnswer",
    [OPENAPI_ANSWER_THREADS] = "%P%SThreadListAnswer",
    [OPENAPI_ANSWER_LISTS] = "%SListsAnswer",
    [OPENAPI_ANSWER_DELETED] = "DeletedAnswer",
};

struct slice openapi_answer_name(struct openapi *openapi, enum openapi_answer answer,
                                 const struct openapi_place *place)
{
    return openapi_phrase(openapi, names[answer], place);
}

static bool is_single(enum openapi_answer answer)
{
    return answer == OPENAPI_ANSWER_RECORD || answer == OPENAPI_ANSWER_CREATED;
}

static bool is_many(enum openapi_answer answer)
{
    return answer == OPENAPI_ANSWER_LIST || answer == OPENAPI_ANSWER_THREADS ||
           answer == OPENAPI_ANSWER_CREATED;
}

/* The record that stands above: the chain's, or the one whose lists are asked for. */
static const struct model_resource *above(enum openapi_answer answer,
                                          const struct openapi_place *place)
{
    if (answer == OPENAPI_ANSWER_LISTS)
        return place->resource;
    return place->parent ? place->parent->resource : NULL;
}

/* --- schema --------------------------------------------------------------------------------- */

static void write_single(struct openapi *openapi, const struct model_resource *resource)
{
    const struct openapi_place place = {.resource = resource};
    openapi_ref_named(openapi, resource->singular, "schemas",
                      openapi_phrase(openapi, "%S", &place));
}

static void write_many(struct openapi *openapi, const struct model_resource *resource,
                       const char *component)
{
    const struct openapi_place place = {.resource = resource};
    openapi_object_named(openapi, resource->name);
    openapi_words(openapi, "type", "array");
    openapi_object(openapi, "xml");
    openapi_flag(openapi, "wrapped", true);
    openapi_end(openapi);
    openapi_object(openapi, "items");
    openapi_ref(openapi, "schemas", openapi_phrase(openapi, component, &place));
    openapi_object(openapi, "xml");
    openapi_text(openapi, "name", resource->singular);
    openapi_end(openapi);
    openapi_end(openapi);
    openapi_end(openapi);
}

static void write_members(struct openapi *openapi, enum openapi_answer answer,
                          const struct openapi_place *place)
{
    const struct model_resource *children[MOST_CHILDREN];
    const struct model_resource *parent = above(answer, place);
    openapi_ref_named(openapi, SLICE("data"), "schemas", SLICE("Data"));
    if (parent)
        write_single(openapi, parent);
    if (is_single(answer))
        write_single(openapi, place->resource);
    if (is_many(answer))
        write_many(openapi, place->resource, answer == OPENAPI_ANSWER_THREADS ? "%SThread" : "%S");
    size_t count = answer == OPENAPI_ANSWER_LISTS
                       ? openapi_children(openapi, place->resource, children, MOST_CHILDREN)
                       : 0;
    for (size_t i = 0; i < count; i++)
        write_many(openapi, children[i], "%S");
}

static void write_required(struct openapi *openapi, enum openapi_answer answer,
                           const struct openapi_place *place)
{
    const struct model_resource *parent = above(answer, place);
    openapi_list(openapi, "required");
    writer_string(openapi->writer, SLICE("data"));
    if (parent)
        writer_string(openapi->writer, parent->singular);
    if (answer == OPENAPI_ANSWER_RECORD)
        writer_string(openapi->writer, place->resource->singular);
    if (answer == OPENAPI_ANSWER_LIST || answer == OPENAPI_ANSWER_THREADS)
        writer_string(openapi->writer, place->resource->name);
    openapi_list_end(openapi);
}

/* One record is answered by itself, several as a list. */
static void write_alternatives(struct openapi *openapi, const struct model_resource *resource)
{
    const struct slice members[] = {resource->singular, resource->name};
    openapi_list(openapi, "oneOf");
    for (size_t i = 0; i < 2; i++) {
        openapi_item(openapi);
        openapi_list(openapi, "required");
        writer_string(openapi->writer, members[i]);
        openapi_list_end(openapi);
        openapi_end(openapi);
    }
    openapi_list_end(openapi);
}

void openapi_answer_schema(struct openapi *openapi, enum openapi_answer answer,
                           const struct openapi_place *place)
{
    openapi_object_named(openapi, openapi_answer_name(openapi, answer, place));
    openapi_words(openapi, "type", "object");
    openapi_object(openapi, "xml");
    openapi_words(openapi, "name", "api");
    openapi_end(openapi);
    openapi_list(openapi, "required");
    writer_string(openapi->writer, SLICE("request"));
    writer_string(openapi->writer, SLICE("response"));
    openapi_list_end(openapi);
    openapi_object(openapi, "properties");
    openapi_ref_named(openapi, SLICE("request"), "schemas", SLICE("Echo"));
    openapi_object(openapi, "response");
    openapi_words(openapi, "type", "object");
    write_required(openapi, answer, place);
    if (answer == OPENAPI_ANSWER_CREATED)
        write_alternatives(openapi, place->resource);
    openapi_object(openapi, "properties");
    write_members(openapi, answer, place);
    openapi_end(openapi);
    openapi_end(openapi);
    openapi_end(openapi);
    openapi_end(openapi);
}

/* --- example -------------------------------------------------------------------------------- */

static struct slice action_of(struct openapi *openapi, enum openapi_answer answer,
                              const struct openapi_place *place)
{
    const struct model_resource *parent = above(answer, place);
    const char *end = answer == OPENAPI_ANSWER_RECORD    ? "/1"
                      : answer == OPENAPI_ANSWER_THREADS ? "/bythread"
                                                         : "";
    struct slice before =
        parent ? openapi_print(openapi, "%.*s/1/", SLICE_ARGS(parent->name)) : SLICE("");
    const struct model_resource *children[MOST_CHILDREN];
    if (answer != OPENAPI_ANSWER_LISTS)
        return openapi_print(openapi, "%.*s%.*s%s", SLICE_ARGS(before),
                             SLICE_ARGS(place->resource->name), end);
    openapi_children(openapi, place->resource, children, MOST_CHILDREN);
    return openapi_print(openapi, "%.*s%.*s,%.*s", SLICE_ARGS(before),
                         SLICE_ARGS(children[0]->name), SLICE_ARGS(children[1]->name));
}

static void example_request(struct openapi *openapi, enum openapi_answer answer,
                            const struct openapi_place *place)
{
    openapi_object(openapi, "request");
    openapi_text(openapi, "action", action_of(openapi, answer, place));
    openapi_words(openapi, "method", answer == OPENAPI_ANSWER_CREATED ? "POST" : "GET");
    openapi_words(openapi, "format", "json");
    openapi_integer(openapi, "code", 200);
    openapi_words(openapi, "message", "Success");
    openapi_end(openapi);
}

static void example_page(struct openapi *openapi, enum openapi_answer answer,
                         const struct openapi_place *place)
{
    const struct model_resource *parent = above(answer, place);
    openapi_integer(openapi, "total", 1);
    openapi_integer(openapi, "page", 1);
    openapi_integer(openapi, "pages", is_single(answer) ? 1 : 0);
    openapi_integer(openapi, "page_count", 1);
    openapi_integer(openapi, "limit", is_single(answer) ? 1 : 50);
    openapi_integer(openapi, "offset", 0);
    openapi_object(openapi, "filters");
    if (parent)
        writer_member_integer(openapi->writer, model_key(parent)->name, 1);
    if (answer == OPENAPI_ANSWER_RECORD)
        writer_member_integer(openapi->writer, model_key(place->resource)->name, 1);
    openapi_end(openapi);
}

static void example_many(struct openapi *openapi, enum openapi_answer answer,
                         const struct model_resource *resource)
{
    const struct catalog_threads *threads = &resource->catalog->threads;
    writer_key(openapi->writer, resource->name);
    writer_list_begin(openapi->writer, resource->singular);
    openapi_item(openapi);
    openapi_example_record(openapi, resource);
    if (answer == OPENAPI_ANSWER_THREADS)
        writer_member_integer(openapi->writer, threads->count, 1);
    openapi_end(openapi);
    openapi_list_end(openapi);
}

static void example_single(struct openapi *openapi, const struct model_resource *resource)
{
    openapi_object_named(openapi, resource->singular);
    openapi_example_record(openapi, resource);
    openapi_end(openapi);
}

static void example_lists(struct openapi *openapi, const struct openapi_place *place, bool is_pages)
{
    const struct model_resource *children[MOST_CHILDREN];
    openapi_children(openapi, place->resource, children, MOST_CHILDREN);
    for (size_t i = 0; i < SHOWN_CHILDREN; i++) {
        if (!is_pages) {
            example_many(openapi, OPENAPI_ANSWER_LIST, children[i]);
            continue;
        }
        openapi_object_named(openapi, children[i]->name);
        example_page(openapi, OPENAPI_ANSWER_LISTS, place);
        openapi_end(openapi);
    }
}

static void example_response(struct openapi *openapi, enum openapi_answer answer,
                             const struct openapi_place *place)
{
    const struct model_resource *parent = above(answer, place);
    openapi_object(openapi, "data");
    example_page(openapi, answer, place);
    if (answer == OPENAPI_ANSWER_LISTS) {
        openapi_object(openapi, "lists");
        example_lists(openapi, place, true);
        openapi_end(openapi);
    }
    openapi_end(openapi);
    if (parent)
        example_single(openapi, parent);
    if (is_single(answer))
        example_single(openapi, place->resource);
    else if (is_many(answer))
        example_many(openapi, answer, place->resource);
    else
        example_lists(openapi, place, false);
}

void openapi_answer_example(struct openapi *openapi, enum openapi_answer answer,
                            const struct openapi_place *place)
{
    openapi_object_named(openapi, openapi_answer_name(openapi, answer, place));
    openapi_object(openapi, "value");
    example_request(openapi, answer, place);
    openapi_object(openapi, "response");
    example_response(openapi, answer, place);
    openapi_end(openapi);
    openapi_end(openapi);
    openapi_end(openapi);
}
