/* Growing by doubling, so that n appends cost O(n). */
#include "base/buffer.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_CAPACITY = 512 };

void buffer_init(struct buffer *buffer)
{
    *buffer = (struct buffer){0};
}

void buffer_clear(struct buffer *buffer)
{
    free(buffer->data);
    buffer_init(buffer);
}

char *buffer_reserve(struct buffer *buffer, size_t size)
{
    if (buffer->has_failed)
        return NULL;
    if (buffer->capacity - buffer->size >= size)
        return buffer->data + buffer->size;

    size_t needed = 0;
    size_t capacity = buffer->capacity ? buffer->capacity : FIRST_CAPACITY;
    bool is_too_large =
        __builtin_add_overflow(buffer->size, size, &needed) || needed > SIZE_MAX / 2;
    while (!is_too_large && capacity < needed)
        capacity *= 2;
    char *grown = is_too_large ? NULL : realloc(buffer->data, capacity);
    if (!grown) {
        buffer->has_failed = true;
        return NULL;
    }
    buffer->data = grown;
    buffer->capacity = capacity;
    return buffer->data + buffer->size;
}

void buffer_append(struct buffer *buffer, const void *data, size_t size)
{
    char *to = size ? buffer_reserve(buffer, size) : NULL;
    if (!to)
        return;
    memcpy(to, data, size);
    buffer->size += size;
}

void buffer_append_slice(struct buffer *buffer, struct slice s)
{
    buffer_append(buffer, s.data, s.size);
}

void buffer_append_char(struct buffer *buffer, char c)
{
    buffer_append(buffer, &c, 1);
}

void buffer_append_u64(struct buffer *buffer, uint64_t value)
{
    char digits[20];
    size_t at = sizeof(digits);
    do {
        digits[--at] = (char)('0' + value % 10);
        value /= 10;
    } while (value);
    buffer_append(buffer, digits + at, sizeof(digits) - at);
}

void buffer_printf(struct buffer *buffer, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int size = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    char *to = size < 0 ? NULL : buffer_reserve(buffer, (size_t)size + 1);
    if (!to)
        return;
    va_start(arguments, format);
    vsnprintf(to, (size_t)size + 1, format, arguments);
    va_end(arguments);
    buffer->size += (size_t)size;
}
