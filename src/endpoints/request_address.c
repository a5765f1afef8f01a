#include "endpoints/request_address.h"

#include "auth/client_address.h"

struct network_address client_address_of_request(struct http_request *request,
                                                 const struct network_list *trusted)
{
    size_t count = 0;
    struct slice *values = NULL;
    for (size_t i = 0; i < request->field_count; i++) {
        if (!slice_equal_nocase(request->fields[i].name, SLICE("X-Forwarded-For")))
            continue;
        if (!values)
            values = arena_alloc(&request->arena, request->field_count * sizeof(*values));
        if (!values)
            return request->peer;
        values[count++] = request->fields[i].value;
    }
    return client_address_find(&request->peer, values, count, trusted);
}
