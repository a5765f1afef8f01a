/*
 * A growable run of bytes that its owner clears. Failure is sticky: after an allocation failed,
 * further appends do nothing and has_failed tells, so a writer checks once at the end.
 */
#ifndef PORTCULLIS_BASE_BUFFER_H
#define PORTCULLIS_BASE_BUFFER_H

#include "base/slice.h"

struct buffer {
    char *data;      /* owned; NULL while empty */
    size_t size;     /* bytes in use */
    size_t capacity; /* bytes allocated */
    bool has_failed; /* an allocation failed; what was to be appended since is missing */
};

void buffer_init(struct buffer *buffer);
void buffer_clear(struct buffer *buffer);

/* Room for at least size more bytes at data + size, which the caller then counts in by adding to
 * size; NULL on failure. */
char *buffer_reserve(struct buffer *buffer, size_t size);
void buffer_append(struct buffer *buffer, const void *data, size_t size);
void buffer_append_slice(struct buffer *buffer, struct slice s);
void buffer_append_char(struct buffer *buffer, char c);
void buffer_append_u64(struct buffer *buffer, uint64_t value);
void buffer_printf(struct buffer *buffer, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static inline struct slice buffer_slice(const struct buffer *buffer)
{
    return slice_of(buffer->data, buffer->size);
}

#endif
