/* What a function that can fail returns. Outputs are defined whatever it is. */
#ifndef PORTCULLIS_BASE_RESULT_H
#define PORTCULLIS_BASE_RESULT_H

enum result {
    RESULT_OK = 0,
    RESULT_NO_MEMORY,   /* an allocation failed: the request ends, the process does not */
    RESULT_INVALID,     /* the input is wrong; the reason is in the problem or error list */
    RESULT_NOT_FOUND,   /* no such thing; also: no further row */
    RESULT_DENIED,      /* known, but not allowed */
    RESULT_LIMIT,       /* a bound was reached: queue full, too large, too deep */
    RESULT_TIMEOUT,     /* a deadline passed */
    RESULT_UNAVAILABLE, /* a server we depend on is away; trying again later may help */
    RESULT_CONFLICT,    /* a deadlock: nothing is stored, the whole may be tried again */
    RESULT_EXISTS,      /* it is there already */
    RESULT_UNKNOWN,     /* whether it was done cannot be known: never to be repeated */
    RESULT_STALE,       /* the learnt schema no longer fits the database (error 1054, 1146) */
    RESULT_FAILED,      /* anything else: a bug or a broken peer, logged where it happened */
};

#endif
