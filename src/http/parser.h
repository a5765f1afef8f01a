/*
 * One request's way from bytes to a head and a body: our validator reads the raw bytes first, then
 * llhttp (strict, the parser of record) reads the same bytes, and the two must agree.
 *
 * Pure code: bytes in, events out; knows no socket, no clock. One parser a request, living inside
 * its owner; what it makes lies in the request's arena, so there is nothing to clear. Used by the
 * connection's loop thread. Sources: RFC 9110, RFC 9112.
 *
 *     http_parser_init(&parser, limits, &request->arena);
 *     while (http_parser_head(&parser, buffered, &head, &consumed, &fault) == HTTP_PARSE_MORE)
 *         read more, so that buffered grows at its end;
 *     drop the first `consumed` bytes of buffered
 *     while (http_parser_body(&parser, buffered, &consumed, on_piece, context, &fault) ==
 *            HTTP_PARSE_MORE)
 *         drop `consumed` bytes and read more;
 */
#ifndef PORTCULLIS_HTTP_PARSER_H
#define PORTCULLIS_HTTP_PARSER_H

#include "http/chunks.h"
#include "http/http.h"

enum http_parse {
    HTTP_PARSE_MORE,      /* all is well so far, more bytes are needed */
    HTTP_PARSE_DONE,      /* the head or the body is complete */
    HTTP_PARSE_FAULT,     /* *fault says why; answer it (unless fault->status is 0) and close */
    HTTP_PARSE_NO_MEMORY, /* an allocation failed: close */
};

/* What a complete head says. All slices lie in the arena the parser was given, or are literals. */
struct http_head {
    enum http_method method;
    struct slice method_text;
    struct slice target;    /* origin form; an absolute target without its authority; "*" only for
                               OPTIONS; host:port only for CONNECT */
    struct slice path;      /* raw; "*" for "*", empty for CONNECT */
    struct slice query;     /* raw, without '?' */
    struct slice host;      /* of an absolute target, else of Host; may be empty in HTTP/1.0 */
    unsigned minor_version; /* 0, or 1 for 1.1 and above */
    struct http_field *fields; /* in their order; values without blanks at their ends */
    size_t field_count;
    uint64_t content_length; /* bytes; 0 when there is no body or it is chunked */
    bool has_content_length;
    bool is_chunked;
    bool keep_alive;       /* the client allows another request on this connection */
    bool expects_continue; /* Expect: 100-continue in 1.1, and a body is still to come */
};

struct http_glue; /* llhttp: its names would clash with http.h's, so only glue.c sees them */

/* All members are the parser's own. */
struct http_parser {
    const struct config_http *limits; /* borrowed */
    struct arena *arena;              /* borrowed */
    struct http_glue *glue;           /* in the arena; NULL until the head was complete */
    size_t start;                     /* where the request line begins: after empty lines */
    size_t line;                      /* where the line being read begins */
    size_t searched;                  /* bytes already searched for line ends */
    size_t line_count;                /* complete lines, the request line included */
    size_t fields;                    /* where the field lines begin; 0: not known yet */
    bool is_line_judged;              /* the request line was found good */
    uint64_t body_left;               /* bytes of a Content-Length body still to come */
    bool is_chunked;
    bool is_paused; /* the owner's to set, in on_piece too: no further piece is given */
    struct http_chunks chunks;
};

/* limits and arena are borrowed for the parser's life. */
void http_parser_init(struct http_parser *parser, const struct config_http *limits,
                      struct arena *arena);

/*
 * Reads the head from all bytes of this request buffered so far, from its first on (each call sees
 * the former call's bytes again, at any address, and perhaps more). The time spent is linear in the
 * head's size, however it is split. On DONE *head is filled and *consumed says how many bytes the
 * head took; what follows belongs to the body or the next request. The limits (16 KiB without the
 * target: 431; target: 414; fields: 431) are applied to incomplete heads too.
 *
 * On FAULT fault->status 0 means: no HTTP at all (TLS on a plain port); close without an answer.
 * *head is filled as far as it was understood (method and target on faults of fields, a head that
 * is too large among them).
 */
enum http_parse http_parser_head(struct http_parser *parser, struct slice buffered,
                                 struct http_head *head, size_t *consumed,
                                 struct http_fault *fault);

/* A piece of the decoded body; it lies in the bytes given to http_parser_body. */
typedef void (*http_parser_piece)(void *context, struct slice piece);

/*
 * Reads the body after a complete head. bytes are only new ones: those after the *consumed of the
 * former call. On MORE all were consumed, unless on_piece paused: then those of that piece were,
 * and DONE comes with a later call at the earliest. On DONE those up to the body's end (0 where
 * there is no body: it is fine to call this once with no bytes to find out). On FAULT the pieces
 * before the fault have been given. on_piece is never called with an empty piece, and touches
 * nothing of the parser but is_paused.
 */
enum http_parse http_parser_body(struct http_parser *parser, struct slice bytes, size_t *consumed,
                                 http_parser_piece on_piece, void *context,
                                 struct http_fault *fault);

#endif
