/* The client's address of a request. Its loop's thread. */
#ifndef PORTCULLIS_ENDPOINTS_REQUEST_ADDRESS_H
#define PORTCULLIS_ENDPOINTS_REQUEST_ADDRESS_H

#include "http/http.h"

/* By the request's peer and all its X-Forwarded-For lines; unknown: a unix socket's peer that
 * names no client. Needs the request's fields (from on_head on). */
struct network_address client_address_of_request(struct http_request *request,
                                                 const struct network_list *trusted);

#endif
