/*
 * The PROXY header that a proxy writes before a connection's own bytes: versions 1 and 2 of
 * haproxy's doc/proxy-protocol.txt. Pure; any thread.
 */
#ifndef PORTCULLIS_HTTP_PROXY_HEADER_H
#define PORTCULLIS_HTTP_PROXY_HEADER_H

#include "base/network.h"
#include "http/parser.h"

enum {
    HTTP_PROXY_LINE_BYTES = 107,    /* version 1, its CRLF included */
    HTTP_PROXY_REST_BYTES = 8192,   /* version 2: addresses and TLVs */
    HTTP_PROXY_HEADER_BYTES = 8208, /* any header; what is longer is a fault */
};

/*
 * bytes: what has come so far, from the connection's first on. DONE: *size bytes are the header,
 * and *client is whom it names; unknown where it names nobody (UNKNOWN, LOCAL, AF_UNSPEC, AF_UNIX,
 * an unspecified transport, or the address ::), so that the peer itself counts. TLVs are skipped.
 * MORE and FAULT leave both alone. Version 1's words are judged once its line is whole; any other
 * fault is told by the first byte that makes it one, so that nobody waits for the rest.
 */
enum http_parse http_proxy_header_parse(struct slice bytes, size_t *size,
                                        struct network_address *client);

#endif
