/*
 * Memory that lives exactly as long as one request and is dropped whole.
 *
 * Owned by whoever holds the request; used by one thread at a time (it moves with the request,
 * it is never shared). Nothing in it is freed singly. A failed allocation yields NULL and leaves
 * the arena usable.
 */
#ifndef PORTCULLIS_BASE_ARENA_H
#define PORTCULLIS_BASE_ARENA_H

#include "base/slice.h"

struct arena_chunk;

struct arena {
    struct arena_chunk *chunks; /* newest first; the newest is the one being filled */
    size_t used_bytes;          /* handed out since init, for limits and metrics */
};

void arena_init(struct arena *arena);
void arena_clear(struct arena *arena);

/* size bytes aligned to 16, not initialised; NULL when memory is out. */
void *arena_alloc(struct arena *arena, size_t size);
/* The same, zeroed. */
void *arena_zalloc(struct arena *arena, size_t size);
/* A copy of s, followed by a NUL for library borders; the empty slice with data NULL on failure. */
struct slice arena_copy(struct arena *arena, struct slice s);
/* Formatted text, followed by a NUL; data NULL on failure. */
struct slice arena_printf(struct arena *arena, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
