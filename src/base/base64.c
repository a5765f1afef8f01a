/* Six bits at a time. */
#include "base/base64.h"

enum { NO_DIGIT = -1 };

static int digit_of(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    if (c == '+')
        return 62;
    return c == '/' ? 63 : NO_DIGIT;
}

static bool is_break(char c)
{
    return c == '\r' || c == '\n';
}

/* The unused bits of the last digit must be zero, or several texts would mean the same. */
static bool ends_well(size_t digits, size_t padding, int last)
{
    static const struct {
        size_t padding;
        int unused;
    } ends[] = {{0, 0}, {0, -1}, {2, 0x0F}, {1, 0x03}};
    return digits % 4 != 1 && padding == ends[digits % 4].padding &&
           (last & ends[digits % 4].unused) == 0;
}

bool base64_measure(struct slice text, size_t *size)
{
    size_t digits = 0;
    size_t padding = 0;
    int last = 0;
    for (size_t i = 0; i < text.size; i++) {
        int digit = digit_of(text.data[i]);
        if (is_break(text.data[i]))
            continue;
        if (text.data[i] == '=') {
            padding++;
            continue;
        }
        if (digit == NO_DIGIT || padding)
            return false;
        last = digit;
        digits++;
    }
    *size = digits / 4 * 3 + digits % 4 * 3 / 4;
    return ends_well(digits, padding, last);
}

void base64_decode(struct slice text, char *bytes)
{
    uint32_t bits = 0;
    unsigned count = 0;
    for (size_t i = 0; i < text.size; i++) {
        int digit = digit_of(text.data[i]);
        if (digit == NO_DIGIT)
            continue;
        bits = bits << 6 | (uint32_t)digit;
        count += 6;
        if (count < 8)
            continue;
        count -= 8;
        *bytes++ = (char)(bits >> count & 0xFFU);
    }
}
