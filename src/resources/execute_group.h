/*
 * Several requests of one kind answered together: records of one resource by one statement, first
 * pages under one record each by two, pages deep in one list by one walk along its keys. A queue of
 * small questions costs the database a round trip or two, not one or two each.
 */
#ifndef PORTCULLIS_RESOURCES_EXECUTE_GROUP_H
#define PORTCULLIS_RESOURCES_EXECUTE_GROUP_H

#include "resources/execute.h"

enum { EXECUTE_MOST_MEMBERS = 8 };

/* One request of the group. */
struct execute_member {
    const struct query_set *set;
    const struct envelope_request *request;
    struct writer *writer; /* of its format */
    struct arena *arena;
    struct execute_answer *answer; /* initialised */
    struct problem *problem;
    enum result result; /* as execute_read returns it; RESULT_LIMIT: is to be answered alone */
    bool is_complete;   /* its list has been written */
};

/* What requests must share to be grouped, or NULL when this one must be answered alone, as all of
 * a caller who does not see everything. Grouped are whole records with nothing nested, not under a
 * parent; first pages of whole lists right under one record; and pages at an offset of a whole
 * resource. Compared, never looked into. */
const void *execute_group_of(const struct query_set *set);

/*
 * Answers all members, whose groups are equal and not NULL. context's writer is set as needed, its
 * arena serves the statement. RESULT_OK when every member has its result; else the members' answers
 * are to be thrown away, and each may be tried alone.
 */
enum result execute_group(struct execute_context *context, struct execute_member *members,
                          size_t count);

#endif
