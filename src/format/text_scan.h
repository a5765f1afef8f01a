/*
 * Looking through text eight bytes at a time for bytes a format does not print as they are. A
 * format's marks_of() marks them in a word: 0 when there are none, else anything but 0; it may mark
 * too much, never too little.
 */
#ifndef PORTCULLIS_FORMAT_TEXT_SCAN_H
#define PORTCULLIS_FORMAT_TEXT_SCAN_H

#include <string.h>

#include "base/slice.h"

#define TEXT_SCAN_EACH(byte) (UINT64_C(0x0101010101010101) * (byte))
#define TEXT_SCAN_HIGH       TEXT_SCAN_EACH(0x80)

/* Marks the bytes that are zero. */
static inline uint64_t text_scan_zeros(uint64_t word)
{
    return (word - TEXT_SCAN_EACH(1)) & ~word & TEXT_SCAN_HIGH;
}

/* Marks the bytes below a blank. */
static inline uint64_t text_scan_controls(uint64_t word)
{
    return (word - TEXT_SCAN_EACH(' ')) & ~word & TEXT_SCAN_HIGH;
}

static inline uint64_t text_scan_load(const char *data)
{
    uint64_t word;
    memcpy(&word, data, sizeof(word));
    return word;
}

/* The bytes of a text shorter than a word, some twice, in any order, among blanks. */
static inline uint64_t text_scan_load_short(struct slice text)
{
    const unsigned char *s = (const unsigned char *)text.data;
    uint32_t halves[2];
    if (text.size >= sizeof(*halves)) {
        memcpy(&halves[0], s, sizeof(*halves));
        memcpy(&halves[1], s + text.size - sizeof(*halves), sizeof(*halves));
        return (uint64_t)halves[1] << 32 | halves[0];
    }
    if (text.size == 0)
        return TEXT_SCAN_EACH(' ');
    return TEXT_SCAN_EACH(' ') << 24 | (uint64_t)s[0] << 16 | (uint64_t)s[text.size / 2] << 8 |
           s[text.size - 1];
}

/* Whether no byte is marked. *is_ascii tells whether UTF-8 needs no check. */
static inline bool text_scan_is_unmarked(struct slice text, uint64_t (*marks_of)(uint64_t),
                                         bool *is_ascii)
{
    enum { WORD = sizeof(uint64_t) };
    bool is_short = text.size < WORD;
    const char *last = text.data + (is_short ? 0 : text.size - WORD); /* overlaps the one before */
    uint64_t seen = is_short ? text_scan_load_short(text) : text_scan_load(last);
    uint64_t marks = marks_of(seen);
    for (const char *at = text.data; at < last; at += WORD) {
        uint64_t word = text_scan_load(at);
        seen |= word;
        marks |= marks_of(word);
    }
    *is_ascii = !(seen & TEXT_SCAN_HIGH);
    return !marks;
}

#endif
