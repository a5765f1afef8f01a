/*
 * Statements: the only place where SQL is shaped by what a client asked. Names come from the model
 * (learnt, in back-ticks), values are always `?`. Pure: no database is touched here.
 *
 * Beside its text, a plan says what the cells of a row mean, so that rows go straight from the
 * cursor into the writer.
 */
#ifndef PORTCULLIS_RESOURCES_PLAN_H
#define PORTCULLIS_RESOURCES_PLAN_H

#include "resources/query.h"

/* What one step of writing a row does. */
enum plan_step {
    PLAN_CELL,         /* write the next cell under name */
    PLAN_OBJECT_BEGIN, /* a nested record under name; null when the next cell is NULL (its key) */
    PLAN_OBJECT_END,
};

struct plan_item {
    enum plan_step step;
    struct slice name;
    bool is_tagged; /* part of the record's ETag (model_is_tagged) */
    size_t skip;    /* PLAN_OBJECT_BEGIN: items and cells to the end, when it is null */
};

struct plan {
    struct arena *arena; /* borrowed: the request's; items and values lie there */
    struct buffer text;  /* owned: plan_clear */
    struct database_value *values;
    size_t value_count;
    size_t value_capacity;
    struct plan_item *items;
    size_t item_count;
    size_t item_capacity;
    size_t cell_count; /* cells that items use; what follows are sort values, for the cursor */
    bool reads_all;    /* looks at every row of its list, as a count does, not at a page's */
    bool has_failed;   /* memory ran out: the plan must not be executed */
};

void plan_init(struct plan *plan, struct arena *arena);
void plan_clear(struct plan *plan);

/* One record by its key, if it belongs to all of the query's parents. */
void plan_record(struct plan *plan, const struct query *query);
/* Some columns of one record, hidden ones too, for the gateway's own use. */
void plan_columns(struct plan *plan, const struct query *query, const struct slice *names,
                  size_t count);
/* One page, and one row more to see whether the list goes on. */
void plan_page(struct plan *plan, const struct query *query);
/* How many rows the list has in all. */
void plan_count(struct plan *plan, const struct query *query);
/* The list nested in one record: a ticket's replies. */
void plan_nested_list(struct plan *plan, const struct model_resource *resource, int64_t id);

#endif
