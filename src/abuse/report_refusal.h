/*
 * Why a report is refused, in the Abuse API's own words (abuse-api.md, "Answer"): one code with its
 * HTTP status and a description. And the answers as JSON. Pure; everything lies in the arena.
 */
#ifndef PORTCULLIS_ABUSE_REPORT_REFUSAL_H
#define PORTCULLIS_ABUSE_REPORT_REFUSAL_H

#include "base/arena.h"
#include "base/buffer.h"

enum report_code {
    REPORT_FINE,
    REPORT_NO_CREDENTIAL, /* AMP001, 401 */
    REPORT_BAD_ACTION,    /* AMP002, 400 */
    REPORT_BAD_METHOD,    /* AMP002, 405 */
    REPORT_MISSING,       /* AMP003, 400 */
    REPORT_NO_SERVICE,    /* GW004, 404 */
    REPORT_BAD_VALUE,     /* GW005, 422 */
    REPORT_BANNED,        /* GW006, 403 */
    REPORT_TOO_FAST,      /* GW006, 429 */
    REPORT_NOT_STORED,    /* GW007, 503 */
    REPORT_BAD_BODY,      /* GW008, 400 */
    REPORT_LARGE_BODY,    /* GW008, 413 */
    REPORT_FOREIGN_BODY,  /* GW008, 415 */
    REPORT_CODES
};

struct report_refusal {
    struct arena *arena; /* borrowed: the request's */
    enum report_code code;
    int status;               /* HTTP; 0 while all is well */
    struct slice description; /* UTF-8 */
    uint32_t retry_after_s;   /* 0: no such field */
};

void report_refusal_init(struct report_refusal *refusal, struct arena *arena);
/* The first reason decides: does nothing when there is one. What is no UTF-8 is repaired. */
void report_refuse(struct report_refusal *refusal, enum report_code code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* The same, to be tried again after so many seconds. */
void report_refuse_for_now(struct report_refusal *refusal, enum report_code code, uint32_t after_s,
                           const char *format, ...) __attribute__((format(printf, 4, 5)));
/* AMP003 and the like. */
struct slice report_code_name(enum report_code code);

static inline bool report_is_refused(const struct report_refusal *refusal)
{
    return refusal->status != 0;
}

/* {"status":"error","error_code":"AMP003","error_description":"Missing …"} */
void report_refusal_print(const struct report_refusal *refusal, struct buffer *out);
/* {"status":"success","report_id":92} */
void report_success_print(int64_t report_id, struct buffer *out);

#endif
