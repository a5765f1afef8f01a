/* A list of first-last, first-, and -suffix. Ranges that overlap or touch become one, so that no
 * byte is sent twice, whatever is asked for. */
#include "endpoints/byte_range.h"

/* Digits and nothing else; what no number holds is as good as the greatest. */
static bool read_position(struct slice text, uint64_t *position)
{
    for (size_t i = 0; i < text.size; i++)
        if (text.data[i] < '0' || text.data[i] > '9')
            return false;
    if (!slice_to_u64(text, position))
        *position = UINT64_MAX;
    return text.size > 0;
}

/* Of an empty file the suffix is the whole, which no range can say. */
static enum byte_range_verdict read_suffix(struct slice text, uint64_t total,
                                           struct byte_range *range)
{
    uint64_t count = 0;
    if (!read_position(text, &count))
        return BYTE_RANGE_NONE;
    if (count == 0)
        return BYTE_RANGE_UNSATISFIABLE;
    if (total == 0)
        return BYTE_RANGE_NONE;
    if (count > total)
        count = total;
    *range = (struct byte_range){total - count, count};
    return BYTE_RANGE_SOME;
}

static enum byte_range_verdict read_one(struct slice text, uint64_t total, struct byte_range *range)
{
    uint64_t first = 0;
    uint64_t last = UINT64_MAX;
    size_t dash = slice_find(text, '-');
    if (dash == text.size)
        return BYTE_RANGE_NONE;
    struct slice after = slice_skip(text, dash + 1);
    if (dash == 0)
        return read_suffix(after, total, range);
    if (!read_position(slice_of(text.data, dash), &first) ||
        (after.size && !read_position(after, &last)) || last < first)
        return BYTE_RANGE_NONE;
    if (first >= total)
        return BYTE_RANGE_UNSATISFIABLE;
    if (last >= total)
        last = total - 1;
    *range = (struct byte_range){first, last - first + 1};
    return BYTE_RANGE_SOME;
}

static bool do_touch(const struct byte_range *a, const struct byte_range *b)
{
    return a->first <= b->first + b->size && b->first <= a->first + a->size;
}

static void join(struct byte_range *range, const struct byte_range *other)
{
    uint64_t end = range->first + range->size;
    uint64_t other_end = other->first + other->size;
    if (other->first < range->first)
        range->first = other->first;
    range->size = (end > other_end ? end : other_end) - range->first;
}

/* It takes the place of the first that it touches, and brings along those it now reaches. False
 * when there are too many. */
static bool add_range(struct byte_range_set *set, struct byte_range range)
{
    size_t at = set->count;
    size_t kept = 0;
    for (size_t i = 0; i < set->count; i++) {
        bool touches = do_touch(&set->ranges[i], &range);
        if (touches)
            join(&range, &set->ranges[i]);
        if (!touches || at == set->count) {
            at = touches ? kept : at;
            set->ranges[kept++] = set->ranges[i];
        }
    }
    if (at == set->count) {
        if (set->count == BYTE_RANGE_MOST)
            return false;
        at = kept++;
    }
    set->ranges[at] = range;
    set->count = kept;
    return true;
}

/* Of the list behind "bytes=". */
static enum byte_range_verdict read_list(struct slice list, uint64_t total,
                                         struct byte_range_set *set)
{
    enum byte_range_verdict all = BYTE_RANGE_NONE;
    struct slice text;
    while (slice_split(&list, ',', &text)) {
        struct byte_range range;
        text = slice_trim(text);
        if (text.size == 0) /* RFC 9110 5.6.1.2 */
            continue;
        enum byte_range_verdict one = read_one(text, total, &range);
        if (one == BYTE_RANGE_NONE || (one == BYTE_RANGE_SOME && !add_range(set, range)))
            return BYTE_RANGE_NONE;
        if (all != BYTE_RANGE_SOME)
            all = one;
    }
    return all;
}

enum byte_range_verdict byte_range_read(struct slice field, uint64_t total,
                                        struct byte_range_set *set)
{
    struct slice unit = slice_of(field.data, slice_find(field, '='));
    enum byte_range_verdict verdict = BYTE_RANGE_NONE;
    set->count = 0;
    if (unit.size < field.size && slice_equal_nocase(unit, SLICE("bytes")))
        verdict = read_list(slice_skip(field, unit.size + 1), total, set);
    if (verdict != BYTE_RANGE_SOME)
        set->count = 0;
    return verdict;
}
