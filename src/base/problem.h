/*
 * Why a request cannot be answered: one HTTP status and message, and the list of its causes.
 * Lives in the request's arena and travels with the job.
 */
#ifndef PORTCULLIS_BASE_PROBLEM_H
#define PORTCULLIS_BASE_PROBLEM_H

#include "base/arena.h"

/* One cause. All slices lie in the arena or are literals; field may be empty. */
struct problem_cause {
    struct slice code;   /* a stable word for programs: unknown_parameter */
    struct slice field;  /* the parameter, column or segment at fault, as the client named it */
    struct slice detail; /* a sentence for people: the value's fault and what is allowed */
    struct problem_cause *next;
};

struct problem {
    struct arena *arena; /* borrowed: the request's */
    int status;          /* HTTP status, 0 while all is well */
    struct slice message;
    struct slice allow; /* for 405: the value of Allow */
    struct problem_cause *first;
    struct problem_cause *last;
    size_t cause_count;
    uint32_t retry_after_s; /* for 429 and 503; 0 = no header */
};

void problem_init(struct problem *problem, struct arena *arena);

/* Sets status and message if none is set yet: the first finding decides, later ones add causes. */
void problem_set(struct problem *problem, int status, struct slice message);
/* Adds a cause. field is copied with bad UTF-8 repaired and cut after 128 bytes, since it may be
 * the client's. */
void problem_add(struct problem *problem, struct slice code, struct slice field,
                 const char *detail_format, ...) __attribute__((format(printf, 4, 5)));
/* Whether one of the causes is about that field. */
bool problem_names(const struct problem *problem, struct slice field);

static inline bool problem_is_set(const struct problem *problem)
{
    return problem->status != 0;
}

#endif
