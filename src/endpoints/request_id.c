#include "endpoints/request_id.h"

/* The process's start, the loop, and a count: unique without a lock. */
static struct slice made_id(struct http_request *request, struct gateway *gateway)
{
    size_t index = loop_index(http_request_loop(request));
    struct buffer text;
    buffer_init(&text);
    buffer_append_slice(&text, slice_from(gateway->start_text));
    buffer_append_u64(&text, index);
    buffer_append_char(&text, '-');
    buffer_append_u64(&text, ++gateway->loop_states[index].next_request);
    struct slice id = arena_copy(&request->arena, buffer_slice(&text));
    buffer_clear(&text);
    return id;
}

struct slice request_id(struct http_request *request, struct gateway *gateway)
{
    struct slice given = http_request_field(request, SLICE("x-request-id"));
    bool is_sane = given.size >= 1 && given.size <= 64;
    for (size_t i = 0; i < given.size && is_sane; i++) {
        char c = given.data[i];
        is_sane = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                  c == '-' || c == '_' || c == '.';
    }
    return is_sane ? given : made_id(request, gateway);
}
