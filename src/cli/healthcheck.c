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
#include <unistd.h>

#include "base/clock.h"
#include "cli/command.h"
#include "http/address.h"

enum { DEADLINE_US = 2000000 };

/* What listens everywhere is asked on loopback. */
static bool find_address(struct slice listen, struct http_address *address, const char **why)
{
    struct sockaddr_in *v4 = (struct sockaddr_in *)&address->socket;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&address->socket;
    if (http_address_parse(listen, address, why) != RESULT_OK)
        return false;
    if (address->socket.ss_family == AF_INET && v4->sin_addr.s_addr == htonl(INADDR_ANY))
        v4->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (address->socket.ss_family == AF_INET6 && IN6_IS_ADDR_UNSPECIFIED(&v6->sin6_addr))
        v6->sin6_addr = in6addr_loopback;
    return true;
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

static bool connect_by(int socket_fd, const struct http_address *address, uint64_t deadline_us)
{
    if (connect(socket_fd, (const struct sockaddr *)&address->socket, address->size) == 0)
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
        if (more == 0) {
            errno = ECONNRESET;
            return got > 0;
        }
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
    struct http_address address;
    const char *why = "";
    char answer[2048] = "";
    uint64_t deadline_us = clock_now_us() + DEADLINE_US;
    if (!find_address(listen, &address, &why)) {
        fprintf(stderr, "portcullis: admin.listen: %.*s cannot be asked: %s\n", SLICE_ARGS(listen),
                why);
        return COMMAND_FAILED;
    }
    const char *proxy_header = address.has_proxy_protocol ? "PROXY UNKNOWN\r\n" : "";
    int socket_fd = socket(address.socket.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    bool is_answered = socket_fd >= 0 && connect_by(socket_fd, &address, deadline_us) &&
                       exchange(socket_fd, proxy_header, path, answer, sizeof(answer), deadline_us);
    int error = errno;
    if (socket_fd >= 0)
        close(socket_fd);
    if (is_answered)
        return judge(path, answer);
    fprintf(stderr, "portcullis: %.*s: %s: %s%s\n", SLICE_ARGS(listen), path, strerror(error),
            address.has_proxy_protocol ? " (it answers http.trusted_proxies alone)" : "");
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
