/* Any bytes as PHP's serialized text: values lie inside it, and the same text gives the same. */
#include <stdlib.h>

#include "whmcs/php_serialized.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct seen {
    struct slice text;
    size_t count;
};

static void visit(void *context, struct slice value)
{
    struct seen *seen = context;
    const char *end = seen->text.data + seen->text.size;
    if (value.data < seen->text.data || value.data > end || value.size > (size_t)(end - value.data))
        abort();
    seen->count++;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice text = slice_of((const char *)data, size);
    struct seen whole = {.text = text};
    struct seen cut = {.text = text};
    enum result result = php_serialized_visit(text, SLICE("ip"), visit, &whole);
    if (result != RESULT_OK && (result != RESULT_INVALID || whole.count))
        abort();
    /* No beginning of a whole text is whole. */
    if (result == RESULT_OK && size &&
        php_serialized_visit(slice_of(text.data, size - 1), SLICE("ip"), visit, &cut) !=
            RESULT_INVALID)
        abort();
    if (cut.count)
        abort();
    return 0;
}
