#include "base/network.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

enum { V4_AT = 12, BYTES = 16, V4_BITS_BEFORE = 96 };

static const unsigned char mapped[V4_AT] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

bool network_address_is_known(const struct network_address *address)
{
    static const struct network_address unknown;
    return memcmp(address, &unknown, sizeof(unknown)) != 0;
}

bool network_address_equal(const struct network_address *a, const struct network_address *b)
{
    return memcmp(a, b, sizeof(*a)) == 0;
}

bool network_address_is_v4(const struct network_address *address)
{
    return memcmp(address->bytes, mapped, sizeof(mapped)) == 0;
}

bool network_address_is_loopback(const struct network_address *address)
{
    static const struct network_address v6 = {{[BYTES - 1] = 1}};
    return network_address_equal(address, &v6) ||
           (network_address_is_v4(address) && address->bytes[V4_AT] == 127);
}

struct network_address network_address_from_v4(const void *bytes)
{
    struct network_address address;
    memcpy(address.bytes, mapped, sizeof(mapped));
    memcpy(address.bytes + V4_AT, bytes, 4);
    return address;
}

struct network_address network_address_from_socket(const struct sockaddr *socket)
{
    struct network_address address = {{0}};
    if (socket->sa_family == AF_INET)
        return network_address_from_v4(
            &((const struct sockaddr_in *)(const void *)socket)->sin_addr);
    if (socket->sa_family == AF_INET6)
        memcpy(address.bytes, &((const struct sockaddr_in6 *)(const void *)socket)->sin6_addr,
               BYTES);
    return address;
}

bool network_address_parse(struct slice text, struct network_address *address)
{
    char copy[INET6_ADDRSTRLEN];
    unsigned char v4[4];
    if (!text.size || text.size >= sizeof(copy) || memchr(text.data, 0, text.size))
        return false;
    memcpy(copy, text.data, text.size);
    copy[text.size] = '\0';
    if (inet_pton(AF_INET, copy, v4) == 1) {
        *address = network_address_from_v4(v4);
        return true;
    }
    return inet_pton(AF_INET6, copy, address->bytes) == 1;
}

void network_address_print(const struct network_address *address, char *out)
{
    bool is_v4 = network_address_is_v4(address);
    inet_ntop(is_v4 ? AF_INET : AF_INET6, address->bytes + (is_v4 ? V4_AT : 0), out, NETWORK_TEXT);
}

static struct network_address prefix_mask(unsigned bits)
{
    struct network_address mask = {{0}};
    for (unsigned i = 0; i < bits; i++)
        mask.bytes[i / 8] = (unsigned char)(mask.bytes[i / 8] | 0x80U >> i % 8);
    return mask;
}

struct network network_masked(const struct network_address *address,
                              const struct network_address *mask)
{
    struct network network = {*address, *mask};
    for (size_t i = 0; i < BYTES; i++)
        network.address.bytes[i] &= mask->bytes[i];
    return network;
}

/* Wildcards are read as zeros, and their parts taken out of the mask. */
static bool parse_wildcards(struct slice text, struct network *network)
{
    char copy[INET6_ADDRSTRLEN];
    bool is_v6 = slice_find(text, ':') < text.size;
    const size_t part_bytes = is_v6 ? 2 : 1;
    size_t part = 0;
    struct network_address mask = prefix_mask(8 * BYTES);
    struct network_address address;
    if (text.size >= sizeof(copy))
        return false;
    for (size_t i = 0; i < text.size; i++) {
        char c = text.data[i];
        bool starts = i == 0 || text.data[i - 1] == (is_v6 ? ':' : '.');
        bool ends = i + 1 == text.size || text.data[i + 1] == (is_v6 ? ':' : '.');
        size_t at = (is_v6 ? 0 : V4_AT) + part * part_bytes;
        if (c == '*' && !(starts && ends && at + part_bytes <= BYTES))
            return false;
        if (c == '*')
            memset(mask.bytes + at, 0, part_bytes);
        part += c == (is_v6 ? ':' : '.');
        copy[i] = c == '*' ? '0' : c;
    }
    /* A shortened address (::) says nothing of where its parts stand. */
    bool is_whole = part == (is_v6 ? 7 : 3);
    if (!is_whole || !network_address_parse(slice_of(copy, text.size), &address))
        return false;
    *network = network_masked(&address, &mask);
    return true;
}

bool network_parse(struct slice text, struct network *network)
{
    struct network_address address;
    uint64_t bits = 0;
    size_t slash = slice_find(text, '/');
    if (slice_find(text, '*') < text.size)
        return parse_wildcards(text, network);
    if (!network_address_parse(slice_of(text.data, slash), &address))
        return false;
    /* ::ffff:10.0.0.0/104 is written in IPv6's bits. */
    bool is_quad = slice_find(text, ':') == text.size;
    unsigned most = is_quad ? 32 : 128;
    bits = most;
    if (slash < text.size && (!slice_to_u64(slice_skip(text, slash + 1), &bits) || bits > most))
        return false;
    struct network_address mask = prefix_mask((unsigned)bits + (is_quad ? V4_BITS_BEFORE : 0));
    *network = network_masked(&address, &mask);
    return true;
}

/* The number of leading ones, or -1 when the mask is no prefix. */
static int prefix_bits(const struct network_address *mask)
{
    unsigned bits = 0;
    while (bits < 8 * BYTES && (mask->bytes[bits / 8] & (0x80U >> bits % 8)))
        bits++;
    struct network_address whole = prefix_mask(bits);
    return network_address_equal(&whole, mask) ? (int)bits : -1;
}

static void print_wildcards(const struct network *network, bool is_v4, char *out)
{
    size_t part_bytes = is_v4 ? 1 : 2;
    size_t used = 0;
    for (size_t at = is_v4 ? V4_AT : 0; at < BYTES; at += part_bytes) {
        const unsigned char *bytes = network->address.bytes + at;
        const char *joint = at == (is_v4 ? V4_AT : 0) ? "" : is_v4 ? "." : ":";
        unsigned value = is_v4 ? bytes[0] : (unsigned)bytes[0] << 8 | bytes[1];
        int size =
            network->mask.bytes[at]
                ? snprintf(out + used, NETWORK_TEXT - used, is_v4 ? "%s%u" : "%s%x", joint, value)
                : snprintf(out + used, NETWORK_TEXT - used, "%s*", joint);
        used += (size_t)size;
    }
}

/* Does all of it lie in IPv4's part? */
static bool is_v4_network(const struct network *network)
{
    struct network_address v4_mask = prefix_mask(V4_BITS_BEFORE);
    return network_address_is_v4(&network->address) &&
           memcmp(network->mask.bytes, v4_mask.bytes, V4_AT) == 0;
}

void network_print(const struct network *network, char *out)
{
    int bits = prefix_bits(&network->mask);
    bool is_v4 = is_v4_network(network);
    if (bits < 0) {
        print_wildcards(network, is_v4, out);
        return;
    }
    network_address_print(&network->address, out);
    size_t size = strlen(out);
    if (bits < 8 * BYTES)
        snprintf(out + size, NETWORK_TEXT - size, "/%d", is_v4 ? bits - V4_BITS_BEFORE : bits);
}

bool network_equal(const struct network *a, const struct network *b)
{
    return network_address_equal(&a->address, &b->address) &&
           network_address_equal(&a->mask, &b->mask);
}

bool network_holds(const struct network *network, const struct network_address *address)
{
    bool is_equal = true;
    for (size_t i = 0; i < BYTES; i++)
        is_equal =
            is_equal && (address->bytes[i] & network->mask.bytes[i]) == network->address.bytes[i];
    return is_equal;
}

bool network_contains(const struct network *outer, const struct network *inner)
{
    bool is_narrower = true;
    for (size_t i = 0; i < BYTES; i++)
        is_narrower = is_narrower && (outer->mask.bytes[i] & ~inner->mask.bytes[i]) == 0;
    return is_narrower && network_holds(outer, &inner->address);
}

bool network_is_single(const struct network *network)
{
    return prefix_bits(&network->mask) == 8 * BYTES;
}

struct network network_of_client(const struct network_address *address, unsigned ipv6_prefix)
{
    struct network_address mask =
        prefix_mask(network_address_is_v4(address) ? 8 * BYTES : ipv6_prefix);
    return network_masked(address, &mask);
}

bool network_list_parse(struct slice text, struct arena *arena, struct network_list *list)
{
    struct slice part;
    size_t most = 1;
    bool is_whole = true;
    for (size_t i = 0; i < text.size; i++)
        most += text.data[i] == ',';
    *list = (struct network_list){.items = arena_alloc(arena, most * sizeof(*list->items))};
    if (!list->items)
        return false;
    while (slice_split(&text, ',', &part)) {
        part = slice_trim(part);
        if (!part.size)
            continue;
        if (network_parse(part, &list->items[list->count]))
            list->count++;
        else
            is_whole = false;
    }
    return is_whole;
}

bool network_list_holds(const struct network_list *list, const struct network_address *address)
{
    for (size_t i = 0; i < list->count; i++)
        if (network_holds(&list->items[i], address))
            return true;
    return false;
}
