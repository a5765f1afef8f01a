/* A PROXY header: the verdict, its size and the client are the same however the bytes come. */
#include <stdlib.h>
#include <string.h>

#include "http/proxy_header.h"

struct verdict {
    enum http_parse parse;
    size_t used;
    struct network_address client;
};

/* Of a copy of its own, so that the sanitizer sees a read behind its end. */
static struct verdict judge(const uint8_t *data, size_t size)
{
    struct verdict verdict = {0};
    char *copy = malloc(size + 1);
    if (!copy)
        abort();
    memcpy(copy + 1, data, size);
    verdict.parse =
        http_proxy_header_parse(slice_of(copy + 1, size), &verdict.used, &verdict.client);
    free(copy);
    return verdict;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct verdict whole = judge(data, size);
    struct verdict split = {.parse = HTTP_PARSE_MORE};
    for (size_t cut = 0; cut <= size && split.parse == HTTP_PARSE_MORE; cut++)
        split = judge(data, cut);
    if (whole.parse != split.parse || whole.used != split.used || whole.used > size ||
        !network_address_equal(&whole.client, &split.client))
        abort();
    if ((whole.parse == HTTP_PARSE_DONE) != (whole.used > 0))
        abort();
    if (whole.parse == HTTP_PARSE_MORE && size >= HTTP_PROXY_HEADER_BYTES)
        abort();
    return 0;
}
