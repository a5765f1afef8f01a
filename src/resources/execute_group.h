/*
 * Several requests, each for one record of the same resource, answered by one statement: a queue of
 * small questions costs the database one round trip, not one each.
 */
#ifndef PORTCULLIS_RESOURCES_EXECUTE_GROUP_H
#define PORTCULLIS_RESOURCES_EXECUTE_GROUP_H

#include "resources/execute.h"

/* One request of the group. */
struct execute_member {
    const struct query_set *set;
    const struct envelope_request *request;
    struct writer *writer; /* of its format */
    struct arena *arena;
    struct execute_answer *answer; /* initialised */
    struct problem *problem;
    enum result result; /* RESULT_OK, RESULT_NOT_FOUND, …; as execute_read returns it */
};

/* What requests must share to be grouped, or NULL when this one must be answered alone: a plain
 * record, whole, not under a parent, with nothing nested. Compared, never looked into. */
const void *execute_group_of(const struct query_set *set);

/*
 * Answers all members, whose groups are equal and not NULL. context's writer is set as needed, its
 * arena serves the statement. RESULT_OK when every member has its result; else the members' answers
 * are to be thrown away, and each may be tried alone.
 */
enum result execute_group(struct execute_context *context, struct execute_member *members,
                          size_t count);

#endif
