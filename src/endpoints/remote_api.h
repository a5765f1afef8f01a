/* The Remote API (remote-api.md), under remote.base. */
#ifndef PORTCULLIS_ENDPOINTS_REMOTE_API_H
#define PORTCULLIS_ENDPOINTS_REMOTE_API_H

#include "http/http.h"

/* The server's context must be a struct gateway. */
const struct http_handler *remote_api_handler(void);

#endif
