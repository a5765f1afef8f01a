/* A server: its part on each loop, from start to stop. */
#include "http/server.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "observe/log.h"

struct http_server *http_server_create(const struct http_server_options *options)
{
    struct http_server *server = calloc(1, sizeof(*server));
    if (server == NULL)
        return NULL;
    server->options = *options;
    server->statm = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
    pthread_mutex_init(&server->shared_addresses_lock, NULL);
    return server;
}

static void close_listener(struct http_listener *listener, size_t loops)
{
    for (size_t i = 0; listener->sockets != NULL && i < loops; i++) {
        if (listener->sockets[i] >= 0)
            close(listener->sockets[i]);
    }
    free(listener->sockets);
    http_address_unlink(&listener->address);
}

void http_server_destroy(struct http_server *server)
{
    if (server == NULL)
        return;
    for (size_t i = 0; i < server->listener_count; i++)
        close_listener(&server->listeners[i], server->loop_count);
    for (size_t i = 0; server->loops != NULL && i < server->loop_count; i++)
        free(server->loops[i]);
    http_server_clear_addresses(server);
    pthread_mutex_destroy(&server->shared_addresses_lock);
    if (server->statm >= 0)
        close(server->statm);
    free(server->listeners);
    free(server->loops);
    free(server);
}

static void on_prepare(uv_prepare_t *prepare)
{
    struct http_loop *home = prepare->data;
    while (home->flush != NULL)
        http_connection_flush(home->flush);
}

void http_server_loop_start(struct http_server *server, struct loop *loop)
{
    struct http_loop *home = server->loops[loop_index(loop)];
    home->server = server;
    home->loop = loop;
    uv_prepare_init(loop_uv(loop), &home->prepare);
    home->prepare.data = home;
    uv_prepare_start(&home->prepare, on_prepare);
    http_server_listen(home);
}

void http_server_loop_tick(struct http_server *server, struct loop *loop)
{
    if (loop_index(loop) == 0)
        http_server_measure_memory(server);
    http_connection_sweep(server->loops[loop_index(loop)], clock_now_us());
}

void http_server_loop_drain(struct http_server *server, struct loop *loop)
{
    struct http_loop *home = server->loops[loop_index(loop)];
    home->is_draining = true;
    http_server_accept_rest(home);
    http_server_stop_listening(home);
    struct http_connection *c = home->lists[HTTP_CONNECTION_IDLE];
    while (c != NULL) {
        struct http_connection *next = c->next;
        http_connection_drain(c);
        c = next;
    }
}

void http_server_loop_stop(struct http_server *server, struct loop *loop)
{
    struct http_loop *home = server->loops[loop_index(loop)];
    home->is_draining = true;
    http_server_stop_listening(home);
    for (int state = 0; state < HTTP_CONNECTION_STATES; state++) {
        while (home->lists[state] != NULL)
            http_connection_end(home->lists[state], HTTP_END_SHUTDOWN);
    }
    uv_close((uv_handle_t *)&home->prepare, NULL);
}

void http_server_announce_end(struct http_server *server)
{
    atomic_store_explicit(&server->shared_is_closing, true, memory_order_relaxed);
}

bool http_server_is_closing(const struct http_loop *home)
{
    return home->is_draining ||
           atomic_load_explicit(&home->server->shared_is_closing, memory_order_relaxed);
}

struct slice http_loop_date(struct http_loop *home)
{
    time_t now_s = (time_t)(clock_wall_us() / 1000000);
    if (now_s != home->date_s) {
        struct tm utc;
        gmtime_r(&now_s, &utc);
        /* The C locale's names, which is what RFC 9110 5.6.7 wants: nobody calls setlocale. */
        strftime(home->date, sizeof(home->date), "%a, %d %b %Y %H:%M:%S GMT", &utc);
        home->date_s = now_s;
    }
    return slice_of(home->date, 29);
}
