/*
 * What a reporter sent, before it has a meaning: the variables of the Abuse API out of a form, a
 * multipart form or a JSON object. Pure; fuzzed; everything lies in the arena.
 *
 * As in PHP the last of several values counts, and name[] makes a list. Other names are passed
 * over.
 */
#ifndef PORTCULLIS_ABUSE_REPORT_VARIABLES_H
#define PORTCULLIS_ABUSE_REPORT_VARIABLES_H

#include "abuse/report_refusal.h"

enum report_variable {
    REPORT_ACTION,
    REPORT_SERVICE_ID,
    REPORT_CATEGORY,
    REPORT_SERVICE_IP,
    REPORT_SUSPEND_METHOD,
    REPORT_ALLOW_UNSUSPEND,
    REPORT_ADDITIONAL_INFO,
    REPORT_ADMIN_NOTES,
    REPORT_VARIABLES
};

struct slice report_variable_name(enum report_variable variable);

/* What was given for one of them. */
struct report_given {
    struct slice text; /* empty: nothing */
    bool is_many;      /* a list or an object, which none of them takes; text is empty then */
};

struct report_variables {
    struct report_given given[REPORT_VARIABLES];
};

struct report_body {
    struct slice content_type; /* the field's value; data NULL: none */
    struct slice bytes;
};

/* action may be in the query; the body wins. False: the body cannot be read, *refusal says why. */
bool report_variables_read(struct arena *arena, struct slice query, const struct report_body *body,
                           struct report_variables *variables, struct report_refusal *refusal);

#endif
