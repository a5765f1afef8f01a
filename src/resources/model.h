/*
 * The model: the catalog joined with the learnt schema. It says what this gateway serves from this
 * database: resources with their real columns, parents and verbs, and which resource is off for
 * want of something essential.
 *
 * Immutable once built and shared by all threads through shared_model.h; a schema change makes a
 * new one. Requests hold a reference while they are under way.
 */
#ifndef PORTCULLIS_RESOURCES_MODEL_H
#define PORTCULLIS_RESOURCES_MODEL_H

#include <stdatomic.h>

#include "resources/catalog.h"
#include "whmcs/schema.h"

struct model_column {
    struct slice name;
    const struct schema_column *learnt;
    const struct catalog_names *allowed; /* values the catalog holds it to, or NULL */
    bool is_kept;                        /* by the gateway, or by nobody: clients cannot write it */
    bool is_required;                    /* on create */
    bool is_searched;                    /* by the word `search` */
    bool says_bytes;                     /* size or hash of the bytes that belong to the record */
    const struct catalog_bound *bound;   /* or NULL */
    /* Constants that say what another column names, or NULL: what MySQL takes for equal to one of
     * them ('ACTION', 'action ') must be it letter by letter, so as not to pass us unseen. */
    const struct catalog_names *letters;
};

struct model_resource;

/* One usable way to a parent. */
struct model_link {
    const struct catalog_link *catalog;
    const struct model_resource *through; /* NULL: direct */
};

struct model_parent {
    struct slice parameter;
    const struct model_resource *resource;
    struct model_link *links;
    size_t link_count;
};

/* The catalog's rule of visibility with the resources it names; NULL: that one is off, so that no
 * row of it is visible. */
struct model_below {
    const struct catalog_below *catalog;
    const struct model_resource *resource;
};

struct model_condition {
    const struct catalog_condition *catalog;
    const struct model_resource *referrer;
};

struct model_visible {
    struct model_below *below;
    size_t below_count;
    struct model_condition *any;
    size_t any_count;
};

/* A column that names a row of another table: the catalog's references, and the direct links to
 * parents. */
struct model_reference {
    struct slice column;
    struct catalog_constants where;
    const struct model_resource *resource; /* NULL: a table of WHMCS's own */
    struct slice table;
    struct slice key;
    bool is_parent; /* a direct link to a parent */
};

/* The list nested in a single record (a ticket's replies). */
struct model_list {
    const struct catalog_list *catalog; /* NULL: none */
    struct model_column *columns;
    size_t column_count;
};

struct model_resource {
    const struct catalog_resource *catalog;
    struct slice name;
    struct slice singular;
    uint32_t lane;                /* of the worker pool: one a table */
    struct model_column *columns; /* those that are sent, in the table's order */
    size_t column_count;
    size_t key;               /* index of the key in columns */
    struct slice select_text; /* all columns as a SELECT names them, of a table called t */
    struct model_parent *parents;
    size_t parent_count;
    const struct model_resource *object; /* nested in each row, or NULL */
    struct model_list list;
    struct model_visible visible;
    struct model_reference *references; /* of columns that the table has */
    size_t reference_count;
    const struct model_resource **dependants; /* those whose table can say what hangs here */
    size_t dependant_count;
    unsigned level; /* how many resources are above it, one naming the next */
    /* All columns of the table, hidden ones too: what an INSERT must supply. */
    const struct schema_table *table;
    bool is_created;    /* POST makes rows: the catalog offers it, and the key counts by itself */
    bool keeps_threads; /* there is the column that holds a row's thread */
    bool has_threads;   /* and what `bythread` needs beside it */
    bool has_download;
    struct slice off_reason; /* why it is not served; empty: it is */
};

enum model_severity { MODEL_FINE, MODEL_EXTRA, MODEL_WARNING, MODEL_OFF };

/* One line of the comparison that `portcullis check` prints. */
struct model_finding {
    enum model_severity severity;
    struct slice resource;
    struct slice text; /* what was found and how to mend it */
    struct model_finding *next;
};

/* Tables beside those of the resources that the gateway writes to. */
struct model_journal {
    bool has_activity_log;
    bool has_activity_admin; /* tblactivitylog.admin_id: absent in old versions of WHMCS */
    bool has_idempotency;    /* portcullis_idempotency; else Idempotency-Key is refused, 501 */
};

struct model {
    struct arena arena; /* owns everything here */
    struct model_journal journal;
    atomic_uint references;
    const struct catalog *catalog; /* borrowed: lives as long as the gateway */
    struct schema *schema;         /* owned */
    struct model_resource *resources;
    size_t resource_count;
    struct model_finding *findings;
    struct model_finding *last_finding;
};

/* The tables the catalog speaks of, for schema_read; the array lies in the arena. */
enum result model_tables(const struct catalog *catalog, struct arena *arena, struct slice **names,
                         size_t *count);
/* Joins; takes schema over whatever comes. One reference is the caller's. */
enum result model_build(const struct catalog *catalog, struct schema *schema, struct model **model);
/* Learns and joins in one step. */
enum result model_learn(const struct catalog *catalog, struct database *database,
                        struct model **model);
struct model *model_share(struct model *model);
void model_release(struct model *model);

/* By plural or singular name; NULL when unknown. */
const struct model_resource *model_resource_find(const struct model *model, struct slice name);
const struct model_column *model_column_find(const struct model_resource *resource,
                                             struct slice name);
const struct model_parent *model_parent_find(const struct model_resource *resource,
                                             const struct model_resource *parent);
/* The parent whose link is called so as a filter, or NULL. */
const struct model_parent *model_parameter_find(const struct model_resource *resource,
                                                struct slice parameter);

/* The resource's first reference to another, or NULL. */
const struct model_reference *model_reference_find(const struct model_resource *resource,
                                                   const struct model_resource *named);

static inline bool model_is_served(const struct model_resource *resource)
{
    return resource->off_reason.size == 0;
}

/* Part of the record's tag (resources/tag.h): what clients may write, its bytes as well. */
static inline bool model_is_tagged(const struct model_resource *resource,
                                   const struct model_column *column)
{
    return column != &resource->columns[resource->key] && (!column->is_kept || column->says_bytes);
}

static inline const struct model_column *model_key(const struct model_resource *resource)
{
    return &resource->columns[resource->key];
}

#endif
