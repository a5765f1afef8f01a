/* Forms and multipart: the first byte chooses; a refusal has a reason, pairs are counted right. */
#include <stdlib.h>

#include "base/utf8.h"
#include "http/parameters.h"

static void check(const struct http_pairs *pairs, const struct problem *problem, enum result result)
{
    size_t count = 0;
    for (const struct http_pair *pair = pairs->first; pair; pair = pair->next, count++)
        if (!utf8_is_valid(pair->name) || !utf8_is_valid(pair->value))
            abort();
    if (count != pairs->count || count > HTTP_MOST_PAIRS)
        abort();
    if ((result == RESULT_OK) == problem_is_set(problem))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena;
    struct problem problem;
    struct http_pairs pairs = {0};
    if (size == 0)
        return 0;
    struct slice text = slice_of((const char *)data + 1, size - 1);
    arena_init(&arena);
    problem_init(&problem, &arena);
    enum result result;
    if (data[0] == 'f') {
        result = http_form_decode(&arena, text, &pairs, &problem);
    } else {
        struct slice type = SLICE("multipart/form-data; boundary=b");
        size_t end = slice_find(text, '\n');
        if (data[0] == 't' && end < text.size) { /* the first line is the Content-Type */
            type = slice_of(text.data, end);
            text = slice_skip(text, end + 1);
        }
        result = http_multipart_decode(&arena, type, text, &pairs, &problem);
    }
    check(&pairs, &problem, result);
    arena_clear(&arena);
    return 0;
}
