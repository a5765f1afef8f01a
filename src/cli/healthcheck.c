/*
 * `portcullis healthcheck`: for containers and people. One blocking connection to the first
 * address of admin.listen; two seconds in all.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "cli/command.h"

enum { DEADLINE_US = 2000000 };

union any_address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
    struct sockaddr_un local;
};

/* The literal of address:port or [address]:port; what listens everywhere is asked on loopback. */
static socklen_t parse_inet(struct slice text, union any_address *address)
{
    const char *colon = memrchr(text.data, ':', text.size);
    bool is_v6 = text.data[0] == '[';
    uint64_t port = 0;
    char host[INET6_ADDRSTRLEN] = "";
    size_t at = colon ? (size_t)(colon - text.data) : 0;
    size_t size = at - (is_v6 ? 2 : 0);
    if (!colon || at < 3 || size >= sizeof(host) || !slice_to_u64(slice_skip(text, at + 1), &port))
        return 0;
    memcpy(host, text.data + (is_v6 ? 1 : 0), size);
    address->any.sa_family = is_v6 ? AF_INET6 : AF_INET;
    if (is_v6) {
        address->v6.sin6_port = htons((uint16_t)port);
        bool is_any = strcmp(host, "::") == 0;
        return inet_pton(AF_INET6, is_any ? "::1" : host, &address->v6.sin6_addr) == 1
                   ? sizeof(address->v6)
                   : 0;
    }
    address->v4.sin_port = htons((uint16_t)port);
    bool is_any = strcmp(host, "0.0.0.0") == 0;
    return inet_pton(AF_INET, is_any ? "127.0.0.1" : host, &address->v4.sin_addr) == 1
               ? sizeof(address->v4)
               : 0;
}

static socklen_t parse_address(struct slice text, union any_address *address)
{
    memset(address, 0, sizeof(*address));
    if (!slice_starts_with(text, SLICE("unix:")))
        return text.size ? parse_inet(text, address) : 0;
    struct slice path = slice_skip(text, 5);
    if (path.size >= sizeof(address->local.sun_path))
        return 0;
    address->local.sun_family = AF_UNIX;
    memcpy(address->local.sun_path, path.data, path.size);
    return sizeof(address->local);
}

/* Waits for events until the deadline; false with errno when it has passed. */
static bool wait_for(int socket_fd, short events, uint64_t deadline_us)
{
    uint64_t now_us = clock_now_us();
    struct pollfd poll_fd = {.fd = socket_fd, .events = events};
    int left_ms = now_us < deadline_us ? (int)((deadline_us - now_us) / 1000) : 0;
    if (poll(&poll_fd, 1, left_ms) > 0)
        return true;
    errno = ETIMEDOUT;
    return false;
}

static bool connect_by(int socket_fd, const union any_address *address, socklen_t size,
                       uint64_t deadline_us)
{
    if (connect(socket_fd, &address->any, size) == 0)
        return true;
    if (errno != EINPROGRESS || !wait_for(socket_fd, POLLOUT, deadline_us))
        return false;
    socklen_t error_size = sizeof(errno);
    return getsockopt(socket_fd, SOL_SOCKET, SO_ERROR, &errno, &error_size) == 0 && errno == 0;
}

/* Sends the request and reads the answer as far as it fits. False with errno. */
static bool exchange(int socket_fd, const char *proxy_header, const char *path, char *answer,
                     size_t size, uint64_t deadline_us)
{
    char request[128];
    int length = snprintf(request, sizeof(request),
                          "%sGET %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
                          proxy_header, path);
    if (send(socket_fd, request, (size_t)length, MSG_NOSIGNAL) != length)
        return false;
    size_t got = 0;
    while (got + 1 < size && wait_for(socket_fd, POLLIN, deadline_us)) {
        ssize_t more = recv(socket_fd, answer + got, size - 1 - got, 0);
        if (more < 0)
            return false;
        got += (size_t)more;
        answer[got] = '\0';
        if (more == 0)
            return true;
    }
    return got + 1 >= size;
}

/* Prints the answer's status line and the first line of its body. */
static int judge(const char *path, const char *answer)
{
    const char *body = strstr(answer, "\r\n\r\n");
    body = body ? body + 4 : "";
    if (strncmp(answer, "HTTP/1.1 200", 12) == 0) {
        printf("%s: ok\n", path);
        return COMMAND_GOOD;
    }
    fprintf(stderr, "portcullis: %s: %.*s: %.*s\n", path, (int)strcspn(answer, "\r\n"), answer,
            (int)strcspn(body, "\r\n"), body);
    return COMMAND_FAILED;
}

static int ask(struct slice listen, const char *path)
{
    union any_address address;
    char answer[2048] = "";
    uint64_t deadline_us = clock_now_us() + DEADLINE_US;
    struct slice options = listen;
    socklen_t size = parse_address(slice_split_word(&options), &address);
    bool is_proxied = slice_equal(options, SLICE("proxy_protocol=on"));
    if (!size) {
        fprintf(stderr, "portcullis: admin.listen: %.*s cannot be asked\n", SLICE_ARGS(listen));
        return COMMAND_FAILED;
    }
    int socket_fd = socket(address.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    bool is_answered = socket_fd >= 0 && connect_by(socket_fd, &address, size, deadline_us) &&
                       exchange(socket_fd, is_proxied ? "PROXY UNKNOWN\r\n" : "", path, answer,
                                sizeof(answer), deadline_us);
    int error = errno;
    if (socket_fd >= 0)
        close(socket_fd);
    if (is_answered)
        return judge(path, answer);
    fprintf(stderr, "portcullis: %.*s%s: %s\n", SLICE_ARGS(listen), path, strerror(error));
    return COMMAND_FAILED;
}

int command_healthcheck(const struct command_options *options)
{
    struct config *config = command_load_config(options);
    if (!config)
        return COMMAND_FAILED;
    struct slice rest = slice_from(config->admin.listen);
    struct slice listen = {0};
    slice_split(&rest, ',', &listen);
    listen = slice_trim(listen);
    int code = COMMAND_FAILED;
    if (listen.size)
        code = ask(listen, command_has_switch(options, "--ready") ? "/readyz" : "/healthz");
    else
        fprintf(stderr, "portcullis: admin.listen is empty: nobody to ask\n");
    config_destroy(config);
    return code;
}
