/* Origins are compared byte by byte, as browsers send them; `*` in the list allows all. */
#include "endpoints/cors.h"

/* rest: http.cors_origins. */
static bool is_allowed(struct slice rest, struct slice origin)
{
    struct slice part;
    while (rest.size && slice_split(&rest, ',', &part)) {
        part = slice_trim(part);
        if (slice_equal(part, SLICE("*")) || (part.size && slice_equal(part, origin)))
            return true;
    }
    return false;
}

static bool add_origin(const struct http_request *http, const struct config *config,
                       struct http_response *response)
{
    struct slice origin = http_request_field(http, SLICE("origin"));
    struct slice allowed = slice_from(config->http.cors_origins);
    if (!allowed.size)
        return false;
    http_response_field(response, SLICE("Vary"), SLICE("Origin"));
    if (!origin.data || !is_allowed(allowed, origin))
        return false;
    http_response_field(response, SLICE("Access-Control-Allow-Origin"), origin);
    return true;
}

void cors_add_fields(const struct http_request *http, const struct config *config,
                     struct http_response *response)
{
    if (add_origin(http, config, response))
        http_response_field(
            response, SLICE("Access-Control-Expose-Headers"),
            SLICE("Accept-Ranges, Content-Disposition, Content-Range, ETag, Location, RateLimit, "
                  "RateLimit-Policy, Retry-After, Server-Timing, X-Login-Attempts-Left, "
                  "X-Request-Id"));
}

void cors_add_preflight_fields(const struct http_request *http, const struct config *config,
                               struct slice methods, struct http_response *response)
{
    if (!add_origin(http, config, response))
        return;
    http_response_field(response, SLICE("Access-Control-Allow-Methods"), methods);
    http_response_field(
        response, SLICE("Access-Control-Allow-Headers"),
        SLICE("API-ID, API_ID, Authorization, Content-Type, Idempotency-Key, If-Match, "
              "If-None-Match, If-Range, Prefer, Range"));
    http_response_field(response, SLICE("Access-Control-Max-Age"), SLICE("600"));
}
