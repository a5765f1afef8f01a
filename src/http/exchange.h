/*
 * One request and its answer, from the request's first byte until the answer was sent.
 *
 * Owned by its connection's queue; when the client goes first, by its handler until http_respond.
 * The loop's own thread only.
 */
#ifndef PORTCULLIS_HTTP_EXCHANGE_H
#define PORTCULLIS_HTTP_EXCHANGE_H

#include "http/parser.h"

struct http_loop;

struct http_exchange {
    struct http_request request; /* first: the handlers' view */
    struct http_loop *home;      /* borrowed; lives as long as the server */
    struct http_exchange *next;  /* the next one on the connection */

    struct http_parser parser;
    struct http_head head;
    enum http_verdict verdict;
    struct buffer collected;   /* owned; the body, when the handler collects it */
    uint64_t body_bytes;       /* decoded so far */
    uint64_t body_deadline_us; /* too slow when this passes */
    bool has_head;             /* the head is complete or at fault */
    bool has_begun;            /* on_head was called */
    bool has_faulted;          /* http itself answers it */
    bool is_complete;          /* the whole request was read */
    bool is_unsafe;            /* runs alone on its connection (RFC 9112 9.3.2) */
    bool wants_continue;       /* 100 Continue is due */

    bool is_answered; /* response is set */
    bool is_rendered; /* answer_head is set */
    bool is_last;     /* the connection closes after it; known once rendered */
    bool has_payload; /* body or file is to be sent, not only the head */
    struct http_response response;
    struct slice answer_head; /* in the arena */
    uint64_t answered_us;
};

/* NULL when memory is out. */
struct http_exchange *http_exchange_create(struct http_loop *home, struct http_connection *c);
/* Tells the handler that it is over (on_sent) and frees everything. */
void http_exchange_finish(struct http_exchange *exchange);
/* The client has gone: to the handler's keeping if it has not answered, else finished. */
void http_exchange_abandon(struct http_exchange *exchange);
/* Answers on http's own account, through the handler's on_fault. */
void http_exchange_fault(struct http_exchange *exchange, const struct http_fault *fault);
/* Takes method, target, fields and the handler from the parsed head. */
void http_exchange_adopt_head(struct http_exchange *exchange);
/* Bytes of the payload: those of body or file. */
uint64_t http_exchange_payload_size(const struct http_exchange *exchange);
/* Makes answer_head, is_last and has_payload. False when memory is out. */
bool http_exchange_render(struct http_exchange *exchange);

#endif
