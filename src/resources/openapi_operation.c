/* Operations: one row a kind. */
#include "resources/openapi_parts.h"

static const struct {
    const char *method;
    const char *id;
    const char *summary;       /* at the top */
    const char *summary_below; /* under a record of a parent */
    const char *description;
    enum openapi_answer answer;
    unsigned errors; /* beside OPENAPI_ALWAYS */
} kinds[OPENAPI_OPERATIONS] = {
    [OPENAPI_LIST] =
        {"get", "list%P%R", "List %r", "List the %r of %b %p",
         "A page of %r. Every filter, the list words and `params` may be combined; what "
         "goes on has `data.next`, which `cursor` takes.",
         OPENAPI_ANSWER_LIST, OPENAPI_VALUE},
    [OPENAPI_CREATE] = {"post", "create%P%S", "Create %a %s", "Create %a %s under %b %p",
                        "Creates %a %s, or of a list of at most 500 all or none, and answers what "
                        "was stored. The body may also be given as `params` in the query.",
                        OPENAPI_ANSWER_CREATED,
                        OPENAPI_NOT_FOUND | OPENAPI_LOCKED | OPENAPI_LARGE | OPENAPI_MEDIA |
                            OPENAPI_VALUE},
    [OPENAPI_GET] = {"get", "get%S", "Read %a %s", "", "One of the %r.", OPENAPI_ANSWER_RECORD,
                     OPENAPI_NOT_FOUND | OPENAPI_VALUE},
    [OPENAPI_UPDATE] = {"put", "update%S", "Change %a %s", "",
                        "Changes the columns that are given and leaves the others; answers the %s "
                        "as it is stored afterwards.",
                        OPENAPI_ANSWER_RECORD,
                        OPENAPI_NOT_FOUND | OPENAPI_LOCKED | OPENAPI_STALE | OPENAPI_LARGE |
                            OPENAPI_MEDIA | OPENAPI_VALUE},
    [OPENAPI_DELETE] = {"delete", "delete%S", "Delete %a %s", "",
                        "Deletes the %s and all that hangs on it, and tells how much that was.",
                        OPENAPI_ANSWER_DELETED,
                        OPENAPI_NOT_FOUND | OPENAPI_LOCKED | OPENAPI_STALE | OPENAPI_VALUE},
    [OPENAPI_THREADS] = {"get", "list%P%SThreads", "List threads of %r",
                         "List threads of %r of %b %p",
                         "One row a thread, the most recently active first.",
                         OPENAPI_ANSWER_THREADS, OPENAPI_VALUE},
    [OPENAPI_DOWNLOAD] = {"get", "download%S", "Download %a %s", "",
                          "The %s's bytes, whole or in ranges; errors are in JSON.",
                          OPENAPI_ANSWERS,
                          OPENAPI_NOT_FOUND | OPENAPI_STALE | OPENAPI_RANGE | OPENAPI_VALUE},
    [OPENAPI_UPLOAD] = {"put", "replace%SContent", "Replace the bytes of %a %s", "",
                        "The body is the %s's new bytes, of any type but a form; columns may be "
                        "changed with it by `params` in the query.",
                        OPENAPI_ANSWER_RECORD,
                        OPENAPI_NOT_FOUND | OPENAPI_LOCKED | OPENAPI_STALE | OPENAPI_LARGE |
                            OPENAPI_MEDIA | OPENAPI_VALUE | OPENAPI_DISK},
    [OPENAPI_LISTS] = {"get", "list%SLists", "Read several lists of %a %s at once", "",
                       "The lists that the path names, comma-separated, in one answer. `limit`, "
                       "`page`, `offset` and `count` apply to each; `params` may hold an object "
                       "for each by its name.",
                       OPENAPI_ANSWER_LISTS, OPENAPI_NOT_FOUND | OPENAPI_VALUE},
};

enum openapi_answer openapi_operation_answer(enum openapi_operation operation,
                                             const struct openapi_place *place)
{
    bool is_read = catalog_names_hold(&place->resource->catalog->methods, SLICE("GET"));
    bool is_repeated = operation == OPENAPI_DELETE || operation == OPENAPI_UPLOAD ||
                       (operation == OPENAPI_UPDATE && is_read);
    return is_repeated ? OPENAPI_ANSWERS : kinds[operation].answer;
}

static bool is_read(enum openapi_operation operation)
{
    return slice_equal(slice_from(kinds[operation].method), SLICE("get"));
}

static unsigned errors_of(enum openapi_operation operation, const struct openapi_place *place)
{
    unsigned errors = kinds[operation].errors | OPENAPI_ALWAYS;
    bool takes_bytes = place->resource->has_download &&
                       (operation == OPENAPI_CREATE || operation == OPENAPI_UPDATE);
    if (place->parent)
        errors |= OPENAPI_NOT_FOUND;
    return takes_bytes ? errors | OPENAPI_DISK : errors;
}

/* --- what is answered ----------------------------------------------------------------------- */

void openapi_headers(struct openapi *openapi, const char *const *more, size_t count)
{
    static const char *const always[] = {"X-Request-Id", "RateLimit", "RateLimit-Policy",
                                         "Server-Timing"};
    openapi_object(openapi, "headers");
    for (size_t i = 0; i < sizeof(always) / sizeof(always[0]); i++)
        openapi_ref_named(openapi, slice_from(always[i]), "headers", slice_from(always[i]));
    for (size_t i = 0; i < count; i++)
        openapi_ref_named(openapi, slice_from(more[i]), "headers", slice_from(more[i]));
    openapi_end(openapi);
}

static void write_answer(struct openapi *openapi, struct slice answer)
{
    if (!openapi->settings->errors_are_200) {
        openapi_ref_named(openapi, SLICE("schema"), "schemas", answer);
        return;
    }
    openapi_object(openapi, "schema");
    openapi_list(openapi, "anyOf");
    openapi_ref_item(openapi, "schemas", answer);
    openapi_ref_item(openapi, "schemas", SLICE("ErrorAnswer"));
    openapi_list_end(openapi);
    openapi_end(openapi);
}

void openapi_answered(struct openapi *openapi, struct slice answer, bool is_created)
{
    static const char *const headers[] = {"ETag", "Location"};
    openapi_object(openapi, "200");
    openapi_words(openapi, "description", "Success.");
    openapi_headers(openapi, headers, is_created ? 2 : 1);
    openapi_object(openapi, "content");
    openapi_object(openapi, "application/json");
    write_answer(openapi, answer);
    openapi_object(openapi, "examples");
    openapi_ref_named(openapi, SLICE("answer"), "examples", answer);
    openapi_end(openapi);
    openapi_end(openapi);
    openapi_object(openapi, "application/xml");
    write_answer(openapi, answer);
    openapi_end(openapi);
    openapi_end(openapi);
    openapi_end(openapi);
}

static void write_bytes(struct openapi *openapi, const char *status, const char *description)
{
    static const char *const headers[] = {"ETag", "Content-Disposition", "Last-Modified",
                                          "Accept-Ranges", "Content-Range"};
    bool is_part = slice_equal(slice_from(status), SLICE("206"));
    openapi_object(openapi, status);
    openapi_words(openapi, "description", description);
    openapi_headers(openapi, headers, is_part ? 5 : 4);
    openapi_object(openapi, "content");
    openapi_object(openapi, "*/*");
    openapi_end(openapi);
    openapi_end(openapi);
    openapi_end(openapi);
}

static void write_responses(struct openapi *openapi, enum openapi_operation operation,
                            const struct openapi_place *place)
{
    enum openapi_answer answer = kinds[operation].answer;
    openapi_object(openapi, "responses");
    if (operation == OPENAPI_DOWNLOAD) {
        write_bytes(openapi, "200", "The bytes, of the file's own media type.");
        write_bytes(openapi, "206", "The ranges that were asked for.");
    } else {
        openapi_answered(openapi, openapi_answer_name(openapi, answer, place),
                         operation == OPENAPI_CREATE);
    }
    if (is_read(operation))
        openapi_ref_named(openapi, SLICE("304"), "responses", SLICE("NotModified"));
    openapi_errors(openapi, errors_of(operation, place));
    openapi_end(openapi);
}

/* --- all ------------------------------------------------------------------------------------ */

static void write_tag(struct openapi *openapi, struct slice tag)
{
    openapi_list(openapi, "tags");
    writer_string(openapi->writer, tag);
    openapi_list_end(openapi);
}

void openapi_operation(struct openapi *openapi, enum openapi_operation operation,
                       const struct openapi_place *place)
{
    openapi_object(openapi, kinds[operation].method);
    openapi_text(openapi, "operationId", openapi_phrase(openapi, kinds[operation].id, place));
    write_tag(openapi, place->resource->name);
    openapi_text(
        openapi, "summary",
        openapi_phrase(openapi,
                       place->parent ? kinds[operation].summary_below : kinds[operation].summary,
                       place));
    openapi_text(openapi, "description",
                 openapi_phrase(openapi, kinds[operation].description, place));
    openapi_parameters(openapi, operation, place);
    openapi_body(openapi, operation, place);
    write_responses(openapi, operation, place);
    openapi_end(openapi);
}
