/* Digits from a table: printf would look at its format for each byte. */
#include "base/hex.h"

#include <string.h>

static const char lower_digits[] = "0123456789abcdef";
static const char upper_digits[] = "0123456789ABCDEF";

void hex_print(const unsigned char *bytes, size_t size, char *text)
{
    for (size_t i = 0; i < size; i++) {
        text[2 * i] = lower_digits[bytes[i] >> 4];
        text[2 * i + 1] = lower_digits[bytes[i] & 15];
    }
    text[2 * size] = '\0';
}

void hex_print_percent(char c, char text[3])
{
    unsigned char byte = (unsigned char)c;
    text[0] = '%';
    text[1] = upper_digits[byte >> 4];
    text[2] = upper_digits[byte & 15];
}

bool hex_lower(struct slice text, size_t digits, char *lower)
{
    if (text.size != digits)
        return false;
    for (size_t i = 0; i < digits; i++) {
        int value = hex_value(text.data[i]);
        if (value < 0)
            return false;
        if (lower)
            lower[i] = lower_digits[value];
    }
    return true;
}

bool hex_to_u64(struct slice text, uint64_t *number)
{
    char lower[16];
    *number = 0;
    if (!hex_lower(text, sizeof(lower), lower) || memcmp(text.data, lower, sizeof(lower)) != 0)
        return false;
    for (size_t i = 0; i < text.size; i++)
        *number = *number << 4 | (uint64_t)hex_value(text.data[i]);
    return true;
}
