/*
 * Decoding of what a request's query and body say into names and values, before anybody gives
 * them a meaning: application/x-www-form-urlencoded, multipart/form-data, and one path segment.
 *
 * Pure code: bytes in, pairs out, everything in the arena; fuzzed. Sources: WHATWG URL 5.1 for
 * forms, RFC 7578 and RFC 2046 5.1 for multipart.
 */
#ifndef PORTCULLIS_HTTP_PARAMETERS_H
#define PORTCULLIS_HTTP_PARAMETERS_H

#include "base/arena.h"
#include "base/problem.h"
#include "base/result.h"

struct http_pair {
    struct slice name;  /* decoded; brackets still in it: params[a][b] */
    struct slice value; /* decoded */
    struct http_pair *next;
};

struct http_pairs {
    struct http_pair *first;
    struct http_pair *last;
    size_t count;
};

enum { HTTP_MOST_PAIRS = 512 };

/* Percent-decodes once; with plus_is_space also '+'. A '%' that two hex digits do not follow stays
 * as it is. Returns data NULL only when memory is out. Needs no copy when nothing is encoded. */
struct slice http_percent_decode(struct arena *arena, struct slice s, bool plus_is_space);

/* Appends the pairs of a query string or form body, in their order. Names without '=' have an empty
 * value; empty pieces are skipped. More than HTTP_MOST_PAIRS in all: RESULT_LIMIT with the problem
 * set (400). A name or value that is not UTF-8: RESULT_INVALID (400, naming the field). */
enum result http_form_decode(struct arena *arena, struct slice text, struct http_pairs *pairs,
                             struct problem *problem);

/* The same for multipart/form-data; content_type is the whole field value. Parts with a filename
 * are RESULT_INVALID here (files have a way of their own). */
enum result http_multipart_decode(struct arena *arena, struct slice content_type, struct slice body,
                                  struct http_pairs *pairs, struct problem *problem);

/* The media type of a Content-Type value without its parameters, blanks cut; compare with
 * slice_equal_nocase. */
struct slice http_media_type(struct slice content_type);

#endif
