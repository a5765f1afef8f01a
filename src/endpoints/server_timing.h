/*
 * Server-Timing (W3C) for those who ask: where a request's time went, by the phases that log and
 * metrics know. On request alone (`Prefer: server-timing`, RFC 7240), since it would lengthen each
 * answer. Its loop's thread.
 */
#ifndef PORTCULLIS_ENDPOINTS_SERVER_TIMING_H
#define PORTCULLIS_ENDPOINTS_SERVER_TIMING_H

#include "http/http.h"

/* Does a Prefer field name it? */
bool server_timing_is_wanted(const struct http_request *request);
/* What is known before the answer is written: all phases but the writing. */
void server_timing_add(struct http_request *request, struct http_response *response);

#endif
