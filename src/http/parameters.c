/* Forms and percent-encoding; multipart has a file of its own. */
#include "http/parameters.h"

#include <string.h>

#include "base/hex.h"
#include "base/utf8.h"
#include "http/characters.h"
#include "http/pairs.h"

enum result http_pairs_refuse(struct problem *problem, struct slice code, struct slice field,
                              const char *detail)
{
    problem_set(problem, 400, SLICE("Request Invalid or Bad Format"));
    problem_add(problem, code, field, "%s", detail);
    return RESULT_INVALID;
}

enum result http_pairs_add(struct arena *arena, struct http_pairs *pairs, struct slice name,
                           struct slice value, struct problem *problem)
{
    if (pairs->count >= HTTP_MOST_PAIRS) {
        (void)http_pairs_refuse(problem, SLICE("too_many_names"), name,
                                "A request may hold up to 512 parameters.");
        return RESULT_LIMIT;
    }
    if (!utf8_is_valid(name) || !utf8_is_valid(value))
        return http_pairs_refuse(problem, SLICE("bad_encoding"), name,
                                 "The parameter is not valid UTF-8.");
    struct http_pair *pair = arena_alloc(arena, sizeof(*pair));
    if (!pair)
        return RESULT_NO_MEMORY;
    *pair = (struct http_pair){.name = name, .value = value};
    if (pairs->last)
        pairs->last->next = pair;
    else
        pairs->first = pair;
    pairs->last = pair;
    pairs->count++;
    return RESULT_OK;
}

static bool is_encoded(struct slice s, bool plus_is_space)
{
    return slice_find(s, '%') < s.size || (plus_is_space && slice_find(s, '+') < s.size);
}

/* The byte at *at, which moves on by one or three. */
static char decode_one(struct slice s, size_t *at, bool plus_is_space)
{
    char c = s.data[*at];
    if (c == '%' && s.size - *at > 2) {
        int high = hex_value(s.data[*at + 1]);
        int low = hex_value(s.data[*at + 2]);
        if (high >= 0 && low >= 0) {
            *at += 3;
            return (char)(high << 4 | low);
        }
    }
    *at += 1;
    return c == '+' && plus_is_space ? ' ' : c;
}

struct slice http_percent_decode(struct arena *arena, struct slice s, bool plus_is_space)
{
    if (s.size == 0)
        return SLICE("");
    if (!is_encoded(s, plus_is_space))
        return s;
    char *decoded = arena_alloc(arena, s.size);
    if (!decoded)
        return slice_of(NULL, 0);
    size_t size = 0;
    for (size_t at = 0; at < s.size;)
        decoded[size++] = decode_one(s, &at, plus_is_space);
    return slice_of(decoded, size);
}

enum result http_form_decode(struct arena *arena, struct slice text, struct http_pairs *pairs,
                             struct problem *problem)
{
    struct slice piece;
    enum result result = RESULT_OK;
    while (result == RESULT_OK && slice_split(&text, '&', &piece)) {
        if (piece.size == 0)
            continue;
        size_t equals = slice_find(piece, '=');
        size_t value_at = equals < piece.size ? equals + 1 : equals;
        struct slice name = http_percent_decode(arena, slice_of(piece.data, equals), true);
        struct slice value = http_percent_decode(arena, slice_skip(piece, value_at), true);
        if (!name.data || !value.data)
            return RESULT_NO_MEMORY;
        result = http_pairs_add(arena, pairs, name, value, problem);
    }
    return result;
}

struct slice http_media_type(struct slice content_type)
{
    return slice_trim(slice_of(content_type.data, slice_find(content_type, ';')));
}
