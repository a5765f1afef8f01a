/* first-last, first-, and -suffix. */
#include "endpoints/byte_range.h"

static enum byte_range_verdict read_suffix(struct slice text, uint64_t total,
                                           struct byte_range *range)
{
    uint64_t count = 0;
    if (!slice_to_u64(text, &count))
        return BYTE_RANGE_NONE;
    if (count == 0 || total == 0)
        return BYTE_RANGE_UNSATISFIABLE;
    if (count > total)
        count = total;
    *range = (struct byte_range){total - count, count};
    return BYTE_RANGE_ONE;
}

enum byte_range_verdict byte_range_read(struct slice field, uint64_t total,
                                        struct byte_range *range)
{
    uint64_t first = 0;
    uint64_t last = total ? total - 1 : 0;
    struct slice unit = slice_of(field.data, slice_find(field, '='));
    if (unit.size == field.size || !slice_equal_nocase(unit, SLICE("bytes")))
        return BYTE_RANGE_NONE;
    struct slice set = slice_trim(slice_skip(field, unit.size + 1));
    size_t dash = slice_find(set, '-');
    if (dash == set.size || slice_find(set, ',') != set.size)
        return BYTE_RANGE_NONE;
    struct slice after = slice_skip(set, dash + 1);
    if (dash == 0)
        return read_suffix(after, total, range);
    if (!slice_to_u64(slice_of(set.data, dash), &first) ||
        (after.size && !slice_to_u64(after, &last)) || (after.size && last < first))
        return BYTE_RANGE_NONE;
    if (first >= total)
        return BYTE_RANGE_UNSATISFIABLE;
    if (last >= total)
        last = total - 1;
    *range = (struct byte_range){first, last - first + 1};
    return BYTE_RANGE_ONE;
}
