/*
 * The validator of raw heads: reads a request line and field lines before llhttp does and refuses
 * what RFC 9112 2 to 5 forbids and llhttp lets through. Pure code; slices point into the text.
 */
#ifndef PORTCULLIS_HTTP_HEAD_H
#define PORTCULLIS_HTTP_HEAD_H

#include "http/parser.h"

/* One request line without its CRLF: fills in head's method, target and version; false: *fault. */
bool http_head_read_line(struct slice line, uint64_t max_target, struct http_head *head,
                         struct http_fault *fault);

/*
 * All field lines with their CRLFs, and the empty line after them. Fills in head->fields (room for
 * max_fields, the caller's) and what they say about framing. http_head_read_line came before.
 */
bool http_head_read_fields(struct slice text, size_t max_fields, struct http_head *head,
                           struct http_fault *fault);

#endif
