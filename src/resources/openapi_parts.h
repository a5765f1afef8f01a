/* What the files of the OpenAPI document share; for them alone. */
#ifndef PORTCULLIS_RESOURCES_OPENAPI_PARTS_H
#define PORTCULLIS_RESOURCES_OPENAPI_PARTS_H

#include "resources/openapi.h"

struct openapi {
    struct writer *writer;                   /* borrowed */
    const struct model *model;               /* borrowed */
    const struct openapi_settings *settings; /* borrowed */
    struct arena arena;                      /* names and phrases */
    struct value *fixed;                     /* openapi_fixed.json */
    bool has_failed;
};

/* --- openapi_writing.c: members in one call ------------------------------------------------- */

void openapi_object(struct openapi *openapi, const char *name);
void openapi_object_named(struct openapi *openapi, struct slice name);
void openapi_item(struct openapi *openapi); /* an object in a list */
void openapi_end(struct openapi *openapi);
void openapi_list(struct openapi *openapi, const char *name);
void openapi_list_end(struct openapi *openapi);
void openapi_text(struct openapi *openapi, const char *name, struct slice text);
void openapi_words(struct openapi *openapi, const char *name, const char *text);
void openapi_number(struct openapi *openapi, const char *name, struct slice number);
void openapi_integer(struct openapi *openapi, const char *name, int64_t value);
void openapi_flag(struct openapi *openapi, const char *name, bool value);
/* "$ref" into #/components/SECTION/NAME: as a member, alone in an object under a name, as an item
 * of a list. */
void openapi_ref(struct openapi *openapi, const char *section, struct slice component);
void openapi_ref_named(struct openapi *openapi, struct slice name, const char *section,
                       struct slice component);
void openapi_ref_item(struct openapi *openapi, const char *section, struct slice component);
/* Formatted text; empty, and the document failed, when memory is out. */
struct slice openapi_print(struct openapi *openapi, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* --- openapi_names.c ------------------------------------------------------------------------ */

/* A place in the API: a resource, below a record of its parent or not. */
struct openapi_place {
    const struct model_resource *resource;
    const struct model_parent *parent; /* one of resource's parents, or NULL */
};

/*
 * A phrase about a place: %R and %S are the resource's names for code generators (Projects,
 * Project), %P is its parent's (Project; nothing without one); %r %s %p the same as they are; %a
 * and %b the article before %s and %p.
 */
struct slice openapi_phrase(struct openapi *openapi, const char *phrase,
                            const struct openapi_place *place);
/* Text as the name of a component, or of a path's parameter: what may not stand there is _. */
struct slice openapi_component(struct openapi *openapi, struct slice text);
/* What the id of a record is called in paths. */
struct slice openapi_key_name(struct openapi *openapi, const struct model_resource *resource);

/* --- openapi_column.c ----------------------------------------------------------------------- */

bool openapi_is_written(const struct model_resource *resource);
/* Clients may give this column when they create or update. */
bool openapi_is_given(const struct model_resource *resource, const struct model_column *column);
/* The reference of that column, or NULL. */
const struct model_reference *openapi_reference(const struct model_resource *resource,
                                                struct slice column);
/* The members of a column's schema in an answer, and in a request. */
void openapi_column_answered(struct openapi *openapi, const struct model_resource *resource,
                             const struct model_column *column);
void openapi_column_given(struct openapi *openapi, const struct model_resource *resource,
                          const struct model_column *column);
/* The component of a filter by that column, as `params` hold it. */
struct slice openapi_column_filter(const struct model_column *column);
/* The members of a schema for one plain value to compare the column with. */
void openapi_column_compared(struct openapi *openapi, const struct model_column *column);

/* --- openapi_example.c ---------------------------------------------------------------------- */

/* A likely value of that column, which the gateway would take. */
void openapi_example_value(struct openapi *openapi, const struct model_resource *resource,
                           const struct model_column *column);
/* The members of a record as it is answered. */
void openapi_example_record(struct openapi *openapi, const struct model_resource *resource);
/* The members of a record as it is created, or, of is_update, changed. */
void openapi_example_given(struct openapi *openapi, const struct openapi_place *place,
                           bool is_update);

/* --- openapi_schema.c ----------------------------------------------------------------------- */

/* Record, thread, input and filter of each resource. */
void openapi_schemas(struct openapi *openapi);
/* Must the client say it, where the chain does not? */
bool openapi_is_needed(const struct openapi_place *place, const struct model_column *column);
/* The resource's direct link to that parent: the column that the chain fills in; else empty. */
struct slice openapi_parent_column(const struct model_parent *parent);

/* --- openapi_answer.c ----------------------------------------------------------------------- */

enum openapi_answer {
    OPENAPI_ANSWER_LIST,
    OPENAPI_ANSWER_RECORD,
    OPENAPI_ANSWER_CREATED,
    OPENAPI_ANSWER_THREADS,
    OPENAPI_ANSWER_LISTS,
    OPENAPI_ANSWER_DELETED,
    OPENAPI_ANSWERS,
};

/* The component that describes it, and that of its example. */
struct slice openapi_answer_name(struct openapi *openapi, enum openapi_answer answer,
                                 const struct openapi_place *place);
void openapi_answer_schema(struct openapi *openapi, enum openapi_answer answer,
                           const struct openapi_place *place);
void openapi_answer_example(struct openapi *openapi, enum openapi_answer answer,
                            const struct openapi_place *place);

/* --- openapi_error.c ------------------------------------------------------------------------ */

enum openapi_error {
    OPENAPI_BAD_REQUEST = 1 << 0,
    OPENAPI_UNAUTHORIZED = 1 << 1,
    OPENAPI_FORBIDDEN = 1 << 2,
    OPENAPI_NOT_FOUND = 1 << 3,
    OPENAPI_METHOD = 1 << 4,
    OPENAPI_LOCKED = 1 << 5,
    OPENAPI_STALE = 1 << 6,
    OPENAPI_LARGE = 1 << 7,
    OPENAPI_MEDIA = 1 << 8,
    OPENAPI_RANGE = 1 << 9,
    OPENAPI_VALUE = 1 << 10,
    OPENAPI_RATE = 1 << 11,
    OPENAPI_INTERNAL = 1 << 12,
    OPENAPI_UNAVAILABLE = 1 << 13,
    OPENAPI_DISK = 1 << 14,
    /* What any request of the Remote API may come to. */
    OPENAPI_ALWAYS = OPENAPI_BAD_REQUEST | OPENAPI_UNAUTHORIZED | OPENAPI_FORBIDDEN |
                     OPENAPI_METHOD | OPENAPI_RATE | OPENAPI_INTERNAL | OPENAPI_UNAVAILABLE,
};

/* An operation's responses for these errors, and `default` for what http itself refuses. */
void openapi_errors(struct openapi *openapi, unsigned errors);
/* The components that they name. */
void openapi_error_responses(struct openapi *openapi);

/* --- openapi_operation.c -------------------------------------------------------------------- */

enum openapi_operation {
    OPENAPI_LIST,
    OPENAPI_CREATE,
    OPENAPI_GET,
    OPENAPI_UPDATE,
    OPENAPI_DELETE,
    OPENAPI_THREADS,
    OPENAPI_DOWNLOAD,
    OPENAPI_UPLOAD,
    OPENAPI_LISTS,
    OPENAPI_OPERATIONS,
};

/* The operation as a member of its path. */
void openapi_operation(struct openapi *openapi, enum openapi_operation operation,
                       const struct openapi_place *place);
/* A response's `headers`: those of every answer, and count more. */
void openapi_headers(struct openapi *openapi, const char *const *more, size_t count);
/* The response 200 with that answer, by name. */
void openapi_answered(struct openapi *openapi, struct slice answer, bool is_created);
/* The answer that is to be described with this operation; OPENAPI_ANSWERS: none, or another one has
 * the same. */
enum openapi_answer openapi_operation_answer(enum openapi_operation operation,
                                             const struct openapi_place *place);

/* --- openapi_parameter.c, openapi_body.c ---------------------------------------------------- */

/* The operation's `parameters`. */
void openapi_parameters(struct openapi *openapi, enum openapi_operation operation,
                        const struct openapi_place *place);
/* The components that they name. */
void openapi_parameter_components(struct openapi *openapi);
/* The operation's `requestBody`, where it has one. */
void openapi_body(struct openapi *openapi, enum openapi_operation operation,
                  const struct openapi_place *place);

/* --- openapi_path.c ------------------------------------------------------------------------- */

void openapi_paths(struct openapi *openapi);
/* openapi_special.c: of what is no rows. */
void openapi_special_paths(struct openapi *openapi);
/* Calls visit for each operation of the Remote API on rows, in the order of the paths. */
typedef void openapi_visitor(struct openapi *openapi, enum openapi_operation operation,
                             const struct openapi_place *place);
void openapi_each_operation(struct openapi *openapi, openapi_visitor *visit);
/* The resources that hang on records of this one. */
size_t openapi_children(const struct openapi *openapi, const struct model_resource *resource,
                        const struct model_resource **children, size_t most);

#endif
