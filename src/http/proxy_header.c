#include "http/proxy_header.h"

#include <string.h>

enum {
    SIGNATURE_BYTES = 12,
    FIXED_BYTES = 16, /* signature, version and command, family and transport, length */
    VERSION_2 = 2,
    COMMAND_LOCAL = 0,
    COMMAND_PROXY = 1,
    TRANSPORTS = 3, /* unspecified, stream, datagram */
};

static const unsigned char signature[SIGNATURE_BYTES] = {'\r', '\n', '\r', '\n', '\0', '\r',
                                                         '\n', 'Q',  'U',  'I',  'T',  '\n'};

/* --- version 1: PROXY TCP4 192.0.2.1 198.51.100.1 56324 443 ----------------------------------- */

static bool is_port(struct slice text)
{
    uint64_t port = 0;
    bool is_padded = text.size > 1 && text.data[0] == '0';
    return !is_padded && slice_to_u64(text, &port) && port <= 65535;
}

static bool parse_literal(struct slice text, bool is_v6, struct network_address *address)
{
    bool looks_v6 = slice_find(text, ':') < text.size;
    return looks_v6 == is_v6 && network_address_parse(text, address);
}

/* line: without CRLF. */
static bool parse_line(struct slice line, struct network_address *client)
{
    enum { WORDS = 6 };
    struct slice words[WORDS];
    struct network_address source;
    struct network_address destination;
    size_t count = 0;
    struct slice word;
    if (slice_equal(line, SLICE("PROXY UNKNOWN")) ||
        slice_starts_with(line, SLICE("PROXY UNKNOWN "))) {
        *client = (struct network_address){{0}};
        return true;
    }
    while (slice_split(&line, ' ', &word)) {
        if (count == WORDS)
            return false;
        words[count++] = word;
    }
    if (count != WORDS)
        return false;
    bool is_v6 = slice_equal(words[1], SLICE("TCP6"));
    if (!is_v6 && !slice_equal(words[1], SLICE("TCP4")))
        return false;
    if (!parse_literal(words[2], is_v6, &source) || !parse_literal(words[3], is_v6, &destination) ||
        !is_port(words[4]) || !is_port(words[5]))
        return false;
    *client = source;
    return true;
}

static enum http_parse parse_v1(struct slice bytes, size_t *size, struct network_address *client)
{
    const struct slice begin = SLICE("PROXY ");
    size_t compared = bytes.size < begin.size ? bytes.size : begin.size;
    struct slice seen = slice_of(
        bytes.data, bytes.size < HTTP_PROXY_LINE_BYTES ? bytes.size : HTTP_PROXY_LINE_BYTES);
    if (memcmp(bytes.data, begin.data, compared) != 0)
        return HTTP_PARSE_FAULT;
    size_t end = slice_find(seen, '\r');
    size_t feed = slice_find(seen, '\n');
    if (feed < end || (end + 1 < seen.size && feed != end + 1))
        return HTTP_PARSE_FAULT;
    if (feed == seen.size)
        return seen.size == HTTP_PROXY_LINE_BYTES ? HTTP_PARSE_FAULT : HTTP_PARSE_MORE;
    if (!parse_line(slice_of(seen.data, end), client))
        return HTTP_PARSE_FAULT;
    *size = feed + 1;
    return HTTP_PARSE_DONE;
}

/* --- version 2: binary ------------------------------------------------------------------------ */

/* By the family's number: how many bytes its addresses and ports have, and how the first is read.
 */
static const struct {
    size_t needed_bytes;
    size_t address_bytes; /* 0: names nobody */
} families[] = {
    {0, 0},   /* AF_UNSPEC */
    {12, 4},  /* AF_INET */
    {36, 16}, /* AF_INET6 */
    {216, 0}, /* AF_UNIX */
};

static struct network_address read_source(const char *bytes, size_t size)
{
    static const unsigned char mapped[] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    struct network_address address = {{0}};
    if (size == 4)
        memcpy(address.bytes, mapped, sizeof(mapped));
    memcpy(address.bytes + sizeof(address.bytes) - size, bytes, size);
    return address;
}

static enum http_parse parse_v2(struct slice bytes, size_t *size, struct network_address *client)
{
    const unsigned char *data = (const unsigned char *)bytes.data;
    size_t compared = bytes.size < SIGNATURE_BYTES ? bytes.size : SIGNATURE_BYTES;
    if (memcmp(data, signature, compared) != 0)
        return HTTP_PARSE_FAULT;
    if (bytes.size > 12 && (data[12] >> 4 != VERSION_2 || (data[12] & 15) > COMMAND_PROXY))
        return HTTP_PARSE_FAULT;
    if (bytes.size <= 13)
        return HTTP_PARSE_MORE;
    size_t family = data[13] >> 4;
    bool is_local = (data[12] & 15) == COMMAND_LOCAL;
    if (!is_local &&
        (family >= sizeof(families) / sizeof(families[0]) || (data[13] & 15) >= TRANSPORTS))
        return HTTP_PARSE_FAULT;
    if (bytes.size < FIXED_BYTES)
        return HTTP_PARSE_MORE;
    size_t rest = (size_t)data[14] << 8 | data[15];
    if (rest > HTTP_PROXY_REST_BYTES || (!is_local && rest < families[family].needed_bytes))
        return HTTP_PARSE_FAULT;
    if (bytes.size < FIXED_BYTES + rest)
        return HTTP_PARSE_MORE;
    size_t address_bytes = is_local ? 0 : families[family].address_bytes;
    *client = address_bytes ? read_source(bytes.data + FIXED_BYTES, address_bytes)
                            : (struct network_address){{0}};
    *size = FIXED_BYTES + rest;
    return HTTP_PARSE_DONE;
}

enum http_parse http_proxy_header_parse(struct slice bytes, size_t *size,
                                        struct network_address *client)
{
    if (bytes.size == 0)
        return HTTP_PARSE_MORE;
    return bytes.data[0] == 'P' ? parse_v1(bytes, size, client) : parse_v2(bytes, size, client);
}
