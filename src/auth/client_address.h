/*
 * The client's address (auth-and-bans.md): the peer, unless it is trusted; then the right-most
 * address of X-Forwarded-For that is not a trusted proxy. Pure; any thread.
 */
#ifndef PORTCULLIS_AUTH_CLIENT_ADDRESS_H
#define PORTCULLIS_AUTH_CLIENT_ADDRESS_H

#include "base/network.h"

/*
 * forwarded: the values of all X-Forwarded-For lines, in order. peer unknown: a unix socket, which
 * counts as trusted. What is no address ends the search: nothing left of garbage is believed, and
 * the address right of it (or the peer) counts.
 */
struct network_address client_address_find(const struct network_address *peer,
                                           const struct slice *forwarded, size_t count,
                                           const struct network_list *trusted);

#endif
