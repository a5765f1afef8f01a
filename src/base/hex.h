/* Hexadecimal digits: printed in lower case, read in either. */
#ifndef PORTCULLIS_BASE_HEX_H
#define PORTCULLIS_BASE_HEX_H

#include "base/slice.h"

/* The value of a digit; -1: it is none. */
static inline int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Two digits a byte and a NUL; text has room for both. */
void hex_print(const unsigned char *bytes, size_t size, char *text);
/* "%XX", as RFC 3986 2.1 wants it: upper case, no NUL. */
void hex_print_percent(char c, char text[3]);
/* Exactly so many digits, copied to lower (no NUL) in lower case; else false. lower NULL: only
 * looked at. */
bool hex_lower(struct slice text, size_t digits, char *lower);
/* Exactly 16 digits of lower case, as printf prints %016x. */
bool hex_to_u64(struct slice text, uint64_t *number);

#endif
