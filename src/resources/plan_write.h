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
/* The same, and all columns after it: cells as resource->columns, from
 * plan_named_end on. */
void plan_named_whole(struct plan *plan, const struct model_resource *resource,
                      const struct query_viewer *viewer, struct plan_ids ids, bool is_locking);
size_t plan_named_end(const struct model_resource *resource);

/* A row by its key. */
struct plan_row {
    const struct model_resource *resource;
    int64_t id;
    bool is_locking;
    struct slice
        by; /* plan_named_above alone: not by id, but as this column of the last row says */
};
/* The same of rows of several tables at once, read, and locked, in the order given. The first cell
 * is the row's place in it, then the cells of plan_named, kinds as they come. */
void plan_named_each(struct plan *plan, const struct plan_row *rows, size_t count,
                     const struct query_viewer *viewer);
/*
 * The same side by side in one row, the last row's columns after it. Locked in the order given;
 * what `by` says is read without a lock, so that the last row may say another thing once it is
 * locked. A row by a column, but the first, may be missing: its cells are NULL. Nothing when
 * another is not there.
 */
void plan_named_above(struct plan *plan, const struct plan_row *rows, size_t count,
                      const struct query_viewer *viewer, bool is_locking);
/* All columns of rows of several tables, side by side in one row: items and cells of one after
 * those of the other, cells as resource->columns. Nothing when one of them is not there. */
void plan_rows(struct plan *plan, const struct plan_row *rows, size_t count);

/* The keys that are there, of a table of WHMCS's own. */
void plan_existing(struct plan *plan, struct slice table, struct slice key, struct plan_ids ids);
/* All columns of one record; cells as resource->columns. */
void plan_stored(struct plan *plan, const struct model_resource *resource, int64_t id);

void plan_insert(struct plan *plan, struct slice table, const struct plan_assign *assigns,
                 size_t count);
void plan_update(struct plan *plan, struct slice table, const struct plan_assign *assigns,
                 size_t count, struct slice key, struct plan_ids ids);
/* The same for rows that hang on others, directly. */
void plan_update_hanging(struct plan *plan, const struct plan_hanging *hanging,
                         const struct plan_assign *assigns, size_t count);

/* A row that is there, by its key, and what is set in it. */
struct plan_change {
    const struct model_resource *resource;
    int64_t id;
    const struct plan_assign *assigns;
    size_t count;
};
/* Rows of several tables, each another one, by one statement. None is written when one of them is
 * not there. */
void plan_update_each(struct plan *plan, const struct plan_change *changes, size_t count);

/* aggregate: MIN, MAX, COUNT of the one column, or NULL. */
void plan_select_hanging(struct plan *plan, const struct plan_hanging *hanging,
                         const char *aggregate, const struct slice *columns, size_t count);
void plan_delete_hanging(struct plan *plan, const struct plan_hanging *hanging);

#endif
