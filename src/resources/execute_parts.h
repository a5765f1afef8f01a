/* What execute.c and the three kinds of groups share. */
#ifndef PORTCULLIS_RESOURCES_EXECUTE_PARTS_H
#define PORTCULLIS_RESOURCES_EXECUTE_PARTS_H

#include "resources/execute_group.h"
#include "resources/plan.h"

/* Sets the problem 404, naming the key; returns RESULT_NOT_FOUND. */
enum result execute_not_found(struct problem *problem, const struct model_resource *resource);

/* Runs a plan up to its first row, unless the request's deadline has passed. */
enum result execute_begin(struct execute_context *context, const struct plan *plan);

/* column IN (ids), padded to a power of two like any list; NULL when memory is out. */
struct query_filter *execute_key_filter(struct execute_context *context,
                                        const struct model_column *column, const int64_t *ids,
                                        size_t count);

/* Writes one list, and says in *page what `data` shows of it. */
enum result execute_list(struct execute_context *context, const struct query *query,
                         struct envelope_page *page);

/* execute_pages.c: the group of a page deep in a list, or NULL; and its execution. */
const void *execute_pages_group(const struct query_set *set);
enum result execute_pages(struct execute_context *context, struct execute_member *members,
                          size_t count);

/* execute_children.c: the group of a first page under a record, or NULL; and its execution. */
const void *execute_children_group(const struct query_set *set);
enum result execute_children(struct execute_context *context, struct execute_member *members,
                             size_t count);

/* Puts the envelope around the rows that answer holds, and tags it. */
enum result execute_finish(struct execute_context *context, const struct query_set *set,
                           const struct envelope_request *request,
                           const struct envelope_page *pages, struct execute_answer *answer);

#endif
