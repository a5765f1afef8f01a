/* Range: whatever is asked for, what comes of it lies in the file and no byte is sent twice. */
#include <stdlib.h>
#include <string.h>

#include "endpoints/byte_range.h"

/* Of a copy of its own, so that the sanitizer sees a read behind its end. */
static enum byte_range_verdict read_copy(const uint8_t *data, size_t size, uint64_t total,
                                         struct byte_range_set *set)
{
    char *copy = malloc(size + 1);
    if (!copy)
        abort();
    memcpy(copy + 1, data, size);
    enum byte_range_verdict verdict = byte_range_read(slice_of(copy + 1, size), total, set);
    free(copy);
    return verdict;
}

static void check_pair(const struct byte_range *a, const struct byte_range *b)
{
    if (a->first + a->size >= b->first && b->first + b->size >= a->first)
        abort();
}

static void check_set(const struct byte_range_set *set, uint64_t total)
{
    if (set->count == 0 || set->count > BYTE_RANGE_MOST)
        abort();
    for (size_t i = 0; i < set->count; i++) {
        const struct byte_range *range = &set->ranges[i];
        if (range->size == 0 || range->first >= total || range->size > total - range->first)
            abort();
        for (size_t j = i + 1; j < set->count; j++)
            check_pair(range, &set->ranges[j]);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint64_t totals[] = {0, 1, 10, 5000, UINT64_MAX};
    for (size_t i = 0; i < sizeof(totals) / sizeof(totals[0]); i++) {
        struct byte_range_set set;
        if (read_copy(data, size, totals[i], &set) == BYTE_RANGE_SOME)
            check_set(&set, totals[i]);
        else if (set.count != 0)
            abort();
    }
    return 0;
}
