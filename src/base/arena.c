/* A bump allocator over a list of chunks. */
#include "base/arena.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CHUNK_BYTES = 4096, ALIGNMENT = 16 };

struct arena_chunk {
    struct arena_chunk *older;
    size_t capacity;
    size_t used;
    _Alignas(ALIGNMENT) char bytes[];
};

void arena_init(struct arena *arena)
{
    *arena = (struct arena){0};
}

void arena_clear(struct arena *arena)
{
    struct arena_chunk *chunk = arena->chunks;
    while (chunk) {
        struct arena_chunk *older = chunk->older;
        free(chunk);
        chunk = older;
    }
    arena_init(arena);
}

static struct arena_chunk *chunk_add(struct arena *arena, size_t at_least)
{
    size_t room = CHUNK_BYTES - sizeof(struct arena_chunk);
    if (room < at_least)
        room = at_least;
    struct arena_chunk *chunk = malloc(sizeof(*chunk) + room);
    if (!chunk)
        return NULL;
    chunk->older = arena->chunks;
    chunk->capacity = room;
    chunk->used = 0;
    arena->chunks = chunk;
    return chunk;
}

void *arena_alloc(struct arena *arena, size_t size)
{
    if (size > SIZE_MAX / 2)
        return NULL;
    size_t rounded = (size + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
    struct arena_chunk *chunk = arena->chunks;
    if (!chunk || chunk->capacity - chunk->used < rounded)
        chunk = chunk_add(arena, rounded);
    if (!chunk)
        return NULL;
    void *memory = chunk->bytes + chunk->used;
    chunk->used += rounded;
    arena->used_bytes += rounded;
    return memory;
}

void *arena_zalloc(struct arena *arena, size_t size)
{
    void *memory = arena_alloc(arena, size);
    return memory ? memset(memory, 0, size) : NULL;
}

struct slice arena_copy(struct arena *arena, struct slice s)
{
    char *copy = arena_alloc(arena, s.size + 1);
    if (!copy)
        return slice_of(NULL, 0);
    if (s.size)
        memcpy(copy, s.data, s.size);
    copy[s.size] = '\0';
    return slice_of(copy, s.size);
}

struct slice arena_printf(struct arena *arena, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int size = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    char *text = size < 0 ? NULL : arena_alloc(arena, (size_t)size + 1);
    if (!text)
        return slice_of(NULL, 0);
    va_start(arguments, format);
    vsnprintf(text, (size_t)size + 1, format, arguments);
    va_end(arguments);
    return slice_of(text, (size_t)size);
}
