#include "endpoints/admin_ban_values.h"

#include "config/config.h"
#include "http/http.h"

#define SHORTEST_MS UINT64_C(1000)
#define LONGEST_MS  (UINT64_C(87600) * 60 * 60 * 1000)
enum { REASON_BYTES = 255 };

static bool refuse(struct problem *problem, struct slice field, const char *detail)
{
    problem_set(problem, 400, http_status_text(400));
    problem_add(problem, SLICE("invalid_value"), field, "%s", detail);
    return false;
}

bool admin_ban_read_network(struct slice text, struct slice field,
                            struct admin_ban_network *network, struct problem *problem)
{
    if (!network_parse(text, &network->network))
        return refuse(problem, field,
                      "it is no network; allowed are an address (192.0.2.7, 2001:db8::7), a CIDR "
                      "(192.0.2.0/24, 2001:db8:1:2::/64) and wildcards (192.0.*.*)");
    network->is_v6_address = network_is_single(&network->network) &&
                             !network_address_is_v4(&network->network.address) &&
                             slice_find(text, '/') == text.size;
    return true;
}

bool admin_ban_check_network(const struct network *network, struct problem *problem)
{
    struct network everybody;
    if (!network_parse(SLICE("0.0.0.0/0"), &everybody) || !network_contains(network, &everybody))
        return true;
    return refuse(problem, SLICE("network"),
                  "it would ban every IPv4 address; allowed are parts of that, as 128.0.0.0/1");
}

bool admin_ban_read_address(struct slice text, struct slice field, struct network_address *address,
                            struct problem *problem)
{
    return network_address_parse(text, address) ||
           refuse(problem, field,
                  "it is no address; allowed are IPv4 (192.0.2.7) and IPv6 (2001:db8::7)");
}

bool admin_ban_read_length(struct slice text, uint64_t *length_ms, struct problem *problem)
{
    bool is_length = config_read_duration(text, length_ms) && *length_ms >= SHORTEST_MS &&
                     *length_ms <= LONGEST_MS;
    return is_length ||
           refuse(problem, SLICE("length"),
                  "it is no length of a ban; allowed is a number with s, m or h, as in 15m, from "
                  "1s to 87600h");
}

bool admin_ban_check_reason(struct slice text, struct problem *problem)
{
    bool is_line = text.size <= REASON_BYTES;
    for (size_t i = 0; i < text.size; i++)
        is_line = is_line && (unsigned char)text.data[i] >= 0x20 && text.data[i] != 0x7f;
    return is_line || refuse(problem, SLICE("reason"),
                             "allowed is one line of up to 255 bytes without control characters");
}

bool admin_ban_read_limit(struct slice text, size_t *limit, struct problem *problem)
{
    uint64_t number = 0;
    bool is_limit = slice_to_u64(text, &number) && number >= 1 && number <= ADMIN_BANS_MOST_A_PAGE;
    if (is_limit)
        *limit = (size_t)number;
    return is_limit || refuse(problem, SLICE("limit"), "allowed are whole numbers, 1 to 10000");
}
