/* An answer's head: status line, http's own fields, the handler's fields (RFC 9112 4, 9110 6.6.1).
 */
#include <stdio.h>
#include <string.h>

#include "http/exchange.h"
#include "http/server.h"

enum { LONGEST_OWN = 256 }; /* bytes of the status line and http's own fields */

void http_response_field(struct http_response *response, struct slice name, struct slice value)
{
    if (response->field_count >= HTTP_RESPONSE_FIELDS)
        return;
    response->fields[response->field_count++] = (struct http_field){name, value};
}

static char *append(char *to, struct slice s)
{
    memcpy(to, s.data, s.size);
    return to + s.size;
}

static char *append_number(char *to, uint64_t number)
{
    char digits[20];
    size_t at = sizeof(digits);
    do {
        digits[--at] = (char)('0' + number % 10);
        number /= 10;
    } while (number != 0);
    return append(to, slice_of(digits + at, sizeof(digits) - at));
}

static size_t head_bound(const struct http_response *response)
{
    size_t size = LONGEST_OWN;
    for (size_t i = 0; i < response->field_count; i++)
        size += response->fields[i].name.size + response->fields[i].value.size + 4;
    return size;
}

/* The process is about to end, and nothing more was read that is to be answered first. */
static bool is_the_end(const struct http_exchange *exchange)
{
    return http_server_is_closing(exchange->home) &&
           !http_connection_has_behind(exchange->request.connection, exchange);
}

/* The client may ask again on this connection. */
static bool may_stay(const struct http_exchange *exchange)
{
    return !exchange->response.close && !exchange->has_faulted && exchange->head.keep_alive &&
           exchange->is_complete && !is_the_end(exchange);
}

/* HEAD and 304 say the size that GET would give; 204 has none. A 304 made without its body does
 * not know it. */
static bool has_length(const struct http_exchange *exchange)
{
    const struct http_response *response = &exchange->response;
    bool has_any = response->body != NULL || response->file != NULL;
    return response->status != 204 && (response->status != 304 || has_any);
}

static char *append_own_fields(char *to, struct http_exchange *exchange)
{
    to = append(to, SLICE("\r\nDate: "));
    to = append(to, http_loop_date(exchange->home));
    to = append(to, SLICE("\r\nServer: portcullis\r\n"));
    if (has_length(exchange)) {
        to = append(to, SLICE("Content-Length: "));
        to = append_number(to, http_exchange_payload_size(exchange));
        to = append(to, SLICE("\r\n"));
    }
    if (exchange->is_last)
        to = append(to, SLICE("Connection: close\r\n"));
    else if (exchange->head.minor_version == 0)
        to = append(to, SLICE("Connection: keep-alive\r\n"));
    return to;
}

bool http_exchange_render(struct http_exchange *exchange)
{
    const struct http_response *response = &exchange->response;
    exchange->is_rendered = true;
    exchange->is_last = !may_stay(exchange);
    exchange->has_payload = exchange->request.method != HTTP_HEAD && response->status != 204 &&
                            response->status != 304 && http_exchange_payload_size(exchange) > 0;
    char *start = arena_alloc(&exchange->request.arena, head_bound(response));
    if (start == NULL)
        return false;
    char *to = append(start, SLICE("HTTP/1.1 "));
    to = append_number(to, (uint64_t)response->status);
    to = append(to, SLICE(" "));
    to = append(to, http_status_text(response->status));
    to = append_own_fields(to, exchange);
    for (size_t i = 0; i < response->field_count; i++) {
        to = append(to, response->fields[i].name);
        to = append(to, SLICE(": "));
        to = append(to, response->fields[i].value);
        to = append(to, SLICE("\r\n"));
    }
    to = append(to, SLICE("\r\n"));
    exchange->answer_head = slice_of(start, (size_t)(to - start));
    return true;
}
