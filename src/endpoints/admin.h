/*
 * The admin listener's pages: /healthz, /readyz and /metrics. Never on a public listener.
 *
 * The http_server that serves admin_handler gets a struct admin_options as its context; it is
 * borrowed for the server's life.
 */
#ifndef PORTCULLIS_ENDPOINTS_ADMIN_H
#define PORTCULLIS_ENDPOINTS_ADMIN_H

#include "http/http.h"

struct admin_options {
    /* Whether requests can be served now; else *reason is a literal that says why not. Called on
     * any loop's thread; must not block. */
    bool (*is_ready)(void *context, const char **reason);
    void *context;
};

const struct http_handler *admin_handler(void);

#endif
