/*
 * IP addresses and networks, IPv4 and IPv6 as one kind: IPv4 lies in ::ffff:0:0/96, so that an
 * IPv4-mapped address is the IPv4 address it means. Pure; any thread.
 */
#ifndef PORTCULLIS_BASE_NETWORK_H
#define PORTCULLIS_BASE_NETWORK_H

#include <stdbool.h>
#include <sys/socket.h>

#include "base/arena.h"
#include "base/slice.h"

enum { NETWORK_TEXT = 80 }; /* bytes that hold any address or network printed, with its NUL */

/* All zero: no address is known (a unix socket's peer); network_address_is_known. */
struct network_address {
    unsigned char bytes[16];
};

/* The addresses that agree with `address` where mask has ones. address has zeros elsewhere. The
 * mask need not be a prefix: `189.*.7.*`. */
struct network {
    struct network_address address;
    struct network_address mask;
};

struct network_list {
    struct network *items;
    size_t count;
};

bool network_address_is_known(const struct network_address *address);
bool network_address_equal(const struct network_address *a, const struct network_address *b);
bool network_address_is_v4(const struct network_address *address);
/* Its four bytes, as they travel. */
struct network_address network_address_from_v4(const void *bytes);
/* 127.0.0.0/8 and ::1. */
bool network_address_is_loopback(const struct network_address *address);
/* AF_INET and AF_INET6; anything else gives the unknown address. */
struct network_address network_address_from_socket(const struct sockaddr *socket);

/* A literal as RFC 4291 or a dotted quad writes it: no brackets, port, zone or blanks. */
bool network_address_parse(struct slice text, struct network_address *address);
/* IPv4 as a dotted quad. out holds NETWORK_TEXT bytes. */
void network_address_print(const struct network_address *address, char *out);

/*
 * An address, CIDR (10.0.0.0/8, 2001:db8::/32), or WHMCS's wildcards, which stand for whole parts
 * (189.123.*.*, 2001:db8:1:2:*:*:*:*). Bits behind a CIDR's prefix are dropped.
 */
bool network_parse(struct slice text, struct network *network);
/* An address where it is one; CIDR where the mask is a prefix; else with wildcards. out holds
 * NETWORK_TEXT bytes. Parsed again it gives the same network. */
void network_print(const struct network *network, char *out);
bool network_equal(const struct network *a, const struct network *b);
bool network_holds(const struct network *network, const struct network_address *address);
/* Is all of inner inside outer? */
bool network_contains(const struct network *outer, const struct network *inner);
/* Is it one IPv4 address, or one IPv6 address? */
bool network_is_single(const struct network *network);
/* The network of an address under a mask. */
struct network network_masked(const struct network_address *address,
                              const struct network_address *mask);
/* The network as which a client is counted: an IPv4 address itself, of IPv6 its first
 * ipv6_prefix bits. */
struct network network_of_client(const struct network_address *address, unsigned ipv6_prefix);

/* A comma-separated list of what network_parse reads; blanks around parts and empty parts are
 * fine. Items in the arena. False when a part is none (what could be read is in *list) or memory
 * is out. */
bool network_list_parse(struct slice text, struct arena *arena, struct network_list *list);
bool network_list_holds(const struct network_list *list, const struct network_address *address);

#endif
