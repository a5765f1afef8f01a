/* What is left of a request that was answered: its access line and its metrics. Its loop's thread,
 * from on_sent. */
#ifndef PORTCULLIS_ENDPOINTS_REQUEST_LOG_H
#define PORTCULLIS_ENDPOINTS_REQUEST_LOG_H

#include "http/http.h"

struct request_log {
    struct slice request_id;
    const struct network_address *address; /* the client's */
    struct slice admin;                    /* his username once he is known, else empty */
    struct slice route;                    /* of a bounded number of them */
};

void request_log_write(const struct http_request *http, const struct request_log *log);

#endif
