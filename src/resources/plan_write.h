/*
 * Statements that write, and those that read under a lock. Like plan.h: names are learnt, values
 * bound, nothing is executed here. Lists of ids are padded to powers of two.
 */
#ifndef PORTCULLIS_RESOURCES_PLAN_WRITE_H
#define PORTCULLIS_RESOURCES_PLAN_WRITE_H

#include "resources/plan.h"

/* A column that is set: to a value, or to NOW(). */
struct plan_assign {
    struct slice column;
    bool is_now;
    struct database_value value;
};

/* Rows of a table by their ids. */
struct plan_ids {
    const int64_t *items;
    size_t count; /* at least 1 */
};

/* A link from a table's rows to others: column = an id, where the constants hold (NULL: none). */
struct plan_link {
    struct slice table;
    struct slice column;
    const struct catalog_constants *where;
};

/* The rows that hang on the ids: by a link, or by a link to rows that hang on them by another. */
struct plan_hanging {
    struct plan_link link;
    const struct plan_link *through; /* NULL: directly */
    struct slice through_key;        /* of through's table */
    struct plan_ids ids;
    struct slice not_zero; /* a column that must not be 0; empty: none */
    struct slice key;      /* empty: none; else */
    int64_t but;           /* … the row of this key is left out */
};

/* What a write must know of a row that it names. In the order of the keys. */
enum plan_named_cell {
    PLAN_NAMED_KEY,
    PLAN_NAMED_VISIBLE,    /* 1: to the viewer */
    PLAN_NAMED_LOCKED,     /* 1: rules.locked */
    PLAN_NAMED_CLOSED,     /* 1: rules.closed */
    PLAN_NAMED_REFERENCES, /* from here on: what each of the resource's references names, or 0 */
};
void plan_named(struct plan *plan, const struct model_resource *resource,
                const struct query_viewer *viewer, struct plan_ids ids, bool is_locking);
/* The keys that are there, of a table of WHMCS's own. */
void plan_existing(struct plan *plan, struct slice table, struct slice key, struct plan_ids ids);
/* All columns of one record; cells as resource->columns. */
void plan_stored(struct plan *plan, const struct model_resource *resource, int64_t id,
                 bool is_locking);

void plan_insert(struct plan *plan, struct slice table, const struct plan_assign *assigns,
                 size_t count);
void plan_update(struct plan *plan, struct slice table, const struct plan_assign *assigns,
                 size_t count, struct slice key, struct plan_ids ids);
/* The same for rows that hang on others, directly. */
void plan_update_hanging(struct plan *plan, const struct plan_hanging *hanging,
                         const struct plan_assign *assigns, size_t count);

/* aggregate: MIN, MAX, COUNT of the one column, or NULL. */
void plan_select_hanging(struct plan *plan, const struct plan_hanging *hanging,
                         const char *aggregate, const struct slice *columns, size_t count);
void plan_delete_hanging(struct plan *plan, const struct plan_hanging *hanging);

#endif
