/* UTF-8 after RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF. */
#ifndef PORTCULLIS_BASE_UTF8_H
#define PORTCULLIS_BASE_UTF8_H

#include "base/buffer.h"

/* How many leading bytes of s are valid UTF-8; s.size when all are. */
size_t utf8_valid_prefix(struct slice s);
bool utf8_is_valid(struct slice s);
/* Appends s with U+FFFD in place of each maximal run of bytes that is no character. */
void utf8_append_repaired(struct buffer *out, struct slice s);

#endif
