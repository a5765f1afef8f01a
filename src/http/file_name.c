#include "http/file_name.h"

#include <string.h>

#include "base/buffer.h"
#include "base/hex.h"
#include "base/utf8.h"

enum { MOST_BYTES = 255, LONGEST_ENDING = 16 };

/* The size in bytes of the character at the beginning of valid UTF-8. */
static size_t character_size(struct slice text)
{
    size_t size = 1;
    while (size < text.size && ((unsigned char)text.data[size] & 0xC0U) == 0x80U)
        size++;
    return size;
}

static bool is_hostile(struct slice character)
{
    char c = character.data[0];
    return c == '/' || c == '\\' || !utf8_harmless_size(character);
}

static void append_safe(struct buffer *safe, struct slice text)
{
    while (text.size) {
        struct slice character = slice_of(text.data, character_size(text));
        buffer_append_slice(safe, is_hostile(character) ? SLICE("_") : character);
        text = slice_skip(text, character.size);
    }
}

/* How much of text fits into most bytes without cutting a character. */
static size_t fitting_size(struct slice text, size_t most)
{
    size_t size = text.size < most ? text.size : most;
    while (size > 0 && size < text.size && ((unsigned char)text.data[size] & 0xC0U) == 0x80U)
        size--;
    return size;
}

/* Cut in the middle: what follows the last point says what kind of file it is. */
static void shorten(struct buffer *name)
{
    struct slice text = buffer_slice(name);
    size_t point = text.size;
    if (name->has_failed || text.size <= MOST_BYTES)
        return;
    while (point > 0 && text.data[point - 1] != '.')
        point--;
    struct slice ending = slice_skip(text, point ? point - 1 : text.size);
    if (ending.size > LONGEST_ENDING)
        ending = slice_of("", 0);
    size_t kept = fitting_size(text, MOST_BYTES - ending.size);
    memmove(name->data + kept, ending.data, ending.size);
    name->size = kept + ending.size;
}

/* quoted-string; `%` too would be taken for an escape by some. */
static void append_ascii(struct buffer *out, struct slice name)
{
    while (name.size) {
        size_t size = character_size(name);
        char c = name.data[0];
        bool is_plain = size == 1 && c != '"' && c != '%';
        buffer_append_char(out, is_plain ? c : '_');
        name = slice_skip(name, size);
    }
}

/* attr-char of RFC 8187, everything else percent-encoded. */
static void append_encoded(struct buffer *out, struct slice name)
{
    for (size_t i = 0; i < name.size; i++) {
        unsigned char c = (unsigned char)name.data[i];
        bool is_plain = (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z') ||
                        (c && strchr("!#$&+-.^_`|~", c));
        char coded[3];
        hex_print_percent((char)c, coded);
        if (is_plain)
            buffer_append_char(out, (char)c);
        else
            buffer_append(out, coded, sizeof(coded));
    }
}

static void make_safe(struct buffer *safe, struct slice name)
{
    struct buffer repaired;
    buffer_init(&repaired);
    utf8_append_repaired(&repaired, name);
    append_safe(safe, buffer_slice(&repaired));
    safe->has_failed = safe->has_failed || repaired.has_failed;
    buffer_clear(&repaired);
    shorten(safe);
}

struct slice http_file_name_disposition(struct arena *arena, struct slice name)
{
    struct buffer safe;
    struct buffer text;
    struct slice copy = slice_of(NULL, 0);
    buffer_init(&safe);
    buffer_init(&text);
    make_safe(&safe, name);
    buffer_append_slice(&text, SLICE("attachment"));
    if (safe.size) {
        buffer_append_slice(&text, SLICE("; filename=\""));
        append_ascii(&text, buffer_slice(&safe));
        buffer_append_slice(&text, SLICE("\"; filename*=UTF-8''"));
        append_encoded(&text, buffer_slice(&safe));
    }
    if (!safe.has_failed && !text.has_failed)
        copy = arena_copy(arena, buffer_slice(&text));
    buffer_clear(&safe);
    buffer_clear(&text);
    return copy;
}
