/*
 * What each byte may be in HTTP, as one table of 256 bytes; the grammar is RFC 9110 5.5, 5.6.2
 * and RFC 3986 appendix A.
 */
#ifndef PORTCULLIS_HTTP_CHARACTERS_H
#define PORTCULLIS_HTTP_CHARACTERS_H

#include "base/slice.h"

enum http_character {
    HTTP_CHARACTER_TOKEN = 1,  /* tchar: methods, field names */
    HTTP_CHARACTER_FIELD = 2,  /* field values: visible, blank, tab, 0x80 and above */
    HTTP_CHARACTER_PATH = 4,   /* pchar and '/', '%' taken as it is */
    HTTP_CHARACTER_QUERY = 8,  /* those, '?', and the raw { } " | ^ [ ] that real clients send */
    HTTP_CHARACTER_HOST = 16,  /* letters, digits and - . _ ~; no sub-delims, no '%' */
    HTTP_CHARACTER_DIGIT = 32, /* 0 to 9 */
};

extern const uint8_t http_characters[256];

static inline bool http_character_is(char c, enum http_character class)
{
    return (http_characters[(unsigned char)c] & class) != 0;
}

/* How many leading bytes of s are of that class. */
static inline size_t http_character_span(struct slice s, enum http_character class)
{
    size_t size = 0;
    while (size < s.size && http_character_is(s.data[size], class))
        size++;
    return size;
}

#endif
