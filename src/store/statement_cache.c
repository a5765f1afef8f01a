/* A hash with a clock; the oldest is looked for only when one must go. */
#include "store/statement_cache.h"

#include <string.h>

/* Texts are about a kilobyte long and looked up for every statement: eight bytes a step (the
 * multiplier is MurmurHash3's), where uthash's own takes one. */
static unsigned text_hash(struct slice text)
{
    uint64_t hash = text.size;
    uint64_t word = 0;
    while (text.size >= sizeof(word)) {
        memcpy(&word, text.data, sizeof(word));
        hash = (hash ^ word) * UINT64_C(0xff51afd7ed558ccd);
        hash ^= hash >> 32;
        text = slice_skip(text, sizeof(word));
    }
    word = 0;
    if (text.size)
        memcpy(&word, text.data, text.size);
    hash = (hash ^ word) * UINT64_C(0xff51afd7ed558ccd);
    return (unsigned)(hash ^ hash >> 32);
}

void statement_cache_init(struct statement_cache *cache, size_t limit)
{
    *cache = (struct statement_cache){.limit = limit ? limit : 1};
}

void statement_cache_clear(struct statement_cache *cache)
{
    struct statement *statement, *next;
    HASH_ITER(hh, cache->statements, statement, next)
    {
        statement_cache_drop(cache, statement);
    }
}

struct statement *statement_cache_find(struct statement_cache *cache, struct slice text)
{
    struct statement *statement = NULL;
    HASH_FIND_BYHASHVALUE(hh, cache->statements, text.data, (unsigned)text.size, text_hash(text),
                          statement);
    if (statement)
        statement->used = ++cache->clock;
    return statement;
}

static void oldest_drop(struct statement_cache *cache)
{
    struct statement *oldest = cache->statements;
    for (struct statement *each = cache->statements; each; each = each->hh.next)
        if (each->used < oldest->used)
            oldest = each;
    if (oldest)
        statement_cache_drop(cache, oldest);
}

void statement_cache_add(struct statement_cache *cache, struct statement *statement)
{
    while (HASH_COUNT(cache->statements) >= cache->limit)
        oldest_drop(cache);
    statement->used = ++cache->clock;
    unsigned hash = text_hash(slice_of(statement->text, statement->text_size));
    HASH_ADD_KEYPTR_BYHASHVALUE(hh, cache->statements, statement->text,
                                (unsigned)statement->text_size, hash, statement);
}

void statement_cache_drop(struct statement_cache *cache, struct statement *statement)
{
    HASH_DEL(cache->statements, statement);
    statement_destroy(statement);
}

bool statement_cache_halve(struct statement_cache *cache)
{
    size_t count = HASH_COUNT(cache->statements);
    for (size_t i = 0; i < (count + 1) / 2; i++)
        oldest_drop(cache);
    return count > 0;
}
