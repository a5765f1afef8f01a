/*
 * The OpenAPI document as the gateway serves it: made by a worker when it is first asked for, and
 * again when the schema was learnt anew; kept with its compressed forms, a few hundred KiB.
 *
 * Shared: the copy in force under one lock, held for a few instructions; making has a lock of its
 * own, so that of several workers one makes it and the others wait for it. It holds a reference to
 * the model and the map that it was made of, so neither can be mistaken for a later one.
 */
#ifndef PORTCULLIS_ENDPOINTS_SHARED_OPENAPI_H
#define PORTCULLIS_ENDPOINTS_SHARED_OPENAPI_H

#include "abuse/abuse_map.h"
#include "config/config.h"
#include "http/http.h"
#include "resources/model.h"
#include "resources/tag.h"

struct shared_openapi;

/* The config is borrowed for good. NULL when memory is out. */
struct shared_openapi *shared_openapi_create(const struct config *config);
void shared_openapi_destroy(struct shared_openapi *shared); /* NULL is fine */

struct openapi_copy {
    struct http_body *body; /* one reference, the caller's */
    enum http_coding coding;
    char tag[TAG_SIZE]; /* strong, of the plain bytes */
};

/* Any thread: the document of just this model and map (NULL: none), in the best coding up to that
 * one it has; false: it is not made yet. */
bool shared_openapi_get(struct shared_openapi *shared, const struct model *model,
                        const struct abuse_map *map, enum http_coding best,
                        struct openapi_copy *copy);
/* Any thread: settings that the document tells of have changed. */
void shared_openapi_forget(struct shared_openapi *shared);
/* Worker: makes it, unless somebody has. RESULT_NO_MEMORY. */
enum result shared_openapi_make(struct shared_openapi *shared, struct model *model,
                                struct abuse_map *map);

#endif
