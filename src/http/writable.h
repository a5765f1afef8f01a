/*
 * Waiting until a socket takes bytes again, for what libuv's streams do not send themselves: files.
 *
 * libuv watches a descriptor once only, and the stream watches the socket's own; so this watches a
 * dup of it. Owned by the connection, made when it first has to wait. The loop's thread only.
 */
#ifndef PORTCULLIS_HTTP_WRITABLE_H
#define PORTCULLIS_HTTP_WRITABLE_H

#include <stdbool.h>
#include <uv.h>

struct http_writable;

/* The connection may be ended inside. is_broken: the socket is at fault, and is watched no more. */
typedef void http_writable_fn(void *context, bool is_broken);

/* socket: borrowed. NULL when memory or descriptors are out. */
struct http_writable *http_writable_create(uv_loop_t *loop, int socket,
                                           http_writable_fn *on_writable, void *context);
/* on_writable is called once a turn of the loop as long as the socket takes bytes; at the earliest
 * in the next. Again while waiting, it does nothing. False when the kernel refuses. */
bool http_writable_wait(struct http_writable *writable);
void http_writable_rest(struct http_writable *writable);
/* NULL is fine; also from inside on_writable. */
void http_writable_destroy(struct http_writable *writable);

#endif
