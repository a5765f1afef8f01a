/*
 * The prepared statements of one connection, found by their text; the least recently used is
 * closed when there are too many. Lives inside a struct database; one thread.
 */
#ifndef PORTCULLIS_STORE_STATEMENT_CACHE_H
#define PORTCULLIS_STORE_STATEMENT_CACHE_H

#include "store/statement.h"

struct statement_cache {
    struct statement *statements; /* hash by text; owned */
    size_t limit;                 /* most kept; at least 1 */
    uint64_t clock;               /* counts uses */
};

void statement_cache_init(struct statement_cache *cache, size_t limit);
void statement_cache_clear(struct statement_cache *cache);

/* NULL when it is not there. Borrowed. */
struct statement *statement_cache_find(struct statement_cache *cache, struct slice text);
/* Takes the statement over. */
void statement_cache_add(struct statement_cache *cache, struct statement *statement);
/* Closes one. */
void statement_cache_drop(struct statement_cache *cache, struct statement *statement);
/* Closes the less recently used half; false when there was nothing to close. */
bool statement_cache_halve(struct statement_cache *cache);

#endif
