/* The id of a request, in logs and in X-Request-Id. Its loop's thread. */
#ifndef PORTCULLIS_ENDPOINTS_REQUEST_ID_H
#define PORTCULLIS_ENDPOINTS_REQUEST_ID_H

#include "endpoints/gateway.h"

/* The caller's own where it is sane, so that both sides' logs can be matched; else a new one. */
struct slice request_id(struct http_request *request, struct gateway *gateway);

#endif
