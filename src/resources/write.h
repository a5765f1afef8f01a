/*
 * What a request wants written: made from chain, method and parameters by write_compile (pure,
 * after the login), carried out by write_execute.h.
 *
 * Lives in the request's arena; points into its parameters and the model.
 * Source: remote-api.md, section 6.
 */
#ifndef PORTCULLIS_RESOURCES_WRITE_H
#define PORTCULLIS_RESOURCES_WRITE_H

#include "resources/query.h"

enum {
    WRITE_MOST_ITEMS = 500,
    WRITE_MOST_FAULTS = 1000, /* told of one request; a list can have 64 times as many */
};

enum write_kind { WRITE_CREATE, WRITE_UPDATE, WRITE_DELETE };

struct write_value {
    const struct model_column *column;
    struct database_value value;
    bool must_equal; /* a key or kept column, on update: not written; 422 unless it is stored so */
};

/* One record as the client gave it. Parents that the chain fills in are among the values. */
struct write_item {
    struct write_value *values;
    size_t count;
};

/* A file whose bytes come beside the parameters, in the request's body. */
struct write_file {
    struct slice name; /* what its sender calls it; empty: nothing */
    struct slice type; /* its media type; empty: he does not say */
};

struct write {
    enum write_kind kind;
    const struct chain *chain;
    const struct model *model;
    const struct model_resource *resource; /* the chain's end */
    const struct query_viewer *viewer;
    int64_t id;               /* update, delete */
    struct write_item *items; /* create: item_count of them; update: one; delete: one, empty */
    size_t item_count;
    bool is_bulk;                  /* params was a list: answered under the plural name */
    bool is_dry_run;               /* params.dry_run: all is done, and rolled back */
    bool is_forced;                /* params.force: invoiced rows may be deleted */
    const struct write_file *file; /* NULL: no bytes come beside the parameters */
    bool has_content;              /* they come in params.file_content: */
    struct slice content;          /* … base64, and good */
    size_t content_size;           /* … of as many bytes */
};

/* Create, update: the record's bytes are given too. */
static inline bool write_has_bytes(const struct write *write)
{
    return write->file || write->has_content;
}

/* What a request gives. Borrowed; params is changed. */
struct write_given {
    struct slice method;           /* POST, PUT or DELETE, and offered by the chain */
    struct value *params;          /* the object, or on POST the list of objects */
    const struct value *loose;     /* NULL: nothing */
    const struct write_file *file; /* NULL, or for a resource that has bytes: name and type are
                                    * taken where params do not say others */
};

/*
 * RESULT_INVALID with every fault of the request in the problem at once: unknown
 * names 400; values that do not fit, are not allowed or out of bounds, and required ones that are
 * missing 422; of a list's items the field is "[3].project_name"; 503 where rows cannot be created
 * (model_resource.is_created). Needs no database: references,
 * kept columns of an update and parents' agreement are write_execute's.
 */
enum result write_compile(const struct model *model, const struct chain *chain,
                          const struct write_given *given, const struct query_viewer *viewer,
                          struct write *write, struct problem *problem);

/* The field as faults name it: NAME, or "[3].NAME" in a list. */
struct slice write_field(const struct write *write, size_t item, struct slice name,
                         struct arena *arena);
/* The item's value for that column, or NULL. */
const struct write_value *write_value_find(const struct write_item *item, struct slice column);

#endif
