#include "auth/client_address.h"

enum { HOPS_MOST = 64 }; /* parts looked at: more proxies in a row are no setup but an attack */

/* 192.0.2.1, 192.0.2.1:5678, 2001:db8::1, [2001:db8::1], [2001:db8::1]:80. Azure and IIS send
 * ports. :: names nobody. */
static bool parse_hop(struct slice part, struct network_address *address)
{
    bool has_brackets = part.size && part.data[0] == '[';
    size_t colon = slice_find(part, ':');
    size_t end = has_brackets ? slice_find(part, ']') : colon;
    struct slice port = slice_of(NULL, 0);
    if (has_brackets && end == part.size)
        return false;
    if (has_brackets)
        port = slice_skip(part, end + 1);
    else if (colon < part.size &&
             slice_find(slice_skip(part, colon + 1), ':') + colon + 1 == part.size)
        port = slice_skip(part, colon);
    uint64_t number = 0;
    bool has_port = port.size > 0;
    if (has_port &&
        (port.data[0] != ':' || !slice_to_u64(slice_skip(port, 1), &number) || number > 65535))
        return false;
    struct slice host = slice_of(part.data, part.size - port.size);
    if (has_brackets)
        host = slice_of(part.data + 1, end - 1);
    return network_address_parse(host, address) && network_address_is_known(address) &&
           (!has_brackets || slice_find(host, ':') < host.size);
}

/* Cuts the part behind the last comma off *rest; false when *rest was exhausted. */
static bool split_last(struct slice *rest, struct slice *part)
{
    size_t at = rest->size;
    if (!rest->data)
        return false;
    while (at > 0 && rest->data[at - 1] != ',')
        at--;
    *part = slice_trim(slice_skip(*rest, at));
    *rest = at > 0 ? slice_of(rest->data, at - 1) : slice_of(NULL, 0);
    return true;
}

struct network_address client_address_find(const struct network_address *peer,
                                           const struct slice *forwarded, size_t count,
                                           const struct network_list *trusted)
{
    struct network_address nearest = *peer;
    size_t hops = 0;
    if (network_address_is_known(peer) && !network_list_holds(trusted, peer))
        return *peer;
    while (count-- > 0) {
        struct slice rest = forwarded[count];
        struct slice part;
        while (split_last(&rest, &part)) {
            struct network_address address;
            if (hops++ == HOPS_MOST)
                return nearest;
            if (!part.size)
                continue;
            if (!parse_hop(part, &address))
                return nearest;
            if (!network_list_holds(trusted, &address))
                return address;
            nearest = address;
        }
    }
    return *peer;
}
