/* Opening the listening sockets, on the main thread, so that what is wrong is told at once. */
#include <errno.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#include "http/server.h"
#include "observe/log.h"

static void set_option(int socket, int level, int option)
{
    int on = 1;
    setsockopt(socket, level, option, &on, sizeof(on));
}

/* Returns -1 with errno set. */
static int open_socket(const struct http_address *address, bool is_shared, int backlog)
{
    int family = address->socket.ss_family;
    int opened = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (opened < 0)
        return -1;
    if (family != AF_UNIX) {
        set_option(opened, SOL_SOCKET, SO_REUSEADDR);
        set_option(opened, IPPROTO_TCP, TCP_NODELAY); /* accepted sockets inherit it */
    }
    if (family == AF_INET6)
        set_option(opened, IPPROTO_IPV6, IPV6_V6ONLY);
    if (is_shared)
        set_option(opened, SOL_SOCKET, SO_REUSEPORT);
    if (bind(opened, (const struct sockaddr *)&address->socket, address->size) == 0 &&
        (backlog == 0 || listen(opened, backlog) == 0))
        return opened;
    int error = errno;
    close(opened);
    errno = error;
    return -1;
}

/* With SO_REUSEPORT a second gateway would take half of the connections without a word: ask once
 * without it. */
static bool is_free(const struct http_address *address)
{
    int probe = open_socket(address, false, 0);
    if (probe < 0)
        return false;
    close(probe);
    return true;
}

/* A socket file that nobody answers on is what a killed process left behind. */
static void remove_stale(const struct http_address *address)
{
    int probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (probe < 0)
        return;
    if (connect(probe, (const struct sockaddr *)&address->socket, address->size) != 0 &&
        errno == ECONNREFUSED)
        http_address_unlink(address);
    close(probe);
}

static enum result bind_unix(struct http_listener *listener, size_t loops, int backlog)
{
    remove_stale(&listener->address);
    listener->sockets[0] = open_socket(&listener->address, false, backlog);
    if (listener->sockets[0] < 0) {
        listener->address.size = 0; /* not ours to unlink */
        return RESULT_FAILED;
    }
    for (size_t i = 1; i < loops; i++) {
        listener->sockets[i] = dup(listener->sockets[0]);
        if (listener->sockets[i] < 0)
            return RESULT_FAILED;
    }
    return RESULT_OK;
}

static enum result bind_tcp(struct http_listener *listener, size_t loops, int backlog)
{
    struct http_address *address = &listener->address;
    if (!is_free(address))
        return RESULT_FAILED;
    for (size_t i = 0; i < loops; i++) {
        listener->sockets[i] = open_socket(address, true, backlog);
        if (listener->sockets[i] < 0)
            return RESULT_FAILED;
        /* Port 0: the first socket's port is everyone's. */
        getsockname(listener->sockets[i], (struct sockaddr *)&address->socket, &address->size);
    }
    return RESULT_OK;
}

static enum result bind_one(struct http_server *server, struct slice text)
{
    struct http_listener *listener = &server->listeners[server->listener_count];
    const char *why = "";
    if (http_address_parse(text, &listener->address, &why) != RESULT_OK) {
        log_error("listen", "cannot listen on %.*s: %s", SLICE_ARGS(text), why);
        return RESULT_INVALID;
    }
    listener->sockets = malloc(server->loop_count * sizeof(int));
    if (listener->sockets == NULL)
        return RESULT_NO_MEMORY;
    memset(listener->sockets, -1, server->loop_count * sizeof(int));
    server->listener_count++;
    int backlog = (int)server->options.server->backlog;
    bool is_unix = listener->address.socket.ss_family == AF_UNIX;
    enum result result = is_unix ? bind_unix(listener, server->loop_count, backlog)
                                 : bind_tcp(listener, server->loop_count, backlog);
    if (result != RESULT_OK) {
        log_error("listen", "cannot listen on %.*s: %s", SLICE_ARGS(text), strerror(errno));
        return result;
    }
    char printed[HTTP_ADDRESS_TEXT];
    if (listener->address.has_proxy_protocol && !is_unix &&
        (!server->options.trusted || server->options.trusted->count == 0))
        log_warning("listen", "%.*s lets nobody in: http.trusted_proxies is empty",
                    SLICE_ARGS(text));
    http_address_print(&listener->address, printed);
    log_info("listening", "%s", printed);
    return RESULT_OK;
}

static enum result make_loops(struct http_server *server, size_t loops)
{
    server->loops = calloc(loops, sizeof(struct http_loop *));
    if (server->loops == NULL)
        return RESULT_NO_MEMORY;
    for (; server->loop_count < loops; server->loop_count++) {
        server->loops[server->loop_count] = calloc(1, sizeof(struct http_loop));
        if (server->loops[server->loop_count] == NULL)
            return RESULT_NO_MEMORY;
    }
    return RESULT_OK;
}

enum result http_server_bind(struct http_server *server, struct slice addresses, size_t loops)
{
    size_t most = 1;
    for (size_t i = 0; i < addresses.size; i++)
        most += addresses.data[i] == ',';
    server->listeners = calloc(most, sizeof(*server->listeners));
    if (server->listeners == NULL || make_loops(server, loops) != RESULT_OK)
        return RESULT_NO_MEMORY;
    struct slice text;
    while (slice_split(&addresses, ',', &text)) {
        text = slice_trim(text);
        enum result result = text.size == 0 ? RESULT_OK : bind_one(server, text);
        if (result != RESULT_OK)
            return result;
    }
    return RESULT_OK;
}
