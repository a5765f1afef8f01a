/* Comparing, cutting and reading slices. */
#include "base/slice.h"

#include <string.h>

struct slice slice_from(const char *string)
{
    return string ? slice_of(string, strlen(string)) : slice_of("", 0);
}

bool slice_equal(struct slice a, struct slice b)
{
    return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

static unsigned char ascii_lower(char c)
{
    return (unsigned char)(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
}

bool slice_equal_nocase(struct slice a, struct slice b)
{
    if (a.size != b.size)
        return false;
    for (size_t i = 0; i < a.size; i++)
        if (ascii_lower(a.data[i]) != ascii_lower(b.data[i]))
            return false;
    return true;
}

bool slice_starts_with(struct slice s, struct slice prefix)
{
    return s.size >= prefix.size && slice_equal(slice_of(s.data, prefix.size), prefix);
}

size_t slice_find(struct slice s, char c)
{
    const char *at = s.size ? memchr(s.data, c, s.size) : NULL;
    return at ? (size_t)(at - s.data) : s.size;
}

struct slice slice_skip(struct slice s, size_t n)
{
    return slice_of(s.data + n, s.size - n);
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

struct slice slice_trim(struct slice s)
{
    while (s.size && is_blank(s.data[0]))
        s = slice_skip(s, 1);
    while (s.size && is_blank(s.data[s.size - 1]))
        s.size--;
    return s;
}

bool slice_split(struct slice *rest, char separator, struct slice *part)
{
    if (!rest->data)
        return false;
    size_t end = slice_find(*rest, separator);
    *part = slice_of(rest->data, end);
    *rest = end < rest->size ? slice_skip(*rest, end + 1) : slice_of(NULL, 0);
    return true;
}

bool slice_to_u64(struct slice s, uint64_t *value)
{
    uint64_t sum = 0;
    *value = 0;
    if (s.size == 0)
        return false;
    for (size_t i = 0; i < s.size; i++) {
        if (s.data[i] < '0' || s.data[i] > '9')
            return false;
        if (__builtin_mul_overflow(sum, 10U, &sum) ||
            __builtin_add_overflow(sum, (uint64_t)(s.data[i] - '0'), &sum))
            return false;
    }
    *value = sum;
    return true;
}

bool slice_to_i64(struct slice s, int64_t *value)
{
    bool is_negative = s.size && s.data[0] == '-';
    uint64_t magnitude = 0;
    *value = 0;
    if (!slice_to_u64(is_negative ? slice_skip(s, 1) : s, &magnitude))
        return false;
    if (magnitude > (uint64_t)INT64_MAX + (is_negative ? 1 : 0))
        return false;
    *value = is_negative ? (int64_t)(0 - magnitude) : (int64_t)magnitude;
    return true;
}

struct slice slice_split_word(struct slice *rest)
{
    size_t end = 0;
    while (end < rest->size && rest->data[end] != ' ' && rest->data[end] != '\t')
        end++;
    struct slice word = slice_of(rest->data, end);
    *rest = slice_trim(slice_skip(*rest, end));
    return word;
}
