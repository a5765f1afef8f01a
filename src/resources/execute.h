/*
 * Running what was compiled: statements, rows straight into the writer, the envelope around them.
 * Called on a worker; the only part of this room that touches the database.
 */
#ifndef PORTCULLIS_RESOURCES_EXECUTE_H
#define PORTCULLIS_RESOURCES_EXECUTE_H

#include "resources/envelope.h"
#include "resources/shared_count_cache.h"
#include "resources/shared_file.h"
#include "resources/tag.h"

struct blob_store;
struct http_media_types;
struct settings_cache;
struct shared_file_cache;

/* Settings that shape answers; immutable. */
struct execute_options {
    bool pages_are_ceil;                        /* remote.pages */
    struct catalog_names config_allow;          /* remote.config_allow */
    struct settings_cache *settings;            /* of `config`; NULL: read each time */
    const char *files_root;                     /* files.root; empty: downloads are off */
    const char *files_path;                     /* files.path */
    struct blob_store *files_store;             /* borrowed; NULL: uploading is off */
    const struct http_media_types *media_types; /* where a row says no type */
};

struct execute_context {
    struct database *database;
    struct writer *writer; /* of the request's format */
    struct tag_hash *record_hash;
    struct tag_hash *answer_hash;
    struct shared_count_cache *counts;
    struct shared_file_cache *file_cache; /* NULL: none */
    const struct execute_options *options;
    struct arena *arena;
    uint64_t deadline_us; /* monotonic; no statement begins after it */
};

struct execute_answer {
    struct buffer head;
    struct buffer rows;
    char tag[TAG_SIZE];
    struct shared_file *file; /* one reference: bytes to send instead of an envelope; or NULL */
    int64_t created_id;       /* of a write that made one record: for Location; 0: none */
};

/*
 * RESULT_OK with *answer filled in; RESULT_NOT_FOUND with the problem set; RESULT_STALE when the
 * schema has changed under the model; else the problem says 503 or 500. answer's buffers must have
 * been initialised and are the caller's to clear, its file to release, whatever comes.
 */
enum result execute_read(struct execute_context *context, const struct query_set *set,
                         const struct envelope_request *request, struct execute_answer *answer,
                         struct problem *problem);

/* Sets the problem for a result of the database: 503 unavailable or deadline, 500 else. */
void execute_explain(enum result result, struct problem *problem);
/* The same where files.root was unavailable: 503. */
void execute_explain_files(struct problem *problem);

#endif
