/* Request targets, one function a form. */
#include "http/target.h"

#include <arpa/inet.h>
#include <string.h>

#include "http/characters.h"
#include "http/fault.h"

enum { HIGHEST_PORT = 65535 };

static bool is_address6(struct slice text)
{
    char copy[INET6_ADDRSTRLEN];
    struct in6_addr address;
    if (text.size >= sizeof(copy) || memchr(text.data, '\0', text.size))
        return false;
    memcpy(copy, text.data, text.size);
    copy[text.size] = '\0';
    return inet_pton(AF_INET6, copy, &address) == 1;
}

/* ":" and digits, or nothing; RFC 3986 allows ":" alone. */
static bool is_port(struct slice text)
{
    uint64_t port;
    if (text.size == 0)
        return true;
    if (text.data[0] != ':')
        return false;
    return text.size == 1 || (slice_to_u64(slice_skip(text, 1), &port) && port <= HIGHEST_PORT);
}

bool http_host_is_valid(struct slice value)
{
    size_t size;
    if (value.size && value.data[0] == '[') {
        size = slice_find(value, ']');
        if (size == value.size || !is_address6(slice_of(value.data + 1, size - 1)))
            return false;
        size++;
    } else {
        size = http_character_span(value, HTTP_CHARACTER_HOST);
    }
    return size > 0 && is_port(slice_skip(value, size));
}

static bool bad_target(struct http_fault *fault)
{
    return HTTP_FAULT(fault, 400, "bad_target", "target",
                      "The request target holds a character that must be percent-encoded.");
}

/* The path and the query. Only an absolute form's path can be empty: it stands for "/". */
static bool parse_origin(struct slice text, struct http_head *head, struct http_fault *fault)
{
    size_t path = http_character_span(text, HTTP_CHARACTER_PATH);
    head->target = text;
    head->path = path ? slice_of(text.data, path) : SLICE("/");
    head->query = slice_of(text.data + path, 0);
    if (path == text.size)
        return true;
    if (text.data[path] != '?')
        return bad_target(fault);
    head->query = slice_skip(text, path + 1);
    if (http_character_span(head->query, HTTP_CHARACTER_QUERY) < head->query.size)
        return bad_target(fault);
    return true;
}

static bool parse_asterisk(struct http_head *head, struct http_fault *fault)
{
    if (head->method != HTTP_OPTIONS)
        return HTTP_FAULT(fault, 400, "bad_target", "target", "Only OPTIONS may ask for \"*\".");
    head->target = head->path = SLICE("*");
    head->query = slice_of(head->target.data + 1, 0);
    return true;
}

static bool parse_authority(struct slice text, struct http_head *head, struct http_fault *fault)
{
    bool has_port = text.size &&
                    http_character_is(text.data[text.size - 1], HTTP_CHARACTER_DIGIT) &&
                    slice_find(text, ':') < text.size;
    if (!has_port || !http_host_is_valid(text))
        return HTTP_FAULT(fault, 400, "bad_target", "target", "CONNECT takes a host and a port.");
    head->target = head->host = text;
    head->path = head->query = slice_of(text.data + text.size, 0);
    return true;
}

/* "http://" or "https://" in any case; 0 when text begins otherwise. */
static size_t scheme_size(struct slice text)
{
    static const struct slice schemes[] = {{"http://", 7}, {"https://", 8}};
    for (size_t i = 0; i < 2; i++)
        if (text.size >= schemes[i].size &&
            slice_equal_nocase(slice_of(text.data, schemes[i].size), schemes[i]))
            return schemes[i].size;
    return 0;
}

/* What follows an absolute form's authority. An empty path stands for "/", or for OPTIONS without
 * a query for "*" (RFC 9112 3.2.1, 3.2.4). */
static bool parse_rest(struct slice rest, struct http_head *head, struct http_fault *fault)
{
    if (rest.size == 0 && head->method == HTTP_OPTIONS)
        return parse_asterisk(head, fault);
    return parse_origin(rest.size ? rest : SLICE("/"), head, fault);
}

static bool parse_absolute(struct slice text, struct http_head *head, struct http_fault *fault)
{
    size_t scheme = scheme_size(text);
    if (scheme == 0)
        return HTTP_FAULT(fault, 400, "bad_target", "target",
                          "The request target must begin with \"/\", http:// or https://.");
    struct slice rest = slice_skip(text, scheme);
    size_t size = 0;
    while (size < rest.size && rest.data[size] != '/' && rest.data[size] != '?')
        size++;
    head->host = slice_of(rest.data, size);
    if (!http_host_is_valid(head->host))
        return HTTP_FAULT(fault, 400, "bad_host", "target", "The target's host is malformed.");
    return parse_rest(slice_skip(rest, size), head, fault);
}

bool http_target_parse(struct slice text, struct http_head *head, struct http_fault *fault)
{
    if (slice_equal(head->method_text, SLICE("CONNECT")))
        return parse_authority(text, head, fault);
    if (text.size && text.data[0] == '/')
        return parse_origin(text, head, fault);
    if (slice_equal(text, SLICE("*")))
        return parse_asterisk(head, fault);
    return parse_absolute(text, head, fault);
}
