/*
 * The Abuse API's part of the OpenAPI document: what reports this gateway takes, given the columns
 * that the database has. Written section by section, as resources/openapi.h.
 */
#ifndef PORTCULLIS_ABUSE_ABUSE_OPENAPI_H
#define PORTCULLIS_ABUSE_ABUSE_OPENAPI_H

#include "abuse/abuse_map.h"
#include "format/writer.h"

/* Borrowed. */
struct abuse_openapi {
    const struct abuse_map *map; /* NULL, or of reports that cannot be kept: nothing is written */
    struct slice path;           /* abuse.path */
    bool errors_are_200;         /* http.error_status=always_200 */
};

/* Writes the members (of `tags`, the items) of the section: tags, paths, schemas, responses,
 * securitySchemes. False when memory is out. */
bool abuse_openapi_write(const struct abuse_openapi *openapi, struct writer *writer,
                         struct slice section);

#endif
