/* The constant glue of both formats in one table; the members through the writer. */
#include "resources/envelope.h"

#include "resources/column_value.h"

struct glue {
    struct slice open;      /* before request's members */
    struct slice data;      /* between request's and data's members */
    struct slice no_data;   /* between request's members and response's, without data */
    struct slice data_end;  /* after data's members */
    struct slice separator; /* before further members of response */
    struct slice close;     /* the end */
    struct slice content_type;
};

static const struct glue glues[FORMAT_COUNT] = {
    [FORMAT_JSON] = {SLICE("{\"request\":{"), SLICE("},\"response\":{\"data\":{"),
                     SLICE("},\"response\":{"), SLICE("}"), SLICE(","), SLICE("}}"),
                     SLICE("application/json; charset=utf-8")},
    [FORMAT_XML] = {SLICE("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<api><request>"),
                    SLICE("</request><response><data>"), SLICE("</request><response>"),
                    SLICE("</data>"), SLICE(""), SLICE("</response></api>"),
                    SLICE("application/xml; charset=utf-8")},
};

struct slice envelope_content_type(enum format format)
{
    return glues[format].content_type;
}

struct slice envelope_separator(enum format format)
{
    return glues[format].separator;
}

static void write_request(struct writer *writer, const struct envelope_request *request,
                          struct buffer *head)
{
    static const struct slice names[FORMAT_COUNT] = {
        [FORMAT_JSON] = SLICE("json"), [FORMAT_XML] = SLICE("xml")};
    buffer_append_slice(head, glues[request->format].open);
    writer_start(writer, head);
    writer_member_string(writer, SLICE("action"), request->action);
    writer_member_string(writer, SLICE("method"), request->method);
    writer_member_string(writer, SLICE("format"), names[request->format]);
    writer_member_integer(writer, SLICE("code"), request->code);
    writer_member_string(writer, SLICE("message"), request->message);
    writer_finish(writer);
}

/* Echoes a filter's value as it was understood: as a number where the column is one. */
static void write_filter_value(struct writer *writer, const struct model_column *column,
                               const struct value *value, struct arena *arena)
{
    struct database_value bound;
    struct slice expected;
    switch (value->type) {
    case VALUE_NULL:
        writer_null(writer);
        return;
    case VALUE_LIST:
        writer_list_begin(writer, SLICE("item"));
        for (const struct value *item = value->first; item; item = item->next)
            write_filter_value(writer, column, item, arena);
        writer_list_end(writer);
        return;
    case VALUE_OBJECT:
        writer_object_begin(writer);
        for (const struct value *item = value->first; item; item = item->next) {
            bool is_plain = slice_equal(item->name, SLICE("null"));
            writer_key(writer, item->name);
            if (is_plain && item->type == VALUE_BOOLEAN)
                writer_boolean(writer, item->boolean);
            else
                write_filter_value(writer, column, item, arena);
        }
        writer_object_end(writer);
        return;
    case VALUE_BOOLEAN:
    case VALUE_NUMBER:
    case VALUE_STRING:
        break;
    }
    if (column && column_value_read(column, value, arena, &bound, &expected))
        column_value_write(writer, column, &bound);
    else
        writer_string(writer, value->text);
}

static void write_parent_filter(struct writer *writer, const struct value *value)
{
    int64_t id = 0;
    slice_to_i64(value->text, &id);
    writer_integer(writer, id);
}

static bool is_chain_key(const struct chain *chain, struct slice name)
{
    for (size_t i = 0; i < chain->link_count; i++)
        if (chain->links[i].has_id && slice_equal(model_key(chain->links[i].resource)->name, name))
            return true;
    return false;
}

static void write_filters(struct writer *writer, const struct query_set *set,
                          const struct query *query, struct arena *arena)
{
    const struct chain *chain = set->chain;
    writer_key(writer, SLICE("filters"));
    writer_object_begin(writer);
    for (size_t i = 0; i < chain->link_count; i++)
        if (chain->links[i].has_id)
            writer_member_integer(writer, model_key(chain->links[i].resource)->name,
                                  chain->links[i].id);
    for (const struct value *item = query ? query->shown->first : NULL; item; item = item->next) {
        const struct model_column *column = model_column_find(query->resource, item->name);
        if (is_chain_key(chain, item->name) && item->type != VALUE_OBJECT)
            continue;
        writer_key(writer, item->name);
        if (column)
            write_filter_value(writer, column, item, arena);
        else
            write_parent_filter(writer, item);
    }
    if (query && query->search.size)
        writer_member_string(writer, SLICE("search"), query->search);
    if (!query && set->setting.size)
        writer_member_string(writer, SLICE("name"), set->setting);
    writer_object_end(writer);
}

static void write_totals(struct writer *writer, const struct envelope_page *page, bool is_ceil)
{
    uint64_t floor = page->total / page->limit;
    uint64_t ceil = floor + (page->total % page->limit ? 1 : 0);
    if (!page->has_total) {
        writer_member_null(writer, SLICE("total"));
        writer_member_integer(writer, SLICE("page"), (int64_t)page->page);
        writer_member_null(writer, SLICE("pages"));
        writer_member_null(writer, SLICE("page_count"));
        return;
    }
    writer_member_integer(writer, SLICE("total"), (int64_t)page->total);
    writer_member_integer(writer, SLICE("page"), (int64_t)page->page);
    writer_member_integer(writer, SLICE("pages"), (int64_t)(is_ceil ? ceil : floor));
    writer_member_integer(writer, SLICE("page_count"), (int64_t)(ceil ? ceil : 1));
}

static void write_data(struct writer *writer, const struct query_set *set,
                       const struct query *query, const struct envelope_page *page, bool is_ceil,
                       struct arena *arena)
{
    write_totals(writer, page, is_ceil);
    writer_member_integer(writer, SLICE("limit"), (int64_t)page->limit);
    writer_member_integer(writer, SLICE("offset"), (int64_t)page->offset);
    write_filters(writer, set, query, arena);
    if (page->next.size)
        writer_member_string(writer, SLICE("next"), page->next);
}

void envelope_write(struct writer *writer, const struct envelope_request *request,
                    const struct query_set *set, const struct envelope_page *pages,
                    bool pages_are_ceil, struct buffer *head, struct buffer *rows)
{
    const struct glue *glue = &glues[request->format];
    struct arena arena; /* for echoing filters only */
    arena_init(&arena);
    write_request(writer, request, head);
    buffer_append_slice(head, glue->data);
    writer_start(writer, head);
    write_data(writer, set, set->count ? &set->queries[0] : NULL, &pages[0], pages_are_ceil,
               &arena);
    if (set->chain->sibling_count) {
        writer_key(writer, SLICE("lists"));
        writer_object_begin(writer);
        for (size_t i = 0; i < set->count; i++) {
            writer_key(writer, set->queries[i].resource->name);
            writer_object_begin(writer);
            write_data(writer, set, &set->queries[i], &pages[i], pages_are_ceil, &arena);
            writer_object_end(writer);
        }
        writer_object_end(writer);
    }
    writer_finish(writer);
    arena_clear(&arena);
    buffer_append_slice(head, glue->data_end);
    if (rows->size)
        buffer_append_slice(head, glue->separator);
    buffer_append_slice(rows, glue->close);
}

void envelope_write_problem(struct writer *writer, const struct envelope_request *request,
                            const struct problem *problem, struct buffer *head)
{
    const struct glue *glue = &glues[request->format];
    write_request(writer, request, head);
    buffer_append_slice(head, glue->no_data);
    writer_start(writer, head);
    writer_key(writer, SLICE("errors"));
    writer_list_begin(writer, SLICE("error"));
    for (const struct problem_cause *cause = problem->first; cause; cause = cause->next) {
        writer_object_begin(writer);
        writer_member_string(writer, SLICE("code"), cause->code);
        if (cause->field.size)
            writer_member_string(writer, SLICE("field"), cause->field);
        else
            writer_member_null(writer, SLICE("field"));
        writer_member_string(writer, SLICE("detail"), cause->detail);
        writer_object_end(writer);
    }
    writer_list_end(writer);
    writer_finish(writer);
    buffer_append_slice(head, glue->close);
}
