/* What a server may hold and when it is too busy: connections, addresses, memory, loop lag. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <uthash.h>

#include "http/server.h"
#include "observe/metrics.h"

/* Bits of an IPv6 address that make one client: what a provider gives to the smallest of them. */
enum { CLIENT_BITS = 64 };

struct http_address_count {
    struct network_address address; /* the key */
    size_t count;
    UT_hash_handle hh;
};

bool http_server_trusts(const struct http_server *server, const struct network_address *peer)
{
    const struct network_list *trusted = server->options.trusted;
    return !network_address_is_known(peer) || (trusted && network_list_holds(trusted, peer));
}

/* Under the lock. Counts the address in unless it holds as many connections as it may. */
static bool count_address(struct http_server *server, struct network_address address, uint64_t most)
{
    struct http_address_count *entry = NULL;
    HASH_FIND(hh, server->shared_addresses, &address, sizeof(address), entry);
    if (entry == NULL) {
        entry = calloc(1, sizeof(*entry));
        if (entry == NULL)
            return false;
        entry->address = address;
        HASH_ADD(hh, server->shared_addresses, address, sizeof(address), entry);
    }
    if (entry->count >= most)
        return false;
    entry->count++;
    return true;
}

bool http_server_admit_client(struct http_server *server, struct http_connection *c)
{
    uint64_t most = server->options.server->max_per_address;
    if (server->options.is_exempt || most == 0 || http_server_trusts(server, &c->peer))
        return true;
    pthread_mutex_lock(&server->shared_addresses_lock);
    c->is_counted = count_address(server, network_of_client(&c->peer, CLIENT_BITS).address, most);
    pthread_mutex_unlock(&server->shared_addresses_lock);
    return c->is_counted;
}

bool http_server_admit(struct http_server *server, struct http_connection *c)
{
    size_t open = atomic_fetch_add_explicit(&server->shared_open, 1, memory_order_relaxed);
    if (server->options.is_exempt)
        return true;
    return open < server->options.server->max_connections && http_server_admit_client(server, c);
}

bool http_server_is_overrun(struct http_server *server)
{
    size_t most = server->options.server->max_connections;
    size_t open = atomic_load_explicit(&server->shared_open, memory_order_relaxed);
    return !server->options.is_exempt && open > most + most / 8 + 64;
}

void http_server_forget(struct http_server *server, struct http_connection *c)
{
    atomic_fetch_sub_explicit(&server->shared_open, 1, memory_order_relaxed);
    if (!c->is_counted)
        return;
    struct network_address address = network_of_client(&c->peer, CLIENT_BITS).address;
    struct http_address_count *entry = NULL;
    pthread_mutex_lock(&server->shared_addresses_lock);
    HASH_FIND(hh, server->shared_addresses, &address, sizeof(address), entry);
    if (entry != NULL && --entry->count == 0) {
        HASH_DEL(server->shared_addresses, entry);
        free(entry);
    }
    pthread_mutex_unlock(&server->shared_addresses_lock);
    c->is_counted = false;
}

void http_server_clear_addresses(struct http_server *server)
{
    struct http_address_count *entry = NULL;
    struct http_address_count *next = NULL;
    HASH_ITER(hh, server->shared_addresses, entry, next)
    {
        HASH_DEL(server->shared_addresses, entry);
        free(entry);
    }
}

bool http_server_is_shedding(const struct http_loop *home)
{
    const struct http_server_options *options = &home->server->options;
    uint64_t max_lag_us = options->server->max_lag_ms * 1000;
    if (options->is_exempt)
        return false;
    if (atomic_load_explicit(&home->server->shared_is_over_memory, memory_order_relaxed))
        return true;
    return max_lag_us > 0 && loop_lag_us(home->loop) > max_lag_us;
}

/* Resident pages are the second number of statm (proc(5)). */
void http_server_measure_memory(struct http_server *server)
{
    char text[128];
    ssize_t size = server->statm < 0 ? -1 : pread(server->statm, text, sizeof(text) - 1, 0);
    if (size <= 0)
        return;
    text[size] = '\0';
    unsigned long pages = 0;
    if (sscanf(text, "%*s %lu", &pages) != 1)
        return;
    uint64_t resident = (uint64_t)pages * (uint64_t)sysconf(_SC_PAGESIZE);
    uint64_t most = server->options.server->max_memory;
    metric_set(METRIC_MEMORY_BYTES, (int64_t)resident);
    atomic_store_explicit(&server->shared_is_over_memory, most > 0 && resident > most,
                          memory_order_relaxed);
}
