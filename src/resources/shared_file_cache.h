/*
 * Downloads resolved a moment ago, remembered for files.cache_ttl: what many ask for in the same
 * second costs neither a worker nor a statement, only the bytes.
 *
 * The key says who may see what: the viewer's class, the chain and the parameters, under one model
 * (endpoints/remote_file.c). What was put there was found with that key's eyes, so whoever has the
 * same key may see it too; nobody else gets it.
 *
 * Shared: one table under one lock, held for a look-up or an insert only. Bounded; when full, what
 * is oldest goes. It holds descriptors, so what is void is let go at once, not when it is asked
 * for.
 */
#ifndef PORTCULLIS_RESOURCES_SHARED_FILE_CACHE_H
#define PORTCULLIS_RESOURCES_SHARED_FILE_CACHE_H

#include "resources/model.h"
#include "resources/shared_file.h"

struct shared_file_cache;

/* When a question was asked: what was resolved since is as old as that. */
struct shared_file_moment {
    uint64_t epoch; /* how many writes there were */
    uint64_t us;    /* monotonic */
};

/* NULL when memory is out. ttl_ms 0: nothing is remembered. */
struct shared_file_cache *shared_file_cache_create(uint64_t ttl_ms);
void shared_file_cache_destroy(struct shared_file_cache *cache);

/* Loop. A reference for the caller to release, or NULL. */
struct shared_file *shared_file_cache_get(struct shared_file_cache *cache, struct slice key);
/* Worker. Before the database is asked. */
struct shared_file_moment shared_file_cache_moment(struct shared_file_cache *cache);
/* Worker. Takes references of its own: file's, and model's, since the key names it by its address.
 * What was resolved before a write, or beside it, is not kept; nor anything with an empty key. */
void shared_file_cache_put(struct shared_file_cache *cache, struct slice key, struct model *model,
                           struct shared_file_moment moment, struct shared_file *file);
/* Worker: after a write's commit. Closes what nobody is sending. NULL is fine. */
void shared_file_cache_forget(struct shared_file_cache *cache);
/* Loop, every tick: lets go what has expired. */
void shared_file_cache_sweep(struct shared_file_cache *cache);

#endif
