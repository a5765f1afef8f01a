/* Listening sockets on a loop, and the connections that come in by them. */
#include <stdlib.h>
#include <unistd.h>

#include "http/server.h"
#include "observe/log.h"

struct http_listening {
    union {
        uv_handle_t handle;
        uv_stream_t stream;
        uv_tcp_t tcp;
        uv_pipe_t pipe;
    } uv;
    struct http_loop *home;
    bool is_unix;
    bool is_local;
    bool has_proxy_protocol;
};

struct listenings {
    size_t open; /* handles not yet closed; the last frees the whole */
    struct http_listening items[];
};

static struct listenings *listenings_of(struct http_loop *home)
{
    return (struct listenings *)((char *)home->listening - offsetof(struct listenings, items));
}

/* False when the other end has gone already. It must not pass for a unix socket's: those are
 * trusted, and what it has sent could still be read. */
static bool read_peer(struct http_connection *c, bool is_unix)
{
    struct sockaddr_storage peer = {0};
    int size = sizeof(peer);
    if (is_unix)
        return true;
    if (uv_tcp_getpeername(&c->uv.tcp, (struct sockaddr *)&peer, &size) != 0)
        return false;
    c->peer = network_address_from_socket((const struct sockaddr *)&peer);
    return network_address_is_known(&c->peer);
}

static struct http_connection *make_connection(struct http_listening *listening)
{
    uv_loop_t *uv = loop_uv(listening->home->loop);
    struct http_connection *c = calloc(1, sizeof(*c));
    if (c == NULL)
        return NULL;
    if (listening->is_unix)
        uv_pipe_init(uv, &c->uv.pipe, 0);
    else
        uv_tcp_init(uv, &c->uv.tcp);
    c->is_local = listening->is_local;
    c->wants_proxy_header = listening->has_proxy_protocol;
    return c;
}

static void on_unused_closed(uv_handle_t *handle)
{
    free(handle);
}

static void on_connection(uv_stream_t *stream, int status)
{
    struct http_listening *listening = stream->data;
    struct http_connection *c = status == 0 ? make_connection(listening) : NULL;
    if (c == NULL) {
        log_warning("accept", "cannot accept a connection: %s",
                    status == 0 ? "no memory" : uv_strerror(status));
        return;
    }
    if (uv_accept(stream, &c->uv.stream) == 0 && read_peer(c, listening->is_unix))
        http_connection_begin(c, listening->home);
    else
        uv_close(&c->uv.handle, on_unused_closed);
}

static int open_listening(struct http_listening *listening, struct http_listener *listener,
                          size_t index)
{
    struct http_loop *home = listening->home;
    int socket = listener->sockets[index];
    listener->sockets[index] = -1;
    listening->uv.handle.data = listening;
    int error = listening->is_unix ? uv_pipe_open(&listening->uv.pipe, socket)
                                   : uv_tcp_open(&listening->uv.tcp, socket);
    if (error != 0)
        return error;
    return uv_listen(&listening->uv.stream, (int)home->server->options.server->backlog,
                     on_connection);
}

void http_server_listen(struct http_loop *home)
{
    struct http_server *server = home->server;
    size_t count = server->listener_count;
    struct listenings *listenings =
        calloc(1, sizeof(*listenings) + count * sizeof(struct http_listening));
    if (listenings == NULL || count == 0) {
        free(listenings);
        return;
    }
    home->listening = listenings->items;
    listenings->open = count;
    for (size_t i = 0; i < count; i++) {
        struct http_listening *listening = &listenings->items[i];
        struct http_listener *listener = &server->listeners[i];
        listening->home = home;
        listening->is_unix = listener->address.socket.ss_family == AF_UNIX;
        listening->is_local = http_address_is_local(&listener->address);
        listening->has_proxy_protocol = listener->address.has_proxy_protocol;
        if (listening->is_unix)
            uv_pipe_init(loop_uv(home->loop), &listening->uv.pipe, 0);
        else
            uv_tcp_init(loop_uv(home->loop), &listening->uv.tcp);
        int error = open_listening(listening, listener, loop_index(home->loop));
        if (error != 0)
            log_error("listen", "loop %zu cannot listen: %s", loop_index(home->loop),
                      uv_strerror(error));
    }
}

static void on_listening_closed(uv_handle_t *handle)
{
    struct listenings *listenings = handle->data;
    if (--listenings->open == 0)
        free(listenings);
}

void http_server_stop_listening(struct http_loop *home)
{
    if (home->listening == NULL)
        return;
    struct listenings *listenings = listenings_of(home);
    home->listening = NULL;
    for (size_t i = 0; i < home->server->listener_count; i++) {
        listenings->items[i].uv.handle.data = listenings;
        uv_close(&listenings->items[i].uv.handle, on_listening_closed);
    }
}

static void accept_one(struct http_listening *listening, int socket)
{
    struct http_connection *c = make_connection(listening);
    if (c == NULL) {
        close(socket);
        return;
    }
    int error =
        listening->is_unix ? uv_pipe_open(&c->uv.pipe, socket) : uv_tcp_open(&c->uv.tcp, socket);
    if (error != 0) {
        close(socket);
        uv_close(&c->uv.handle, on_unused_closed);
        return;
    }
    if (read_peer(c, listening->is_unix))
        http_connection_begin(c, listening->home);
    else
        uv_close(&c->uv.handle, on_unused_closed);
}

void http_server_accept_rest(struct http_loop *home)
{
    size_t count = home->listening != NULL ? home->server->listener_count : 0;
    for (size_t i = 0; i < count; i++) {
        struct http_listening *listening = &home->listening[i];
        uv_os_fd_t socket = -1;
        if (uv_fileno(&listening->uv.handle, &socket) != 0)
            continue;
        int accepted = accept4(socket, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        for (; accepted >= 0; accepted = accept4(socket, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC))
            accept_one(listening, accepted);
    }
}
