#include "http/address.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/network.h"

enum { HOST_BYTES = 256 };

static enum result parse_unix(struct slice path, struct http_address *address, const char **why)
{
    struct sockaddr_un *un = (struct sockaddr_un *)&address->socket;
    if (path.size == 0 || path.size >= sizeof(un->sun_path)) {
        *why = "a socket's path has 1 to 107 bytes";
        return RESULT_INVALID;
    }
    un->sun_family = AF_UNIX;
    memcpy(un->sun_path, path.data, path.size);
    address->size = sizeof(*un);
    return RESULT_OK;
}

/* Splits at the last colon; brackets round an IPv6 address are taken off. */
static bool split_port(struct slice text, struct slice *host, uint64_t *port)
{
    size_t colon = text.size;
    while (colon > 0 && text.data[colon - 1] != ':')
        colon--;
    if (colon < 2 || !slice_to_u64(slice_skip(text, colon), port) || *port > 65535)
        return false;
    *host = slice_of(text.data, colon - 1);
    if (host->data[0] != '[')
        return slice_find(*host, ':') == host->size;
    if (host->size < 3 || host->data[host->size - 1] != ']')
        return false;
    *host = slice_of(host->data + 1, host->size - 2);
    return true;
}

static enum result look_up(const char *host, struct http_address *address, const char **why)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE};
    struct addrinfo *found = NULL;
    int error = getaddrinfo(host, NULL, &hints, &found);
    if (error != 0) {
        *why = gai_strerror(error);
        return RESULT_NOT_FOUND;
    }
    memcpy(&address->socket, found->ai_addr, found->ai_addrlen);
    address->size = found->ai_addrlen;
    freeaddrinfo(found);
    return RESULT_OK;
}

static enum result parse_where(struct slice text, struct http_address *address, const char **why)
{
    if (slice_starts_with(text, SLICE("unix:")))
        return parse_unix(slice_skip(text, 5), address, why);

    struct slice host;
    uint64_t port = 0;
    char name[HOST_BYTES];
    if (!split_port(text, &host, &port) || host.size == 0 || host.size >= sizeof(name))
        return RESULT_INVALID;
    memcpy(name, host.data, host.size);
    name[host.size] = '\0';
    enum result result = look_up(name, address, why);
    if (result != RESULT_OK)
        return result;
    if (address->socket.ss_family == AF_INET6)
        ((struct sockaddr_in6 *)&address->socket)->sin6_port = htons((uint16_t)port);
    else
        ((struct sockaddr_in *)&address->socket)->sin_port = htons((uint16_t)port);
    return RESULT_OK;
}

enum result http_address_parse(struct slice text, struct http_address *address, const char **why)
{
    struct slice rest = slice_trim(text);
    struct slice where = slice_split_word(&rest);
    *address = (struct http_address){0};
    while (rest.size > 0) {
        struct slice option = slice_split_word(&rest);
        bool is_on = slice_equal(option, SLICE("proxy_protocol=on"));
        *why = "the only option is proxy_protocol=on or proxy_protocol=off";
        if (!is_on && !slice_equal(option, SLICE("proxy_protocol=off")))
            return RESULT_INVALID;
        address->has_proxy_protocol = is_on;
    }
    *why = "expected HOST:PORT, [IPV6]:PORT or unix:PATH";
    return parse_where(where, address, why);
}

void http_address_print(const struct http_address *address, char *out)
{
    char host[INET6_ADDRSTRLEN] = "?";
    const char *options = address->has_proxy_protocol ? " proxy_protocol=on" : "";
    if (address->socket.ss_family == AF_UNIX) {
        const struct sockaddr_un *un = (const struct sockaddr_un *)&address->socket;
        snprintf(out, HTTP_ADDRESS_TEXT, "unix:%s%s", un->sun_path, options);
        return;
    }
    if (address->socket.ss_family == AF_INET6) {
        const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)&address->socket;
        inet_ntop(AF_INET6, &in6->sin6_addr, host, sizeof(host));
        snprintf(out, HTTP_ADDRESS_TEXT, "[%s]:%u%s", host, ntohs(in6->sin6_port), options);
        return;
    }
    const struct sockaddr_in *in = (const struct sockaddr_in *)&address->socket;
    inet_ntop(AF_INET, &in->sin_addr, host, sizeof(host));
    snprintf(out, HTTP_ADDRESS_TEXT, "%s:%u%s", host, ntohs(in->sin_port), options);
}

bool http_address_is_local(const struct http_address *address)
{
    const struct network_address where =
        network_address_from_socket((const struct sockaddr *)&address->socket);
    return address->socket.ss_family == AF_UNIX || network_address_is_loopback(&where);
}

void http_address_unlink(const struct http_address *address)
{
    if (address->socket.ss_family == AF_UNIX && address->size > 0)
        unlink(((const struct sockaddr_un *)&address->socket)->sun_path);
}
