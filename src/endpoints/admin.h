/*
 * The admin listener's pages: /healthz, /readyz, /metrics and /bans. Never on a public listener.
 *
 * The http_server that serves admin_handler gets a struct admin_options as its context; it is
 * borrowed for the server's life.
 */
#ifndef PORTCULLIS_ENDPOINTS_ADMIN_H
#define PORTCULLIS_ENDPOINTS_ADMIN_H

#include "auth/bans.h"
#include "http/http.h"

struct admin_options {
    /* Whether requests can be served now; else *reason is a literal that says why not. Called on
     * any loop's thread; must not block. */
    bool (*is_ready)(void *context, const char **reason);
    void *context;
    struct bans *bans; /* borrowed; NULL: /bans answers 503 */
    const char *token; /* borrowed: admin.token; NULL or empty: none */
};

const struct http_handler *admin_handler(void);

/* Some address of admin.listen is beyond loopback, and admin.token is empty: only /healthz and
 * /readyz are served there. Main thread. */
bool admin_is_closed(const struct config_admin *config);
/* Logs that, if it is so; at start. */
void admin_announce(const struct config_admin *config);

#endif
