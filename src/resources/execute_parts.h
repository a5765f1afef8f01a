/* What execute.c and execute_group.c share. */
#ifndef PORTCULLIS_RESOURCES_EXECUTE_PARTS_H
#define PORTCULLIS_RESOURCES_EXECUTE_PARTS_H

#include "resources/execute.h"

/* Sets the problem 404, naming the key; returns RESULT_NOT_FOUND. */
enum result execute_not_found(struct problem *problem, const struct model_resource *resource);

/* Puts the envelope around the rows that answer holds, and tags it. */
enum result execute_finish(struct execute_context *context, const struct query_set *set,
                           const struct envelope_request *request,
                           const struct envelope_page *pages, struct execute_answer *answer);

#endif
