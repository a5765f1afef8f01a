/*
 * The model in force, shared by all threads: loops take a reference for each request, a worker puts
 * a new one in its place when the schema has changed.
 *
 * Shared: one pointer under one lock, held for a few instructions.
 */
#ifndef PORTCULLIS_RESOURCES_SHARED_MODEL_H
#define PORTCULLIS_RESOURCES_SHARED_MODEL_H

#include "resources/model.h"

struct shared_model;

/* The catalog is borrowed for good. NULL when memory is out. */
struct shared_model *shared_model_create(const struct catalog *catalog);
void shared_model_destroy(struct shared_model *shared);

/* A reference to the model in force, for the caller to release; NULL until one was learnt. */
struct model *shared_model_acquire(struct shared_model *shared);

/* Learns anew, unless the model in force is no longer `known` (another worker was quicker), and at
 * most once a second, so that a broken schema is not read in a loop. known NULL: the first time. */
enum result shared_model_refresh(struct shared_model *shared, const struct model *known,
                                 struct database *database);

/* Something was refused for what the model lacks, and may be there by now: an idle worker learns it
 * anew. Any thread. */
void shared_model_doubt(struct shared_model *shared);
/* Whether that was said since it was last asked. */
bool shared_model_take_doubt(struct shared_model *shared);

#endif
