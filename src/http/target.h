/*
 * The request target in its four forms and the rules for hosts (RFC 9112 3.2, RFC 3986 3.2).
 * Pure code; false means *fault is filled in.
 */
#ifndef PORTCULLIS_HTTP_TARGET_H
#define PORTCULLIS_HTTP_TARGET_H

#include "http/parser.h"

/* Splits text into head's target, path, query and, of an absolute form, host. head's method and
 * method_text must be there. The slices point into text. */
bool http_target_parse(struct slice text, struct http_head *head, struct http_fault *fault);

/* Is value a host with or without a port, and nothing else? An IPv6 address stands in brackets. */
bool http_host_is_valid(struct slice value);

#endif
