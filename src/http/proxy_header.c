#include "http/proxy_header.h"

#include <string.h>

enum {
    SIGNATURE_BYTES = 12,
    FIXED_BYTES = 16, /* signature, version and command, family and transport, length */
    VERSION_2 = 2,
    COMMAND_LOCAL = 0,
    COMMAND_PROXY = 1,
    FAMILIES = 4,
    TRANSPORT_UNSPECIFIED = 0,
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

/* By the family's number: how many bytes its addresses and ports have, and its first address. */
static const struct {
    size_t needed_bytes;
    size_t address_bytes; /* 0: names nobody */
} families[FAMILIES] = {
    {0, 0},   /* AF_UNSPEC */
    {12, 4},  /* AF_INET */
    {36, 16}, /* AF_INET6 */
    {216, 0}, /* AF_UNIX */
};

static struct network_address read_source(const char *bytes, size_t size)
{
    struct network_address address = {{0}};
    if (size == 4)
        return network_address_from_v4(bytes);
    memcpy(address.bytes, bytes, size);
    return address;
}

/* The signature and the two bytes behind it, as far as they have come. */
static bool is_v2_begin(const unsigned char *data, size_t size)
{
    if (memcmp(data, signature, size < SIGNATURE_BYTES ? size : SIGNATURE_BYTES) != 0)
        return false;
    if (size <= 12)
        return true;
    unsigned command = data[12] & 15U;
    if (data[12] >> 4 != VERSION_2 || command > COMMAND_PROXY)
        return false;
    return size <= 13 || command == COMMAND_LOCAL ||
           (data[13] >> 4 < FAMILIES && (data[13] & 15) < TRANSPORTS);
}

static enum http_parse parse_v2(struct slice bytes, size_t *size, struct network_address *client)
{
    const unsigned char *data = (const unsigned char *)bytes.data;
    if (!is_v2_begin(data, bytes.size))
        return HTTP_PARSE_FAULT;
    if (bytes.size < FIXED_BYTES)
        return HTTP_PARSE_MORE;
    bool is_told = (data[12] & 15) == COMMAND_PROXY && (data[13] & 15) != TRANSPORT_UNSPECIFIED;
    size_t family = is_told ? data[13] >> 4 : 0;
    size_t rest = (size_t)data[14] << 8 | data[15];
    if (rest > HTTP_PROXY_REST_BYTES || rest < families[family].needed_bytes)
        return HTTP_PARSE_FAULT;
    if (bytes.size < FIXED_BYTES + rest)
        return HTTP_PARSE_MORE;
    *client = read_source(bytes.data + FIXED_BYTES, families[family].address_bytes);
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
