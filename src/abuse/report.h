/*
 * A report of abuse: the variables given their meaning (abuse-api.md, "Request"), in the order of
 * checks that the specification names: action, missing, values. Pure; fuzzed.
 */
#ifndef PORTCULLIS_ABUSE_REPORT_H
#define PORTCULLIS_ABUSE_REPORT_H

#include "abuse/abuse_map.h"
#include "abuse/report_variables.h"

enum { REPORT_MOST_CATEGORY = 255 /* characters */, REPORT_HASH_TEXT = 65 };

enum report_suspend { REPORT_NOSUSPEND, REPORT_IMMEDIATE, REPORT_TIMELIMIT, REPORT_SUSPENDS };

struct slice report_suspend_name(enum report_suspend suspend);

struct report {
    int64_t service_id;
    struct slice category;   /* trimmed */
    struct slice service_ip; /* as network_address_print writes it; empty: the service's own */
    enum report_suspend suspend;
    bool is_vendors_suspend; /* suspend_method=suspend, of the vendor's example: nosuspend */
    bool allow_unsuspend;
    struct slice additional_info;
    struct slice admin_notes;
};

/* map: what its columns can hold is looked at too; NULL: nothing is known of them. False: *refusal
 * says why, of all values that are wrong. */
bool report_read(const struct report_variables *variables, const struct abuse_map *map,
                 struct arena *arena, struct report *report, struct report_refusal *refusal);

/* A value as refusals show it: in quotes, cut when it is long. */
void report_value_append(struct buffer *out, struct slice text);

/* What a report is to an Idempotency-Key: SHA-256 in hex, the same however it was sent. False:
 * memory is out. */
bool report_hash(const struct report *report, char hex[REPORT_HASH_TEXT]);

#endif
