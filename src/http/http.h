/*
 * What the HTTP room offers to those above it: requests come in through a table of handlers,
 * answers go out through http_respond. Nothing here knows of APIs, databases or logins.
 *
 * Way and threads: everything in this header is called on the connection's own loop thread, except
 * http_body_* and http_file_* (any thread; reference-counted) and http_compress (a worker).
 */
#ifndef PORTCULLIS_HTTP_HTTP_H
#define PORTCULLIS_HTTP_HTTP_H

#include <stdatomic.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "base/network.h"
#include "base/result.h"
#include "config/config.h"
#include "loop/loop.h"
#include "observe/metrics.h"

enum http_method {
    HTTP_GET,
    HTTP_HEAD,
    HTTP_POST,
    HTTP_PUT,
    HTTP_PATCH,
    HTTP_DELETE,
    HTTP_OPTIONS,
    HTTP_OTHER, /* registered, but not offered: 405 */
};

struct http_field {
    struct slice name;
    struct slice value; /* without blanks at its ends */
};

enum http_coding { HTTP_CODING_IDENTITY, HTTP_CODING_GZIP, HTTP_CODING_BROTLI };

/* An answer's body: two buffers sent one after the other. Shared between joint answers by
 * reference; never changed once it was handed to http_respond. */
struct http_body {
    atomic_uint references;
    struct buffer head; /* the envelope's opening and `data` */
    struct buffer rest; /* the rows and the end */
};

struct http_body *http_body_create(void); /* one reference; NULL when memory is out */
struct http_body *http_body_share(struct http_body *body);
void http_body_release(struct http_body *body); /* NULL is fine */
size_t http_body_size(const struct http_body *body);

/* An open regular file, shared by answers by reference and closed with the last of them. Any
 * thread; the position in it is never used, so they do not disturb each other. */
struct http_file {
    atomic_uint references;
    int descriptor;
    atomic_uint_fast64_t seen_ms; /* http's own: when its beginning was last seen in memory */
};

/* One reference; takes the descriptor over, also when memory is out (NULL). */
struct http_file *http_file_create(int descriptor);
struct http_file *http_file_share(struct http_file *file);
void http_file_release(struct http_file *file); /* NULL is fine */

/* A stretch of a file, and text that goes before it (multipart/byteranges), or empty. */
struct http_file_part {
    struct slice before;
    uint64_t offset; /* bytes */
    uint64_t size;
};

enum { HTTP_RESPONSE_FIELDS = 20 };

struct http_response {
    int status; /* the status line's code */
    size_t field_count;
    struct http_field fields[HTTP_RESPONSE_FIELDS]; /* Content-Type, ETag, Allow, …; not those that
        http writes itself: Date, Server, Content-Length, Connection. Borrowed until the request
        ends (arena or literals). */
    struct http_body *body; /* one reference, taken over by http_respond; NULL: none */
    struct http_file *file; /* the body is made of its bytes instead; one reference, taken over by
                               http_respond; NULL: none */
    const struct http_file_part *parts; /* of file, in this order; borrowed like fields */
    size_t part_count;
    struct slice end; /* text after the last part (multipart/byteranges), or empty */
    bool close;       /* close the connection after this answer */
};

void http_response_field(struct http_response *response, struct slice name, struct slice value);

struct http_connection;
struct http_handler;

struct http_request {
    struct http_connection *connection; /* NULL once the client has gone */
    const struct http_handler *handler;
    void *data;         /* the handler's own */
    struct arena arena; /* everything below lives in it; dropped when the answer was sent */

    enum http_method method;
    struct slice method_text; /* as on the wire */
    struct slice target;      /* raw, origin form (an absolute target's authority is cut off) */
    struct slice path;        /* raw, not decoded */
    struct slice query;       /* raw, without '?'; empty when there is none */
    struct slice host;
    unsigned minor_version; /* 0 or 1 */
    struct http_field *fields;
    size_t field_count;
    struct slice body;       /* the whole decoded body, when the handler asked to collect it */
    uint64_t content_length; /* bytes, as the client says; 0 without */
    bool has_content_length;
    uint64_t most_body; /* bytes, at first http.max_body; a handler may change it from on_head on.
                           What is longer is 413: by its Content-Length at once, else once read */
    bool is_draining;   /* the process is shutting down: its connection will end soon */

    /* The socket's other end, or whom its PROXY header names; unknown for unix sockets. */
    struct network_address peer;
    bool is_local; /* it came by a listener on a unix socket or a loopback address */

    uint64_t started_us; /* monotonic, first byte of the head */
    uint64_t phase_us[METRIC_PHASE_COUNT];
    int sent_status;
    uint64_t sent_bytes; /* head and body, once sent */

    /* http's own */
    struct http_exchange *exchange;
};

/* What the handler wants done with the body, told when the head is complete. */
enum http_verdict {
    HTTP_COLLECT,  /* gather it in request->body, then on_end */
    HTTP_STREAM,   /* give it to on_body piece by piece, then on_end */
    HTTP_ANSWERED, /* http_respond was called already; a body that follows is dropped */
};

/* A fault found by http itself; the handler's on_fault makes the answer's body for it. */
struct http_fault {
    int status;          /* 400, 408, 413, 414, 415, 417, 431, 501, 503, 505 */
    struct slice code;   /* stable word: bad_content_length */
    struct slice field;  /* header field or part of the head at fault; may be empty */
    struct slice detail; /* for people */
};

struct http_handler {
    enum http_verdict (*on_head)(struct http_request *request);
    void (*on_body)(struct http_request *request, struct slice piece);
    void (*on_end)(struct http_request *request);
    /* The client has gone before http_respond was called. The request stays valid until
     * http_respond is called all the same (it then sends nothing and drops the request). */
    void (*on_abort)(struct http_request *request);
    /* http refuses the request: fill in *response (status and fields too). request may be half
     * filled: any slice may be empty, data is NULL when on_head was not called. It may come in the
     * middle of a body (too large, too slow, malformed), but not while that is paused. */
    void (*on_fault)(struct http_request *request, const struct http_fault *fault,
                     struct http_response *response);
    /* The answer was sent or given up; the last call: the access line, freeing of data. */
    void (*on_sent)(struct http_request *request);
};

/* The first row whose prefix begins the path serves the request; the last row should be "". */
struct http_route {
    struct slice prefix;
    const struct http_handler *handler;
};

struct http_server_options {
    const struct config_http *limits; /* borrowed for the server's life */
    const struct config_server *server;
    const struct http_route *routes;
    size_t route_count;
    void *context;  /* http_context(request) */
    bool is_exempt; /* the admin's: no limit of connections, nothing shed under load */
    /* http.trusted_proxies; borrowed for the server's life; NULL: none. */
    const struct network_list *trusted;
};

/* One for each set of listeners (public, admin). Made before the loops start, destroyed after
 * loop_group_destroy: answers may come in until then. */
struct http_server;
struct http_server *http_server_create(const struct http_server_options *options);
void http_server_destroy(struct http_server *server);
/* From a loop's on_start, on_tick, on_drain and on_stop: opens this loop's listener sockets for
 * the addresses ("127.0.0.1:8080", "[::]:8080", "unix:/run/portcullis.sock"), sweeps timeouts,
 * stops listening, closes everything. http_server_bind is called once, on the main thread, before
 * the loops start, so that a bad address or a port in use is told at once (logged). */
enum result http_server_bind(struct http_server *server, struct slice addresses, size_t loops);
/* Any thread: from now on answers say `Connection: close`, while accepting goes on
 * (server.drain_delay). */
void http_server_announce_end(struct http_server *server);
void http_server_loop_start(struct http_server *server, struct loop *loop);
void http_server_loop_tick(struct http_server *server, struct loop *loop);
void http_server_loop_drain(struct http_server *server, struct loop *loop);
void http_server_loop_stop(struct http_server *server, struct loop *loop);

void *http_context(const struct http_request *request);
struct loop *http_request_loop(const struct http_request *request);
/* The value of the first field of that name (any case), or data NULL. */
struct slice http_request_field(const struct http_request *request, struct slice name);
/* The same of a field whose value is a list (If-Match, If-None-Match), or of which more than one
 * line counts for none (dates): several lines are one list, joined with commas in the request's
 * arena (RFC 9110 5.3). When memory is out: the first line. */
struct slice http_request_list(struct http_request *request, struct slice name);
/* The best coding that Accept-Encoding allows (RFC 9110 12.5.3, q-values; brotli before gzip). */
enum http_coding http_accepted_coding(const struct http_request *request);
/* Until http_resume neither on_body nor on_end is called, and nothing is read from the socket: at
 * most one read of it is held. Paused in on_head, a body is not even begun, and `100 Continue`
 * waits with it. The time does not count for http.body_min_rate. on_abort comes even so: when the
 * client has gone (looked at a few times a second) or the process ends. Pausing twice is once; an
 * answer ends the pause. http_resume calls no handler itself. */
void http_pause(struct http_request *request);
void http_resume(struct http_request *request);
/* Answers the request; exactly once each. Content-Length, Date, Server, Connection are added; on
 * HEAD, 204 and 304 the body is not sent. */
void http_respond(struct http_request *request, struct http_response *response);

/* Worker thread: replaces body's two buffers by their compressed form in head, at the levels that
 * config says. False (and body unchanged) when memory is out. */
bool http_compress(struct http_body *body, enum http_coding coding,
                   const struct config_http *config);
struct slice http_coding_name(enum http_coding coding);
/* "Not Found" and the like; "" for what we never send. */
struct slice http_status_text(int status);

#endif
