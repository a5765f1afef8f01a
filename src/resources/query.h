/*
 * What a request wants of one resource: filters, page, order, columns. Made from the parameters by
 * query_compile (pure, after login), turned into statements by plan.h.
 *
 * Lives in the request's arena; points into its parameters and the model.
 */
#ifndef PORTCULLIS_RESOURCES_QUERY_H
#define PORTCULLIS_RESOURCES_QUERY_H

#include "base/problem.h"
#include "format/value.h"
#include "resources/chain.h"
#include "resources/model.h"
#include "store/database.h"

enum { QUERY_MOST_SORTS = 8, QUERY_DEFAULT_LIMIT = 50, QUERY_MOST_VALUES = 256 };

enum query_operator {
    QUERY_EQ,
    QUERY_NE,
    QUERY_GT,
    QUERY_GTE,
    QUERY_LT,
    QUERY_LTE,
    QUERY_LIKE,
    QUERY_IN,
    QUERY_NIN,
    QUERY_NULL,
    QUERY_NOT_NULL,
    QUERY_OPERATOR_COUNT
};

struct query_filter {
    const struct model_column *column;
    enum query_operator comparison;
    struct database_value *values;
    size_t value_count;
    struct query_filter *next;
};

/* A parent the rows must belong to: from the chain, or from a filter named like the link. */
struct query_parent {
    const struct model_parent *parent;
    int64_t id;
    struct query_parent *next;
};

struct query_sort {
    const struct model_column *column;
    bool is_descending;
    bool is_of_last; /* in `bythread`: of the thread's last row, not of the row shown */
};

enum query_count { QUERY_COUNT_RECENT, QUERY_COUNT_EXACT, QUERY_COUNT_NONE };

/* For whom rows are read: what the catalog's rules of visibility ask of him. */
struct query_viewer {
    bool sees_all;
    int64_t admin_id;
    const int32_t *departments; /* borrowed; of tickets */
    size_t department_count;
};

struct query {
    const struct model_resource *resource;
    const struct query_viewer *viewer; /* never NULL: a plan without viewer fails */
    bool is_record;                    /* one row by its key */
    bool is_threads;                   /* one row a thread */
    int64_t id;                        /* is_record */

    struct query_parent *parents; /* all must hold */
    struct query_filter *filters; /* all must hold */
    struct slice search;          /* empty: none */
    const struct value *shown;    /* the filters as the client wrote them, for `data` */

    uint64_t limit;
    uint64_t page;
    uint64_t offset;
    enum query_count count;
    struct query_sort sorts[QUERY_MOST_SORTS + 1]; /* the primary key comes last, always */
    size_t sort_count;
    bool *fields; /* per column of the resource; NULL: all */

    bool has_cursor;
    struct database_value cursor[QUERY_MOST_SORTS + 1]; /* the last row's sort values */
    /* How many rows the list has up to the cursor, where the gateway itself put it there: offset
     * counts from the list's begin, and that much of it is behind us. 0: a client's cursor. */
    uint64_t skipped;
    uint64_t shape; /* hash of resource, parents, filters, search and sorts: binds a cursor */
};

/* All that one request reads: a list or record, its siblings, and the parents' ids. */
struct query_set {
    const struct chain *chain;
    const struct model *model;
    const struct query_viewer *viewer;
    struct query *queries; /* [0] is the chain's own end; in the request's arena */
    size_t count;
    struct slice setting; /* the `config` resource: one name, or empty for all */
};

struct query_limits {
    uint64_t max_limit; /* remote.max_limit */
};

/*
 * Gives meaning to params (and to the loose top-level names the target knows). RESULT_INVALID with
 * every fault in the problem: unknown names 400, bad values 422. viewer is borrowed by the set.
 */
enum result query_set_compile(const struct model *model, const struct chain *chain,
                              struct value *params, const struct value *loose,
                              const struct query_limits *limits, const struct query_viewer *viewer,
                              struct query_set *set, struct problem *problem);

/* The faults' common form, for those who read a part of the parameters (filter.c, cursor.c). */
void query_refuse_value(struct problem *problem, struct slice name, struct slice expected);
void query_refuse_name(struct problem *problem, struct slice name, struct slice allowed);
/* Memory is out: a query with a part of its conditions must not run. Returns false. */
bool query_refuse_memory(struct problem *problem);

/* filter.c: reads one member as a filter on the column; false with the problem set. */
bool query_filter_read(struct query *query, const struct model_column *column,
                       const struct value *value, struct problem *problem);

/* cursor.c: the token that stands for the row with those sort values; data NULL when there can be
 * none (a value too long to carry). And back; false with the problem set. */
struct slice query_cursor_print(const struct query *query, const struct database_cell *cells,
                                struct arena *arena);
bool query_cursor_read(struct query *query, struct slice token, struct problem *problem);

#endif
