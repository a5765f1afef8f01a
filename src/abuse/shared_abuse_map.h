/*
 * The map in force, shared by all threads: one pointer under one lock, held for a few instructions.
 * Loops take a reference for each report, a worker puts a new one in its place when the schema has
 * changed.
 */
#ifndef PORTCULLIS_ABUSE_SHARED_ABUSE_MAP_H
#define PORTCULLIS_ABUSE_SHARED_ABUSE_MAP_H

#include "abuse/abuse_map.h"

struct shared_abuse_map;

/* The catalog becomes the map's own. NULL when memory is out; it is then destroyed. */
struct shared_abuse_map *shared_abuse_map_create(struct abuse_catalog *catalog);
void shared_abuse_map_destroy(struct shared_abuse_map *shared);

/* Immutable, for as long as the map is there. */
const struct abuse_catalog *shared_abuse_map_catalog(const struct shared_abuse_map *shared);

/* A reference for the caller to release; NULL until one was learnt. */
struct abuse_map *shared_abuse_map_acquire(struct shared_abuse_map *shared);
/* Learns anew, unless the map in force is no longer `known` (another worker was quicker), and at
 * most once a second: RESULT_STALE then. known NULL: the first time. */
enum result shared_abuse_map_refresh(struct shared_abuse_map *shared, const struct abuse_map *known,
                                     struct database *database);

#endif
