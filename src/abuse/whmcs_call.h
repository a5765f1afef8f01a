/*
 * Asks WHMCS for something: one POST to {abuse.whmcs_url}/includes/api.php, by libcurl. Blocks for
 * abuse.timeout at most, unless interrupted; belongs to one thread.
 *
 * One call is one request: connections are not kept, since libcurl repeats by itself what was lost
 * on one that was; redirects are not followed, no proxy of the environment is used, certificates
 * are checked.
 */
#ifndef PORTCULLIS_ABUSE_WHMCS_CALL_H
#define PORTCULLIS_ABUSE_WHMCS_CALL_H

#include <stdatomic.h>

#include "base/buffer.h"
#include "config/config.h"

struct whmcs_caller;

enum whmcs_outcome {
    WHMCS_DONE,
    WHMCS_FAILED,      /* refused, or no answer that can be used: error says why */
    WHMCS_INTERRUPTED, /* what became of it is not known */
};

/* One field of the form beside those of the credential. */
struct whmcs_field {
    const char *name;
    struct slice text;
};

/* Are abuse.whmcs_url, _identifier and _secret all there? */
bool whmcs_is_configured(const struct config_abuse *config);
/* Does the secret travel in plain text beyond this machine? */
bool whmcs_is_in_the_clear(const struct config_abuse *config);

/* config is borrowed, and so is is_ending: a call ends within a second of its becoming true. NULL:
 * memory is out. */
struct whmcs_caller *whmcs_caller_create(const struct config_abuse *config,
                                         const atomic_bool *is_ending);
void whmcs_caller_destroy(struct whmcs_caller *caller);

/* Fields go into a form with identifier, secret and responsetype. error is appended to. */
enum whmcs_outcome whmcs_call(struct whmcs_caller *caller, const struct whmcs_field *fields,
                              size_t count, uint64_t timeout_ms, struct buffer *error);

#endif
