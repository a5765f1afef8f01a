/*
 * One client's connection: bytes in, requests in order, answers out in the same order.
 *
 *   socket --read--> shared buffer of the loop --parse--> queue of exchanges --handlers--+
 *     ^                 | what is left                                                   |
 *     |                 v                                                                |
 *     |               held (only while something is left)                                |
 *     +--- one writev of all answers that are ready, at the end of the loop's turn <-----+
 *
 * Idle, a connection is this struct and nothing else. All of it is used by its loop's thread alone.
 */
#ifndef PORTCULLIS_HTTP_CONNECTION_H
#define PORTCULLIS_HTTP_CONNECTION_H

#include <uv.h>

#include "http/exchange.h"

/* Which of http_loop's lists holds a connection; http_connection_settle alone moves them. */
enum http_connection_state {
    HTTP_CONNECTION_IDLE,    /* lists[0], oldest first: nothing of a request has come */
    HTTP_CONNECTION_HEAD,    /* lists[1]: a head (or PROXY header) has begun and is not whole */
    HTTP_CONNECTION_BODY,    /* lists[2]: a body is being read */
    HTTP_CONNECTION_PAUSED,  /* lists[3], oldest first: a handler wants no more of a body yet */
    HTTP_CONNECTION_BUSY,    /* lists[4]: requests are read, handlers at work; no timeout here */
    HTTP_CONNECTION_WRITING, /* lists[5]: the client does not take bytes as fast as we have them */
    HTTP_CONNECTION_LINGERING, /* lists[6], oldest first: answered, reading what the client sends */
    HTTP_CONNECTION_STATES,
    HTTP_CONNECTION_CLOSED = HTTP_CONNECTION_STATES, /* in no list: uv_close is under way */
};

/* Why a connection ends; each row of the table in connection.c names its metric. */
enum http_connection_reason {
    HTTP_END_DONE,     /* the last answer was sent */
    HTTP_END_GONE,     /* the client closed or reset it */
    HTTP_END_NOT_HTTP, /* its first bytes are no HTTP */
    HTTP_END_PROXY,    /* no whole PROXY header where one is needed, or from whom none is taken */
    HTTP_END_IDLE,     /* http.idle_timeout */
    HTTP_END_WRITE_STALL, /* http.write_timeout */
    HTTP_END_LINGERED,    /* the client went on sending after its last answer */
    HTTP_END_OVERRUN,     /* even those that are only told 503 are too many */
    HTTP_END_NO_MEMORY,   /* an allocation failed */
    HTTP_END_FILE,        /* a file became unreadable or shorter in the middle of its answer */
    HTTP_END_SHUTDOWN,    /* the process ends */
    HTTP_END_REASONS,
};

enum {
    HTTP_READ_BYTES = 64 * 1024,   /* the loop's shared buffer */
    HTTP_QUEUED_BYTES = 64 * 1024, /* of answers beyond the current one, before reading stops */
    HTTP_LINGER_BYTES = 256 * 1024,
    HTTP_LINGER_US = 2000000,
    HTTP_PAUSE_US = 500000, /* paused for longer, a connection is looked at whether it still is */
};

struct http_file_sender;
struct http_writable;

struct http_connection {
    union {
        uv_handle_t handle;
        uv_stream_t stream;
        uv_tcp_t tcp;
        uv_pipe_t pipe;
    } uv;
    struct http_loop *home;       /* borrowed */
    struct http_connection *prev; /* in the state's list */
    struct http_connection *next;
    struct http_connection *prev_flush; /* in the loop's list of those with something to do */
    struct http_connection *next_flush;

    struct http_exchange *first; /* the next to be answered */
    struct http_exchange *last;  /* the newest; still being read unless it is complete */

    char *held; /* owned; bytes read and not yet understood; NULL when there are none */
    uint32_t held_size;
    uint32_t held_capacity;

    uv_write_t *write;              /* owned; NULL while nothing is under way */
    struct http_file_sender *file;  /* owned; the first exchange's file, while it is sent */
    struct http_writable *writable; /* owned; NULL until a file had to wait for the client */
    uint64_t queued_bytes;          /* payload of answers not yet sent */
    uint64_t since_us;              /* in this state, or since the write last moved */
    uint64_t looked_us;             /* when what the client had not taken was last looked at */
    uint64_t unsent_seen;           /* and how much that was */
    uint32_t turn_bytes;            /* of files, sent in this turn of the loop */
    uint32_t dropped_bytes;         /* read and thrown away since the last request */

    struct network_address peer; /* as request.peer says; its PROXY header, once whole, sets it */

    uint8_t state;           /* enum http_connection_state */
    uint8_t writing;         /* exchanges that the write under way completes */
    uint16_t in_flight;      /* length of the queue */
    bool is_reading;         /* uv_read_start is in force */
    bool is_flushing;        /* in the flush list */
    bool is_last;            /* no further request is taken */
    bool is_unfinished;      /* it ends with bytes unread: linger */
    bool is_lingering;       /* the last answer was sent; what the client still sends is dropped */
    bool has_ended;          /* the client will send nothing more */
    bool is_counted;         /* in the table of addresses */
    bool wants_proxy_header; /* its listener asks for one, and it is not yet whole */
    bool is_local;           /* as request.is_local says */
};

/* A connection just accepted, its uv handle open; takes it over. */
void http_connection_begin(struct http_connection *c, struct http_loop *home);
/* The one way a connection ends. c stays valid until libuv has let it go. */
void http_connection_end(struct http_connection *c, enum http_connection_reason reason);
/* Brings state, list, timeouts and reading in line with the facts. */
void http_connection_settle(struct http_connection *c);
/* Puts it into the loop's flush list. */
void http_connection_flush_later(struct http_connection *c);
/* At the end of the loop's turn: sends what is ready and goes on with what is held. */
void http_connection_flush(struct http_connection *c);
/* Tick: ends or refuses what took too long. */
void http_connection_sweep(struct http_loop *home, uint64_t now_us);
/* Drain: an idle connection is read once more, so that no request is lost, and closed. */
void http_connection_drain(struct http_connection *c);
/* Something of a request behind that one was read. */
bool http_connection_has_behind(const struct http_connection *c,
                                const struct http_exchange *exchange);
/* Answers 503 at once and closes: one connection too many. */
void http_connection_refuse(struct http_connection *c);

/* connection_read.c: */
void http_connection_read_start(struct http_connection *c);
/* Takes bytes just read. */
void http_connection_receive(struct http_connection *c, struct slice bytes);
/* Goes on with what is held, if the queue allows; true when something was understood. */
bool http_connection_resume(struct http_connection *c);
bool http_connection_may_parse(const struct http_connection *c);
/* A PROXY header has begun and is not whole. */
bool http_connection_is_in_proxy_header(const struct http_connection *c);
void http_connection_drop_held(struct http_connection *c);
/* The newest exchange gets a fault; no more is read. */
void http_connection_fault(struct http_connection *c, const struct http_fault *fault);
/* The same for what the client sent, counted in the metric of the limit that it passed; status 0
 * closes without an answer. */
void http_connection_refuse_request(struct http_connection *c, const struct http_fault *fault);

/* connection_body.c: */
/* The newest request's handler has seen its head and not answered. */
void http_connection_begin_body(struct http_connection *c);
/* Takes bytes of the newest request's body; returns how many. */
size_t http_connection_read_body(struct http_connection *c, struct slice bytes);
/* The newest request's handler wants no more of it for now. */
bool http_connection_is_paused(const struct http_connection *c);

/* connection_write.c: */
/* Sends all answers that are ready, in order, as far as the client takes them. */
void http_connection_send(struct http_connection *c);
/* The first exchange was sent whole: finishes it, and the connection if it was the last. */
void http_connection_complete_first(struct http_connection *c);
/* Sends buffers; on completion `exchanges` of the queue's first are done. */
void http_connection_write(struct http_connection *c, uv_buf_t *buffers, unsigned count,
                           uint8_t exchanges);

/* connection_file.c: */
/* The first exchange's answer, rendered and made of a file, its head included; ends as
 * http_connection_complete_first, perhaps at once. */
void http_connection_file_start(struct http_connection *c);
/* It is the client that is waited for. */
bool http_connection_file_is_waiting(const struct http_connection *c);
void http_connection_file_abandon(struct http_connection *c);

#endif
