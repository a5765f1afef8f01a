/*
 * A borrowed run of bytes. Never owns; never relies on a final NUL. Valid as long as what it
 * points into, which the field's or function's comment says.
 */
#ifndef PORTCULLIS_BASE_SLICE_H
#define PORTCULLIS_BASE_SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct slice {
    const char *data;
    size_t size;
};

/* A slice of a string literal. */
#define SLICE(literal) ((struct slice){(literal), sizeof(literal) - 1})
/* The two arguments printf's "%.*s" takes. */
#define SLICE_ARGS(s) (int)(s).size, (s).data

static inline struct slice slice_of(const char *data, size_t size)
{
    return (struct slice){data, size};
}

/* A slice of a NUL-terminated string; of NULL, the empty slice. */
struct slice slice_from(const char *string);

bool slice_equal(struct slice a, struct slice b);
/* Equal but for ASCII case: field names, methods, schemes. Never locale-dependent. */
bool slice_equal_nocase(struct slice a, struct slice b);
bool slice_starts_with(struct slice s, struct slice prefix);
/* The position of c, or s.size. */
size_t slice_find(struct slice s, char c);
/* s without its first n bytes (n <= s.size). */
struct slice slice_skip(struct slice s, size_t n);
/* s without spaces and tabs at both ends. */
struct slice slice_trim(struct slice s);
/* Cuts the part before the next separator off *rest; false when *rest was exhausted
 * (rest->data == NULL marks that, so a trailing empty part is still given). */
bool slice_split(struct slice *rest, char separator, struct slice *part);
/* Cuts the word before the next space or tab off *rest, with the blanks behind it. */
struct slice slice_split_word(struct slice *rest);

/* The whole slice as decimal digits and nothing else; false on empty, other bytes, overflow. */
bool slice_to_u64(struct slice s, uint64_t *value);
/* The same with an optional leading '-'. */
bool slice_to_i64(struct slice s, int64_t *value);

#endif
