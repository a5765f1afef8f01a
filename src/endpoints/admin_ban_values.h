/*
 * What people write of bans: a network, how long, why, how many on a page. Each sets the problem
 * (400, naming the field and what is allowed) and returns false when it is none. Pure.
 */
#ifndef PORTCULLIS_ENDPOINTS_ADMIN_BAN_VALUES_H
#define PORTCULLIS_ENDPOINTS_ADMIN_BAN_VALUES_H

#include "base/network.h"
#include "base/problem.h"

enum { ADMIN_BANS_A_PAGE = 1000, ADMIN_BANS_MOST_A_PAGE = 10000 };

struct admin_ban_network {
    struct network network;
    bool is_v6_address; /* one IPv6 address without a prefix: its whole network may be meant */
};

/* An address, CIDR or wildcards; field is the parameter's name. */
bool admin_ban_read_network(struct slice text, struct slice field,
                            struct admin_ban_network *network, struct problem *problem);
/* Also refused: what would ban everybody. */
bool admin_ban_check_network(const struct network *network, struct problem *problem);
bool admin_ban_read_address(struct slice text, struct slice field, struct network_address *address,
                            struct problem *problem);
/* "15m", from a second to ten years. */
bool admin_ban_read_length(struct slice text, uint64_t *length_ms, struct problem *problem);
/* One line of text. */
bool admin_ban_check_reason(struct slice text, struct problem *problem);
bool admin_ban_read_limit(struct slice text, size_t *limit, struct problem *problem);

#endif
