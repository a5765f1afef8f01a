/*
 * Asks the admin listener of a running gateway, by libcurl: the first address of admin.listen.
 * Blocks; the main thread. What goes wrong is printed to standard error with what to do about it.
 */
#ifndef PORTCULLIS_CLI_ADMIN_CLIENT_H
#define PORTCULLIS_CLI_ADMIN_CLIENT_H

#include "config/config.h"

struct admin_client;

struct admin_client_options {
    const struct config_admin *config; /* borrowed */
    bool sends_token;                  /* admin.token goes along, where it is set */
    long timeout_ms;                   /* of one question, connecting included */
};

struct admin_answer {
    int status;
    struct buffer body;
};

/* NULL: there is nobody to ask, or memory is out; told. */
struct admin_client *admin_client_create(const struct admin_client_options *options);
void admin_client_destroy(struct admin_client *client);

/* path is encoded already. body: JSON, or data NULL. RESULT_UNAVAILABLE: no answer; told. The
 * caller clears answer->body in any case. */
enum result admin_client_ask(struct admin_client *client, const char *method, const char *path,
                             struct slice body, struct admin_answer *answer);
/* Where it asks, as people write it. */
const char *admin_client_where(const struct admin_client *client);
/* text, percent-encoded for a query. */
void admin_client_append_encoded(struct buffer *out, struct slice text);

#endif
