/*
 * Blanking of credentials in a request's target (spec/auth-and-bans.md: plain passwords, hashes
 * and API_ID never reach a log).
 *
 * It errs on the side of silence: a name is secret when a secret word is anywhere in it, after
 * percent-decoding and in any case, and a value that is or may be JSON goes whole when such a
 * word is anywhere in it.
 */
#include <string.h>

#include "base/hex.h"
#include "observe/log.h"

static const char *const secret_words[] = {"password", "passwd",     "api_id",       "apiid",
                                           "secret",   "identifier", "authorization"};

/* The number that size hex digits at position at are, or -1. */
static int hex_number(struct slice text, size_t at, size_t size)
{
    int number = 0;
    if (at + size > text.size)
        return -1;
    for (size_t i = at; i < at + size; i++) {
        int digit = hex_value(text.data[i]);
        if (digit < 0)
            return -1;
        number = number * 16 + digit;
    }
    return number;
}

/* The character at *at as the API will understand it: %70, JSON's \u0070, any case; '.', ' ' and
 * '+' in names are '_' to PHP. */
static char next_character(struct slice text, size_t *at, char escape, size_t escape_size)
{
    char c = text.data[(*at)++];
    if (c == escape) {
        size_t digits = escape == '%' ? *at : *at + 1; /* after \ stands a u */
        int number = hex_number(text, digits, escape_size);
        if (number >= 0 && number < 128) {
            c = (char)number;
            *at = digits + escape_size;
        }
    }
    return c;
}

static void append_decoded(struct buffer *out, struct slice text, char escape, size_t escape_size)
{
    for (size_t at = 0; at < text.size;)
        buffer_append_char(out, next_character(text, &at, escape, escape_size));
}

static void normalise(struct buffer *text)
{
    for (size_t i = 0; i < text->size; i++) {
        char c = text->data[i];
        if (c >= 'A' && c <= 'Z')
            text->data[i] = (char)(c | 0x20);
        else if (c == '.' || c == ' ' || c == '+' || c == '-')
            text->data[i] = '_';
    }
}

/* Whether a secret word is in text, decoded. Out of memory counts as yes. */
static bool holds_secret(struct slice text)
{
    struct buffer once = {0};
    struct buffer twice = {0};
    append_decoded(&once, text, '%', 2);
    append_decoded(&twice, buffer_slice(&once), '\\', 4);
    normalise(&twice);
    bool is_secret = once.has_failed || twice.has_failed;
    for (size_t i = 0; !is_secret && i < sizeof(secret_words) / sizeof(secret_words[0]); i++)
        is_secret = twice.size && memmem(twice.data, twice.size, secret_words[i],
                                         strlen(secret_words[i])) != NULL;
    buffer_clear(&once);
    buffer_clear(&twice);
    return is_secret;
}

/* A raw & inside raw JSON ends the pair early: the rest of the secret follows in the next one. */
static bool is_whole_json(struct slice value)
{
    return value.size && (value.data[value.size - 1] == '}' ||
                          (value.size > 2 &&
                           slice_equal_nocase(slice_skip(value, value.size - 3), SLICE("%7d"))));
}

/* Appends one name=value of the query; false when the rest of the query must not be shown. */
static bool append_pair(struct buffer *out, struct slice pair)
{
    size_t equals = slice_find(pair, '=');
    struct slice name = slice_of(pair.data, equals);
    if (equals == pair.size) {
        buffer_append_slice(out, pair);
        return true;
    }
    struct slice value = slice_skip(pair, equals + 1);
    buffer_append(out, pair.data, equals + 1);
    bool is_secret = holds_secret(name);
    bool is_json = !is_secret && holds_secret(value);
    if (is_secret || is_json)
        buffer_append(out, "***", 3);
    else
        buffer_append_slice(out, value);
    return !is_json || is_whole_json(value);
}

void log_append_target(struct buffer *out, struct slice target)
{
    size_t mark = slice_find(target, '?');
    buffer_append(out, target.data, mark);
    if (mark == target.size)
        return;
    buffer_append_char(out, '?');
    struct slice rest = slice_skip(target, mark + 1);
    struct slice pair;
    bool is_first = true;
    bool is_shown = true;
    while (is_shown && slice_split(&rest, '&', &pair)) {
        if (!is_first)
            buffer_append_char(out, '&');
        is_first = false;
        is_shown = append_pair(out, pair);
    }
}
