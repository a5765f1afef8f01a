/*
 * The cursor of a keyset page: base64url of a JSON list, the query's shape first, then the last
 * row's sort values as text. It grants nothing: its values are checked like any filter's, and the
 * shape binds it to the sort and filters it came from.
 */
#include "resources/query.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "resources/column_value.h"

enum { MOST_TOKEN_BYTES = 2048, MOST_VALUE_BYTES = 255 };

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/* RFC 4648 section 5, without padding. */
static struct slice encode(struct arena *arena, struct slice bytes)
{
    char *text = arena_alloc(arena, (bytes.size + 2) / 3 * 4 + 1);
    size_t size = 0;
    if (!text)
        return slice_of(NULL, 0);
    for (size_t i = 0; i < bytes.size; i += 3) {
        uint32_t group = 0;
        size_t left = bytes.size - i < 3 ? bytes.size - i : 3;
        for (size_t b = 0; b < 3; b++)
            group = group << 8 | (b < left ? (unsigned char)bytes.data[i + b] : 0U);
        for (size_t c = 0; c <= left; c++)
            text[size++] = alphabet[group >> (18 - 6 * c) & 63U];
    }
    return slice_of(text, size);
}

static struct slice decode(struct arena *arena, struct slice text)
{
    char *bytes = arena_alloc(arena, text.size + 1);
    size_t size = 0;
    uint32_t bits = 0;
    unsigned count = 0;
    if (!bytes)
        return slice_of(NULL, 0);
    for (size_t i = 0; i < text.size; i++) {
        const char *at = memchr(alphabet, text.data[i], sizeof(alphabet) - 1);
        if (!at)
            return slice_of(NULL, 0);
        bits = bits << 6 | (uint32_t)(at - alphabet);
        count += 6;
        if (count >= 8) {
            count -= 8;
            bytes[size++] = (char)(bits >> count & 255U);
        }
    }
    return slice_of(bytes, size);
}

struct slice query_cursor_print(const struct query *query, const struct database_cell *cells,
                                struct arena *arena)
{
    char shape[24];
    struct value *list = value_create(arena, VALUE_LIST);
    snprintf(shape, sizeof(shape), "%016" PRIx64, query->shape);
    struct value *first = list ? value_string(arena, arena_copy(arena, slice_from(shape))) : NULL;
    if (!first)
        return slice_of(NULL, 0);
    value_append(list, first);
    for (size_t i = 0; i < query->sort_count; i++) {
        if (cells[i].text.size > MOST_VALUE_BYTES)
            return slice_of(NULL, 0);
        struct value *item = cells[i].is_null
                                 ? value_create(arena, VALUE_NULL)
                                 : value_string(arena, arena_copy(arena, cells[i].text));
        if (!item)
            return slice_of(NULL, 0);
        value_append(list, item);
    }
    struct buffer text;
    buffer_init(&text);
    value_print(list, &text);
    struct slice token = text.has_failed ? slice_of(NULL, 0) : encode(arena, buffer_slice(&text));
    buffer_clear(&text);
    return token.size > MOST_TOKEN_BYTES ? slice_of(NULL, 0) : token;
}

static bool refuse(struct problem *problem, const char *why)
{
    problem_set(problem, 422, SLICE("The value provided for cursor is invalid or not allowed."));
    problem_add(problem, SLICE("bad_cursor"), SLICE("cursor"), "%s", why);
    return false;
}

bool query_cursor_read(struct query *query, struct slice token, struct problem *problem)
{
    static const struct json_limits limits = {
        .depth = 1, .names = QUERY_MOST_SORTS + 2, .bytes = MOST_TOKEN_BYTES};
    const char *not_ours = "it is no token that `data.next` gave";
    struct json_fault fault;
    struct value *list = NULL;
    char shape[24];
    if (token.size > MOST_TOKEN_BYTES)
        return refuse(problem, not_ours);
    struct slice text = decode(problem->arena, token);
    if (!text.data || json_read(problem->arena, text, &limits, &list, &fault) != RESULT_OK ||
        list->type != VALUE_LIST || list->count < 2 || list->first->type != VALUE_STRING)
        return refuse(problem, not_ours);
    snprintf(shape, sizeof(shape), "%016" PRIx64, query->shape);
    if (!slice_equal(list->first->text, slice_from(shape)) || list->count != query->sort_count + 1)
        return refuse(problem, "it belongs to another sort, other filters or another list");

    const struct value *item = list->first->next;
    for (size_t i = 0; i < query->sort_count; i++, item = item->next) {
        struct slice expected;
        query->cursor[i] = (struct database_value){.type = DATABASE_NULL};
        if (item->type != VALUE_NULL &&
            !column_value_read(query->sorts[i].column, item, problem->arena, &query->cursor[i],
                               &expected))
            return refuse(problem, not_ours);
    }
    query->has_cursor = true;
    return true;
}
