/* A PROXY header: the verdict, its size and the client are the same however the bytes come. */
#include <stdlib.h>

#include "http/proxy_header.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct network_address whole_client = {{0}}, client = {{0}};
    size_t whole_used = 0, used = 0;
    struct slice bytes = slice_of((const char *)data, size);
    enum http_parse whole = http_proxy_header_parse(bytes, &whole_used, &whole_client);
    enum http_parse split = HTTP_PARSE_MORE;
    for (size_t cut = 0; cut <= size && split == HTTP_PARSE_MORE; cut++)
        split = http_proxy_header_parse(slice_of(bytes.data, cut), &used, &client);
    if (whole != split || whole_used != used || used > size ||
        !network_address_equal(&whole_client, &client))
        abort();
    if (whole == HTTP_PARSE_MORE && size >= HTTP_PROXY_HEADER_BYTES)
        abort();
    return 0;
}
