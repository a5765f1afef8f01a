/*
 * Where to listen, as the configuration writes it: "127.0.0.1:8080", "[::]:8080",
 * "localhost:8080", "unix:/run/portcullis.sock", each with options behind blanks:
 * "0.0.0.0:8081 proxy_protocol=on". Main thread, before the loops start: a name is
 * looked up and may block.
 */
#ifndef PORTCULLIS_HTTP_ADDRESS_H
#define PORTCULLIS_HTTP_ADDRESS_H

#include <sys/socket.h>

#include "base/result.h"
#include "base/slice.h"

struct http_address {
    struct sockaddr_storage socket; /* ss_family AF_INET, AF_INET6 or AF_UNIX */
    socklen_t size;
    bool has_proxy_protocol; /* its connections begin with a PROXY header */
};

enum { HTTP_ADDRESS_TEXT = 160 }; /* bytes that hold any address printed, with its NUL */

/* RESULT_INVALID: no such form; RESULT_NOT_FOUND: the name is unknown. *why is a literal then. */
enum result http_address_parse(struct slice text, struct http_address *address, const char **why);
/* In the form that is parsed; out holds HTTP_ADDRESS_TEXT bytes. */
void http_address_print(const struct http_address *address, char *out);
/* A unix socket or a loopback address: only this machine gets there. */
bool http_address_is_local(const struct http_address *address);
/* Removes a unix socket's file; nothing for the others. */
void http_address_unlink(const struct http_address *address);

#endif
