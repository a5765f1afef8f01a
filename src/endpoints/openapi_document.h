/*
 * The whole OpenAPI document, of both APIs: the same bytes for the same model, map and settings,
 * whoever asks, but for `servers`. Made by `portcullis openapi` and by the gateway
 * (shared_openapi.h).
 */
#ifndef PORTCULLIS_ENDPOINTS_OPENAPI_DOCUMENT_H
#define PORTCULLIS_ENDPOINTS_OPENAPI_DOCUMENT_H

#include "abuse/abuse_map.h"
#include "config/config.h"
#include "resources/model.h"

/* Borrowed. */
struct openapi_source {
    const struct config *config;
    const struct model *model;
    const struct abuse_map *map; /* NULL: without the Abuse API */
    struct slice server;         /* what the paths follow: "/", or http://127.0.0.1:8080 */
};

/* Appends it to out. RESULT_NO_MEMORY, and then out is not whole. */
enum result openapi_document_write(const struct openapi_source *source, struct buffer *out);

#endif
