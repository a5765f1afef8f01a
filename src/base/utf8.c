/* Validation byte range by byte range, as the table 3-7 of the Unicode standard gives them. */
#include "base/utf8.h"

#include <string.h>

/* Length of the well-formed character at s, or 0; *bad gets the size of the maximal subpart. */
static size_t character_size(const unsigned char *s, size_t size, size_t *bad)
{
    unsigned char low = 0x80;
    unsigned char high = 0xBF;
    size_t need = 0;
    *bad = 1;
    if (s[0] < 0x80)
        return 1;
    if (s[0] >= 0xC2 && s[0] <= 0xDF)
        need = 2;
    else if (s[0] >= 0xE0 && s[0] <= 0xEF)
        need = 3;
    else if (s[0] >= 0xF0 && s[0] <= 0xF4)
        need = 4;
    else
        return 0;
    if (s[0] == 0xE0)
        low = 0xA0;
    if (s[0] == 0xED)
        high = 0x9F;
    if (s[0] == 0xF0)
        low = 0x90;
    if (s[0] == 0xF4)
        high = 0x8F;
    for (size_t i = 1; i < need; i++) {
        if (i >= size || s[i] < low || s[i] > high)
            return 0;
        *bad = i + 1;
        low = 0x80;
        high = 0xBF;
    }
    return need;
}

/* How many leading bytes are ASCII, eight at a time. */
static size_t ascii_prefix(const char *data, size_t size)
{
    size_t at = 0;
    uint64_t word = 0;
    while (size - at >= sizeof(word)) {
        memcpy(&word, data + at, sizeof(word));
        if (word & 0x8080808080808080U)
            break;
        at += sizeof(word);
    }
    while (at < size && !((unsigned char)data[at] & 0x80U))
        at++;
    return at;
}

size_t utf8_valid_prefix(struct slice s)
{
    size_t at = 0;
    while (at < s.size) {
        size_t bad = 0;
        at += ascii_prefix(s.data + at, s.size - at);
        if (at == s.size)
            break;
        size_t length = character_size((const unsigned char *)s.data + at, s.size - at, &bad);
        if (!length)
            break;
        at += length;
    }
    return at;
}

bool utf8_is_valid(struct slice s)
{
    return utf8_valid_prefix(s) == s.size;
}

size_t utf8_count(struct slice s)
{
    size_t count = 0;
    for (size_t i = 0; i < s.size; i++)
        count += ((unsigned char)s.data[i] & 0xC0U) != 0x80U;
    return count;
}

size_t utf8_harmless_size(struct slice s)
{
    const unsigned char *c = (const unsigned char *)s.data;
    size_t bad = 0;
    size_t size = character_size(c, s.size, &bad);
    bool is_control =
        (size == 1 && (c[0] < 0x20 || c[0] == 0x7F)) || (size == 2 && c[0] == 0xC2 && c[1] < 0xA0);
    bool turns = size == 3 && c[0] == 0xE2 &&
                 ((c[1] == 0x80 && c[2] >= 0xA8 && c[2] <= 0xAE) ||
                  (c[1] == 0x81 && c[2] >= 0xA6 && c[2] <= 0xA9));
    return is_control || turns ? 0 : size;
}

void utf8_append_repaired(struct buffer *out, struct slice s)
{
    while (s.size) {
        size_t good = utf8_valid_prefix(s);
        buffer_append(out, s.data, good);
        s = slice_skip(s, good);
        if (!s.size)
            break;
        size_t bad = 0;
        character_size((const unsigned char *)s.data, s.size, &bad);
        buffer_append(out, "\xEF\xBF\xBD", 3);
        s = slice_skip(s, bad);
    }
}
