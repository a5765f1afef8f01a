/* Answer bodies: counted references, so that joint answers of several loops share one. */
#include <stdlib.h>

#include "http/http.h"

struct http_body *http_body_create(void)
{
    struct http_body *body = calloc(1, sizeof(*body));
    if (body != NULL)
        atomic_init(&body->references, 1);
    return body;
}

struct http_body *http_body_share(struct http_body *body)
{
    atomic_fetch_add_explicit(&body->references, 1, memory_order_relaxed);
    return body;
}

void http_body_release(struct http_body *body)
{
    if (body == NULL)
        return;
    if (atomic_fetch_sub_explicit(&body->references, 1, memory_order_acq_rel) != 1)
        return;
    buffer_clear(&body->head);
    buffer_clear(&body->rest);
    free(body);
}

size_t http_body_size(const struct http_body *body)
{
    return body->head.size + body->rest.size;
}
