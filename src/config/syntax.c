/*
 * What a text must look like, as far as that can be told without a network or a disk. Reasons
 * never quote the value: it may be a secret.
 */
#include <arpa/inet.h>
#include <string.h>

#include "base/network.h"
#include "config/keys.h"

static bool is_port(struct slice text)
{
    uint64_t port = 0;
    return slice_to_u64(text, &port) && port <= 65535;
}

/* text as an IPv4 or IPv6 literal without brackets. */
static bool is_address(struct slice text, int family)
{
    char copy[INET6_ADDRSTRLEN];
    unsigned char bytes[16];
    if (!text.size || text.size >= sizeof(copy) || memchr(text.data, 0, text.size))
        return false;
    memcpy(copy, text.data, text.size);
    copy[text.size] = '\0';
    return inet_pton(family, copy, bytes) == 1;
}

static bool is_host_name(struct slice text)
{
    static const char allowed[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_";
    for (size_t i = 0; i < text.size; i++)
        if (!memchr(allowed, text.data[i], sizeof(allowed) - 1))
            return false;
    return text.size > 0 && text.size <= 253;
}

/* Splits host[:port] or [v6][:port]. False when the brackets do not close. */
static bool split_port(struct slice text, struct slice *host, struct slice *port, bool *is_v6)
{
    *is_v6 = text.size && text.data[0] == '[';
    size_t end = slice_find(text, *is_v6 ? ']' : ':');
    if (*is_v6 && end == text.size)
        return false;
    *host = *is_v6 ? slice_of(text.data + 1, end - 1) : slice_of(text.data, end);
    struct slice rest = slice_skip(text, *is_v6 ? end + 1 : end);
    *port = slice_of(NULL, 0);
    if (rest.size && rest.data[0] != ':')
        return false;
    if (rest.size)
        *port = slice_skip(rest, 1);
    return true;
}

/* host[:port] with any kind of host. */
static bool is_host(struct slice text)
{
    struct slice host;
    struct slice port;
    bool is_v6 = false;
    if (!split_port(text, &host, &port, &is_v6))
        return false;
    bool is_port_fine = !port.data || is_port(port);
    return is_port_fine && (is_v6 ? is_address(host, AF_INET6) : is_host_name(host));
}

static bool is_listen_option(struct slice text)
{
    return slice_equal(text, SLICE("proxy_protocol=on")) ||
           slice_equal(text, SLICE("proxy_protocol=off"));
}

static bool is_listen(struct slice part)
{
    struct slice text = slice_split_word(&part);
    while (part.size)
        if (!is_listen_option(slice_split_word(&part)))
            return false;
    if (slice_starts_with(text, SLICE("unix:")))
        return text.size > 6 && text.size < 5 + 108 && text.data[5] == '/';
    struct slice host;
    struct slice port;
    bool is_v6 = false;
    return split_port(text, &host, &port, &is_v6) && is_port(port) &&
           is_address(host, is_v6 ? AF_INET6 : AF_INET);
}

static bool is_network(struct slice text)
{
    struct network network;
    return network_parse(text, &network);
}

static bool is_id(struct slice text)
{
    uint64_t id = 0;
    return slice_to_u64(text, &id) && id > 0;
}

static bool is_origin(struct slice text)
{
    if (slice_equal(text, SLICE("*")))
        return true;
    size_t skipped = slice_starts_with(text, SLICE("https://"))  ? 8
                     : slice_starts_with(text, SLICE("http://")) ? 7
                                                                 : 0;
    return skipped && is_host(slice_skip(text, skipped));
}

/* Every part of the comma-separated list; an empty list is fine. */
static bool is_list(struct slice value, bool (*is_part)(struct slice), const char *allowed,
                    struct buffer *why)
{
    struct slice rest = slice_trim(value);
    struct slice part;
    unsigned number = 0;
    if (!rest.size)
        return true;
    while (slice_split(&rest, ',', &part)) {
        number++;
        if (!is_part(slice_trim(part))) {
            buffer_printf(why, "is wrong in its part %u; allowed is %s", number, allowed);
            return false;
        }
    }
    return true;
}

bool config_syntax_listen(struct slice value, struct buffer *why)
{
    return is_list(
        value, is_listen,
        "address:port, [IPv6 address]:port or unix:/path, each with proxy_protocol=on or "
        "off behind a blank if wanted, separated by commas",
        why);
}

bool config_syntax_listen_needed(struct slice value, struct buffer *why)
{
    if (slice_trim(value).size)
        return config_syntax_listen(value, why);
    buffer_printf(why, "is no value for it; at least one address is needed");
    return false;
}

bool config_syntax_hosts(struct slice value, struct buffer *why)
{
    return is_list(value, is_host, "host, host:port or [IPv6 address]:port, separated by commas",
                   why);
}

bool config_syntax_networks(struct slice value, struct buffer *why)
{
    return is_list(value, is_network, "addresses and networks like 10.0.0.0/8, separated by commas",
                   why);
}

bool config_syntax_ids(struct slice value, struct buffer *why)
{
    return is_list(value, is_id, "whole numbers from 1 on, separated by commas", why);
}

bool config_syntax_length(struct slice value, struct buffer *why)
{
    uint64_t ms = 0;
    if (!value.size || config_read_duration(value, &ms))
        return true;
    buffer_printf(why, "is no value for it; allowed is a number with ms, s, m or h, as in 15 m");
    return false;
}

bool config_syntax_rate(struct slice value, struct buffer *why)
{
    struct config_rate_limit limit;
    if (!value.size || config_read_rate(value, &limit))
        return true;
    buffer_printf(why, "is no value for it; allowed is 20/second or 20/second burst 100");
    return false;
}

/* It travels in a header field; a short one is guessed. */
bool config_syntax_token(struct slice value, struct buffer *why)
{
    bool is_token = !value.size || value.size >= 16;
    for (size_t i = 0; i < value.size; i++)
        is_token = is_token && value.data[i] > 0x20 && value.data[i] < 0x7f;
    if (!is_token)
        buffer_printf(why, "is no value for it; allowed are 16 and more visible ASCII characters");
    return is_token;
}

bool config_syntax_origins(struct slice value, struct buffer *why)
{
    return is_list(value, is_origin,
                   "https://host[:port], http://host[:port] or *, separated by commas", why);
}

bool config_syntax_base(struct slice value, struct buffer *why)
{
    bool is_path = value.size > 1 && value.data[0] == '/' && value.data[value.size - 1] != '/';
    for (size_t i = 0; is_path && i < value.size; i++)
        is_path = (unsigned char)value.data[i] > 0x20 && (unsigned char)value.data[i] < 0x7f &&
                  !strchr("?#%\\", value.data[i]);
    if (!is_path)
        buffer_printf(why, "is no value for it; allowed is a path from / on, without / at its end");
    return is_path;
}

bool config_syntax_redis(struct slice value, struct buffer *why)
{
    bool is_url = !value.size || (slice_starts_with(value, SLICE("unix:///")) && value.size > 8);
    if (slice_starts_with(value, SLICE("redis://"))) {
        struct slice rest = slice_skip(value, 8);
        const char *at = rest.size ? memrchr(rest.data, '@', rest.size) : NULL;
        if (at)
            rest = slice_skip(rest, (size_t)(at - rest.data) + 1);
        size_t slash = slice_find(rest, '/');
        uint64_t number = 0;
        is_url = is_host(slice_of(rest.data, slash)) &&
                 (slash == rest.size || slash + 1 == rest.size ||
                  slice_to_u64(slice_skip(rest, slash + 1), &number));
    }
    if (!is_url)
        buffer_printf(why,
                      "is no value for it; allowed is redis://[user:password@]host[:port][/db] "
                      "or unix:///path");
    return is_url;
}

bool config_syntax_template(struct slice value, struct buffer *why)
{
    bool is_open = false;
    bool is_balanced = value.size > 0;
    for (size_t i = 0; is_balanced && i < value.size; i++) {
        if (value.data[i] != '{' && value.data[i] != '}')
            continue;
        is_balanced = is_open == (value.data[i] == '}');
        is_open = !is_open;
    }
    if (is_balanced && !is_open)
        return true;
    buffer_printf(why, "is no value for it; allowed is a path with columns in braces, {file_path}");
    return false;
}

/* http(s)://host[:port][/path], a slash at its end too. */
bool config_syntax_whmcs(struct slice value, struct buffer *why)
{
    size_t skipped = slice_starts_with(value, SLICE("https://"))  ? 8
                     : slice_starts_with(value, SLICE("http://")) ? 7
                                                                  : 0;
    struct slice rest = slice_skip(value, skipped);
    size_t slash = slice_find(rest, '/');
    bool is_url = !value.size || (skipped && is_host(slice_of(rest.data, slash)));
    for (size_t i = slash; is_url && i < rest.size; i++)
        is_url = rest.data[i] > 0x20 && rest.data[i] < 0x7f && !strchr("?#%\\", rest.data[i]);
    if (!is_url)
        buffer_printf(why, "is no value for it; allowed is https://host[:port][/path] or "
                           "http://host[:port][/path], without a query or credentials");
    return is_url;
}

/* What is sent as one line; a file's second line feed is a slip. */
bool config_syntax_line(struct slice value, struct buffer *why)
{
    for (size_t i = 0; i < value.size; i++) {
        if ((unsigned char)value.data[i] >= 0x20 && value.data[i] != 0x7f)
            continue;
        buffer_printf(why, "is no value for it; allowed is one line without control characters");
        return false;
    }
    return true;
}
