#include "endpoints/shared_openapi.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "endpoints/openapi_document.h"

/* It is compressed once and sent often. */
enum { CODINGS = 3, GZIP_LEVEL = 6, BROTLI_QUALITY = 5 };

struct document {
    unsigned settings;                 /* made of these */
    struct model *model;               /* one reference */
    struct abuse_map *map;             /* one reference, or NULL */
    struct http_body *bodies[CODINGS]; /* by coding, one reference each; NULL: none */
    char tag[TAG_SIZE];
};

struct shared_openapi {
    const struct config *config;
    pthread_mutex_t lock; /* current, settings */
    pthread_mutex_t make_lock;
    struct document current; /* model NULL: none yet */
    unsigned settings;       /* another number each time they change */
};

static void clear(struct document *document)
{
    for (int i = 0; i < CODINGS; i++)
        http_body_release(document->bodies[i]);
    if (document->model)
        model_release(document->model);
    abuse_map_release(document->map);
    *document = (struct document){0};
}

struct shared_openapi *shared_openapi_create(const struct config *config)
{
    struct shared_openapi *shared = calloc(1, sizeof(*shared));
    if (!shared)
        return NULL;
    shared->config = config;
    pthread_mutex_init(&shared->lock, NULL);
    pthread_mutex_init(&shared->make_lock, NULL);
    return shared;
}

void shared_openapi_destroy(struct shared_openapi *shared)
{
    if (!shared)
        return;
    clear(&shared->current);
    pthread_mutex_destroy(&shared->lock);
    pthread_mutex_destroy(&shared->make_lock);
    free(shared);
}

void shared_openapi_forget(struct shared_openapi *shared)
{
    pthread_mutex_lock(&shared->lock);
    shared->settings++;
    pthread_mutex_unlock(&shared->lock);
}

/* Under the lock. */
static bool is_of(const struct shared_openapi *shared, const struct model *model,
                  const struct abuse_map *map)
{
    const struct document *current = &shared->current;
    return current->model && current->model == model && current->map == map &&
           current->settings == shared->settings;
}

bool shared_openapi_get(struct shared_openapi *shared, const struct model *model,
                        const struct abuse_map *map, enum http_coding best,
                        struct openapi_copy *copy)
{
    pthread_mutex_lock(&shared->lock);
    const struct document *current = &shared->current;
    bool is_made = is_of(shared, model, map);
    if (is_made) {
        copy->coding = current->bodies[best] ? best : HTTP_CODING_IDENTITY;
        copy->body = http_body_share(current->bodies[copy->coding]);
        snprintf(copy->tag, sizeof(copy->tag), "%s", current->tag);
    }
    pthread_mutex_unlock(&shared->lock);
    return is_made;
}

static bool is_current(struct shared_openapi *shared, const struct model *model,
                       const struct abuse_map *map)
{
    pthread_mutex_lock(&shared->lock);
    bool is_same = is_of(shared, model, map);
    pthread_mutex_unlock(&shared->lock);
    return is_same;
}

static bool make_tag(struct document *document, struct slice text)
{
    char hex[TAG_HASH_HEX + 1];
    struct tag_hash *hash = tag_hash_create();
    if (!hash)
        return false;
    tag_hash_start(hash);
    tag_hash_add(hash, text);
    tag_hash_finish(hash, hex);
    tag_hash_destroy(hash);
    snprintf(document->tag, sizeof(document->tag), "\"%s\"", hex);
    return true;
}

/* One form of the text; where memory is short, or the settings say so, the plain one must do. */
static bool add_body(const struct shared_openapi *shared, struct document *document,
                     struct slice text, enum http_coding coding)
{
    const struct config_http levels = {.gzip_level = GZIP_LEVEL, .brotli_quality = BROTLI_QUALITY};
    uint64_t least = shared->config->http.compress_min;
    bool is_plain = coding == HTTP_CODING_IDENTITY;
    if (!is_plain && (!least || text.size < least))
        return true;
    struct http_body *body = http_body_create();
    if (body)
        buffer_append_slice(&body->head, text);
    bool is_made =
        body && !body->head.has_failed && (is_plain || http_compress(body, coding, &levels));
    if (is_made)
        document->bodies[coding] = body;
    else
        http_body_release(body);
    return is_made || !is_plain;
}

static enum result fill(const struct shared_openapi *shared, struct document *document)
{
    struct buffer text;
    const struct openapi_source source = {shared->config, document->model, document->map,
                                          SLICE("/")};
    buffer_init(&text);
    enum result result = openapi_document_write(&source, &text);
    if (result == RESULT_OK && !make_tag(document, buffer_slice(&text)))
        result = RESULT_NO_MEMORY;
    for (int i = 0; result == RESULT_OK && i < CODINGS; i++)
        if (!add_body(shared, document, buffer_slice(&text), (enum http_coding)i))
            result = RESULT_NO_MEMORY;
    buffer_clear(&text);
    return result;
}

static enum result make(struct shared_openapi *shared, struct model *model, struct abuse_map *map)
{
    struct document made = {.model = model_share(model), .map = map ? abuse_map_share(map) : NULL};
    pthread_mutex_lock(&shared->lock);
    made.settings = shared->settings;
    pthread_mutex_unlock(&shared->lock);
    enum result result = fill(shared, &made);
    if (result == RESULT_OK) {
        pthread_mutex_lock(&shared->lock);
        struct document old = shared->current;
        shared->current = made;
        pthread_mutex_unlock(&shared->lock);
        made = old;
    }
    clear(&made);
    return result;
}

enum result shared_openapi_make(struct shared_openapi *shared, struct model *model,
                                struct abuse_map *map)
{
    pthread_mutex_lock(&shared->make_lock);
    enum result result = is_current(shared, model, map) ? RESULT_OK : make(shared, model, map);
    pthread_mutex_unlock(&shared->make_lock);
    return result;
}
