/* What WHMCS's API answered, read: {"result":"success"} or {"result":"error","message":"…"}. No
 * socket here: the bytes come from whmcs_call.c, or from a test. */
#ifndef PORTCULLIS_ABUSE_WHMCS_ANSWER_H
#define PORTCULLIS_ABUSE_WHMCS_ANSWER_H

#include <stdbool.h>

#include "base/buffer.h"

enum { WHMCS_ANSWER_MOST_BYTES = 64 * 1024, WHMCS_ANSWER_MOST_TEXT = 500 };

struct whmcs_answer {
    int status;
    struct slice body;
};

/* Texts that are to be put out of whatever is told of an answer. */
struct whmcs_secrets {
    struct slice identifier;
    struct slice secret;
};

/* A peer's text in one line of ours: short, whole characters, no control characters, without what
 * is secret. */
void whmcs_append_shown(struct buffer *out, struct slice text, const struct whmcs_secrets *secrets);

/* Did it succeed? If not, why is appended to error: one line of UTF-8, without what is secret. */
bool whmcs_answer_read(const struct whmcs_answer *answer, const struct whmcs_secrets *secrets,
                       struct buffer *error);

#endif
