/*
 * Host is checked against DNS rebinding: a page in the browser of somebody who may reach this
 * listener can make a name of its own point here, but cannot make the browser send another Host.
 * Origin is checked against forms that such a page posts here by our own address.
 */
#include "endpoints/admin_access.h"

#include <arpa/inet.h>
#include <openssl/crypto.h>
#include <string.h>

/* Host without its port and brackets. */
static struct slice host_name(struct slice host)
{
    if (host.size && host.data[0] == '[')
        return slice_of(host.data + 1, slice_find(host, ']') - 1);
    return slice_of(host.data, slice_find(host, ':'));
}

/* An IP literal, localhost, or no Host at all (HTTP/1.0: no browser). The addresses of
 * admin.listen are literals, so they are in. */
static bool is_host_allowed(struct slice host)
{
    struct network_address address;
    struct slice name = host_name(host);
    return !name.size || network_address_parse(name, &address) ||
           slice_equal_nocase(name, SLICE("localhost"));
}

static bool changes(const struct http_request *request)
{
    return request->method != HTTP_GET && request->method != HTTP_HEAD;
}

/* Browsers name the page's origin whenever they send what changes something. */
static bool is_origin_ours(const struct http_request *request)
{
    struct slice origin = http_request_field(request, SLICE("origin"));
    size_t scheme = slice_starts_with(origin, SLICE("https://"))  ? 8
                    : slice_starts_with(origin, SLICE("http://")) ? 7
                                                                  : 0;
    return !origin.data ||
           (scheme && slice_equal_nocase(slice_skip(origin, scheme), request->host));
}

/* A proxy before a listener on loopback brings in others when its PROXY header says so. */
static bool is_local(const struct http_request *request)
{
    return request->is_local && (!network_address_is_known(&request->peer) ||
                                 network_address_is_loopback(&request->peer));
}

static bool holds_token(const struct http_request *request, struct slice token)
{
    struct slice rest = http_request_field(request, SLICE("authorization"));
    struct slice scheme = slice_split_word(&rest);
    return slice_equal_nocase(scheme, SLICE("bearer")) && rest.size == token.size &&
           CRYPTO_memcmp(rest.data, token.data, token.size) == 0;
}

static bool refuse(struct problem *problem, int status, struct slice code, struct slice field,
                   const char *detail)
{
    problem_set(problem, status, http_status_text(status));
    problem_add(problem, code, field, "%s", detail);
    return false;
}

static bool check_token(const struct http_request *request, struct slice token,
                        struct problem *problem)
{
    if (is_local(request) && (!token.size || !changes(request)))
        return true;
    if (!token.size)
        return refuse(problem, 403, SLICE("token_not_set"), SLICE("admin.token"),
                      "beyond loopback only /healthz and /readyz are served while admin.token is "
                      "not set; set it, or ask from the machine itself");
    if (holds_token(request, token))
        return true;
    return refuse(problem, 401, SLICE("bad_token"), SLICE("Authorization"),
                  "needed is: Authorization: Bearer TOKEN, with the token that admin.token sets");
}

bool admin_access_check(const struct http_request *request, const char *token, bool is_open_page,
                        struct problem *problem)
{
    if (!is_host_allowed(request->host))
        return refuse(problem, 421, SLICE("bad_host"), SLICE("Host"),
                      "this host is not served here; use an IP address or localhost");
    if (changes(request) && !is_origin_ours(request))
        return refuse(problem, 403, SLICE("bad_origin"), SLICE("Origin"),
                      "pages of other origins may change nothing here");
    return is_open_page || check_token(request, slice_from(token), problem);
}
