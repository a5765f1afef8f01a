/* Names become addresses through uv_getaddrinfo: hiredis would block for them. */
#include "store/redis_address.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

struct redis_lookup {
    uv_getaddrinfo_t request;
    redis_lookup_done *done; /* NULL: cancelled */
    void *context;
    struct redis_host host;
};

bool redis_address_from_path(struct slice path, struct redis_address *address)
{
    struct sockaddr_un local = {.sun_family = AF_UNIX};
    *address = (struct redis_address){.size = 0};
    if (path.size >= sizeof(local.sun_path))
        return false;
    memcpy(local.sun_path, path.data, path.size);
    memcpy(&address->socket, &local, sizeof(local));
    address->size = sizeof(local);
    return true;
}

void redis_address_print(const struct redis_address *address, char *out)
{
    char host[INET6_ADDRSTRLEN] = "";
    const struct sockaddr_in *v4 = (const struct sockaddr_in *)&address->socket;
    const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)&address->socket;
    const struct sockaddr_un *local = (const struct sockaddr_un *)&address->socket;
    switch (address->socket.ss_family) {
    case AF_INET:
        uv_ip4_name(v4, host, sizeof(host));
        snprintf(out, REDIS_ADDRESS_TEXT, "%s:%u", host, (unsigned)ntohs(v4->sin_port));
        break;
    case AF_INET6:
        uv_ip6_name(v6, host, sizeof(host));
        snprintf(out, REDIS_ADDRESS_TEXT, "[%s]:%u", host, (unsigned)ntohs(v6->sin6_port));
        break;
    default:
        snprintf(out, REDIS_ADDRESS_TEXT, "unix:%s", local->sun_path);
        break;
    }
}

int redis_address_connect(const struct redis_address *address)
{
    int family = address->socket.ss_family;
    int on = 1;
    int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    if (family != AF_UNIX)
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    if (connect(fd, (const struct sockaddr *)&address->socket, address->size) == 0 ||
        errno == EINPROGRESS)
        return fd;
    int error = errno;
    close(fd);
    errno = error;
    return -1;
}

static void take_addresses(const struct addrinfo *info, struct redis_addresses *addresses)
{
    addresses->count = 0;
    for (; info && addresses->count < REDIS_MOST_ADDRESSES; info = info->ai_next) {
        struct redis_address *address = &addresses->items[addresses->count];
        if (info->ai_addrlen > sizeof(address->socket))
            continue;
        *address = (struct redis_address){.size = info->ai_addrlen};
        memcpy(&address->socket, info->ai_addr, info->ai_addrlen);
        addresses->count++;
    }
}

static void on_lookup(uv_getaddrinfo_t *request, int status, struct addrinfo *info)
{
    struct redis_lookup *lookup = request->data;
    struct redis_addresses addresses;
    char why[REDIS_WHY_BYTES];
    take_addresses(info, &addresses);
    uv_freeaddrinfo(info);
    snprintf(why, sizeof(why), "%s: %s", lookup->host.name,
             status < 0 ? uv_strerror(status) : "it has no address");
    redis_lookup_done *done = lookup->done;
    void *context = lookup->context;
    free(lookup);
    if (done)
        done(context, status == 0 && addresses.count ? &addresses : NULL, why);
}

struct redis_lookup *redis_lookup_start(uv_loop_t *loop, const struct redis_host *host,
                                        redis_lookup_done *done, void *context)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
    struct redis_lookup *lookup = calloc(1, sizeof(*lookup));
    if (!lookup)
        return NULL;
    lookup->request.data = lookup;
    lookup->done = done;
    lookup->context = context;
    lookup->host = *host;
    if (uv_getaddrinfo(loop, &lookup->request, on_lookup, host->name, host->port, &hints) == 0)
        return lookup;
    free(lookup);
    return NULL;
}

void redis_lookup_cancel(struct redis_lookup *lookup)
{
    if (!lookup)
        return;
    lookup->done = NULL;
    uv_cancel((uv_req_t *)&lookup->request);
}
