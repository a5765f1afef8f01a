/* UTF-8 after RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF. */
#ifndef PORTCULLIS_BASE_UTF8_H
#define PORTCULLIS_BASE_UTF8_H

#include "base/buffer.h"

/* How many leading bytes of s are valid UTF-8; s.size when all are. */
size_t utf8_valid_prefix(struct slice s);
bool utf8_is_valid(struct slice s);
/* How many characters valid UTF-8 has. */
size_t utf8_count(struct slice s);
/* The size of the first character, if it does nothing but be shown; else 0. s is not empty. Not
 * so: what is no character, C0, DEL, C1, the separators of lines and paragraphs, and what embeds,
 * overrides or isolates a direction of writing (LRE to RLO, LRI to PDI). */
size_t utf8_harmless_size(struct slice s);
/* Appends s with U+FFFD in place of each maximal run of bytes that is no character. */
void utf8_append_repaired(struct buffer *out, struct slice s);

#endif
