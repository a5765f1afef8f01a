/* Cross-origin access (the Fetch standard, "CORS protocol"), when http.cors_origins is set. */
#ifndef PORTCULLIS_ENDPOINTS_CORS_H
#define PORTCULLIS_ENDPOINTS_CORS_H

#include "http/http.h"

/* Adds Access-Control-Allow-Origin where the request's Origin is in the list; with allowed methods
 * given, the answer to a preflight too. */
void cors_add_fields(const struct http_request *http, const struct config *config,
                     struct http_response *response);
void cors_add_preflight_fields(const struct http_request *http, const struct config *config,
                               struct slice methods, struct http_response *response);

#endif
