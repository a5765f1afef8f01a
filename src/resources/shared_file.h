/*
 * A file as its row says it is, with its bytes open: all that a download needs, whoever asked for
 * it. Immutable.
 *
 * Shared: reference-counted; any thread.
 */
#ifndef PORTCULLIS_RESOURCES_SHARED_FILE_H
#define PORTCULLIS_RESOURCES_SHARED_FILE_H

#include "http/http.h"
#include "store/blob.h"

/* What the answer's head says of it, each fit for its field. */
struct shared_file_fields {
    struct slice type;        /* Content-Type */
    struct slice disposition; /* Content-Disposition */
    struct slice tag;         /* ETag */
    struct slice modified;    /* Last-Modified */
};

struct shared_file {
    atomic_uint references;
    struct http_file *bytes;          /* one reference */
    uint64_t size;                    /* bytes */
    int64_t modified_s;               /* seconds since 1970 */
    struct shared_file_fields fields; /* they lie behind the struct */
};

/* One reference; copies the fields. Takes blob's descriptor over, also when memory is out (NULL).
 */
struct shared_file *shared_file_create(const struct blob *blob,
                                       const struct shared_file_fields *fields);
struct shared_file *shared_file_share(struct shared_file *file);
void shared_file_release(struct shared_file *file); /* NULL is fine */

#endif
