/*
 * Stands between one database connection and the server's unix socket, on a loopback port, and can
 * lose what belongs to a COMMIT: the question, the answer, or the answer without hanging up. A
 * thread of its own; connections one after another.
 */
#ifndef COMMIT_PROXY_H
#define COMMIT_PROXY_H

#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum commit_loss {
    COMMIT_LOSS_NONE,
    COMMIT_LOSS_QUESTION, /* hangs up instead of handing COMMIT on */
    COMMIT_LOSS_ANSWER,   /* hands it on, waits for the answer, hangs up */
    COMMIT_LOSS_SILENCE,  /* hands it on and lets the client wait for the answer */
};

struct commit_proxy {
    const char *upstream; /* path of the server's socket */
    int listener;
    unsigned port;
    pthread_t thread;
    atomic_int shared_loss; /* of the next COMMIT */
    atomic_int shared_connections;
    atomic_bool shared_should_end;
};

enum { COMMIT_PROXY_POLL_MS = 50 };

static inline int commit_proxy_connect(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int upstream = socket(AF_UNIX, SOCK_STREAM, 0);
    strncpy(address.sun_path, path, sizeof(address.sun_path) - 1);
    if (connect(upstream, (struct sockaddr *)&address, sizeof(address)) != 0) {
        close(upstream);
        return -1;
    }
    return upstream;
}

/* Hands one piece on; false: this connection is over. */
static inline bool commit_proxy_hand_on(int from, int to)
{
    char bytes[65536];
    ssize_t size = recv(from, bytes, sizeof(bytes), 0);
    return size > 0 && send(to, bytes, (size_t)size, MSG_NOSIGNAL) == size;
}

/* What the client says, which may be the COMMIT to be lost. */
static inline bool commit_proxy_ask(struct commit_proxy *proxy, int client, int upstream)
{
    char bytes[65536];
    ssize_t size = recv(client, bytes, sizeof(bytes), 0);
    if (size <= 0)
        return false;
    int loss = memmem(bytes, (size_t)size, "\3COMMIT", 7) ? atomic_load(&proxy->shared_loss)
                                                          : COMMIT_LOSS_NONE;
    if (loss == COMMIT_LOSS_QUESTION || send(upstream, bytes, (size_t)size, MSG_NOSIGNAL) != size)
        return false;
    if (loss == COMMIT_LOSS_NONE)
        return true;
    ssize_t answer = recv(upstream, bytes, sizeof(bytes), 0);
    if (loss == COMMIT_LOSS_SILENCE)
        return recv(client, bytes, sizeof(bytes), 0) > 0; /* until it hangs up */
    return answer < 0;
}

static inline void commit_proxy_serve(struct commit_proxy *proxy, int client, int upstream)
{
    struct pollfd both[] = {{.fd = client, .events = POLLIN}, {.fd = upstream, .events = POLLIN}};
    bool goes_on = true;
    while (goes_on && !atomic_load(&proxy->shared_should_end)) {
        if (poll(both, 2, COMMIT_PROXY_POLL_MS) <= 0)
            continue;
        if (both[0].revents)
            goes_on = commit_proxy_ask(proxy, client, upstream);
        if (goes_on && both[1].revents)
            goes_on = commit_proxy_hand_on(upstream, client);
    }
}

static inline void *commit_proxy_run(void *context)
{
    struct commit_proxy *proxy = context;
    struct pollfd listener = {.fd = proxy->listener, .events = POLLIN};
    while (!atomic_load(&proxy->shared_should_end)) {
        if (poll(&listener, 1, COMMIT_PROXY_POLL_MS) <= 0)
            continue;
        int client = accept(proxy->listener, NULL, NULL);
        int upstream = commit_proxy_connect(proxy->upstream);
        atomic_fetch_add(&proxy->shared_connections, 1);
        if (upstream >= 0)
            commit_proxy_serve(proxy, client, upstream);
        close(upstream);
        close(client);
        atomic_fetch_sub(&proxy->shared_connections, 1);
    }
    return NULL;
}

static inline void commit_proxy_start(struct commit_proxy *proxy, const char *upstream)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t size = sizeof(address);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    *proxy = (struct commit_proxy){.upstream = upstream};
    proxy->listener = socket(AF_INET, SOCK_STREAM, 0);
    bind(proxy->listener, (struct sockaddr *)&address, size);
    listen(proxy->listener, 8);
    getsockname(proxy->listener, (struct sockaddr *)&address, &size);
    proxy->port = ntohs(address.sin_port);
    pthread_create(&proxy->thread, NULL, commit_proxy_run, proxy);
}

static inline void commit_proxy_stop(struct commit_proxy *proxy)
{
    atomic_store(&proxy->shared_should_end, true);
    pthread_join(proxy->thread, NULL);
    close(proxy->listener);
}

#endif
