/* The Abuse API (abuse-api.md), at abuse.path. */
#ifndef PORTCULLIS_ENDPOINTS_ABUSE_API_H
#define PORTCULLIS_ENDPOINTS_ABUSE_API_H

#include "http/http.h"

/* The server's context must be a struct gateway. What begins with abuse.path and is not that goes
 * to the handler of the Remote API, which serves the rest. */
const struct http_handler *abuse_api_handler(void);

#endif
