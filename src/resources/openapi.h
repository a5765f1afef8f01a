/*
 * An OpenAPI 3.1 description of the Remote API, made of the model: what this gateway serves from
 * this database, and how it is asked. What is the same for every database lies in
 * openapi_fixed.json, compiled in; the rest follows from catalog and columns.
 *
 * The document has other authors too (endpoints/openapi_document.h), so it is written section by
 * section: the caller opens `schemas` and the like, and each author adds its members. The same
 * model and settings make the same bytes. One thread at a time; needs no database.
 */
#ifndef PORTCULLIS_RESOURCES_OPENAPI_H
#define PORTCULLIS_RESOURCES_OPENAPI_H

#include "format/writer.h"
#include "resources/model.h"

/* What the settings decide. Borrowed. */
struct openapi_settings {
    struct slice base;        /* remote.base */
    uint64_t max_limit;       /* remote.max_limit */
    uint64_t max_upload;      /* files.max_upload, bytes */
    bool numbers_are_strings; /* remote.json_numbers=string */
    bool errors_are_200;      /* http.error_status=always_200 */
};

struct openapi;

/* All borrowed until openapi_destroy. NULL when memory is out. */
struct openapi *openapi_create(const struct model *model, const struct openapi_settings *settings,
                               struct writer *writer);
void openapi_destroy(struct openapi *openapi);

/* Writes the members (or, of `tags` and `security`, the items) of a section: info, security, tags,
 * paths, schemas, responses, parameters, headers, examples, securitySchemes. */
void openapi_write(struct openapi *openapi, struct slice section);

/* Memory ran out under way: what was written is not whole. */
bool openapi_has_failed(const struct openapi *openapi);

#endif
