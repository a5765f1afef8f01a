/*
 * Writing under files.root, so that a crash at any moment leaves nothing behind for good: no bytes
 * without a row, no row without bytes.
 *
 * A new file is written to ROOT/.portcullis/TOKEN, sealed (fsync), and published: an intent is left
 * beside it that says whose bytes they are and where they go, then they are put there. Once the
 * row's transaction has ended, the file is kept or taken back, and token and intent go. Removing is
 * the same the other way round: the intent first, the bytes after the commit. What is left of a
 * process that died (its lock in .portcullis is free) is settled by the keeper
 * (resources/file_keeper.h), who asks the database for the row.
 *
 *   .portcullis/GATEWAY.lock        held (flock) as long as the process lives
 *   .portcullis/GATEWAY-N           bytes being written
 *   .portcullis/GATEWAY-N.put       symbolic link whose text is "RESOURCE/ID/PATH"; never followed
 *   .portcullis/GATEWAY-N.del       the same, of bytes that are to go
 *
 * All calls may wait for the disk: a worker's or libuv's pool's thread, never a loop. A store is
 * safe for all threads; a blob_new or blob_removal belongs to one at a time.
 */
#ifndef PORTCULLIS_STORE_BLOB_STORE_H
#define PORTCULLIS_STORE_BLOB_STORE_H

#include "base/result.h"
#include "base/slice.h"

struct blob_store;

/* The row whose bytes they are. */
struct blob_owner {
    struct slice resource; /* its name in the catalog */
    int64_t id;
};

/* root must exist; .portcullis is made (0700). NULL, logged, when it cannot be written: uploading
 * is off then, downloading is not. */
struct blob_store *blob_store_open(const char *root);
void blob_store_close(struct blob_store *store); /* NULL is fine */

struct blob_new;

/* NULL with *result: RESULT_LIMIT (no room: ENOSPC, EDQUOT, EFBIG), RESULT_NO_MEMORY,
 * RESULT_FAILED (logged). */
struct blob_new *blob_new_begin(struct blob_store *store, enum result *result);
/* The same results. After anything but RESULT_OK only blob_new_discard may follow. */
enum result blob_new_write(struct blob_new *blob, struct slice bytes);
/* No more bytes: hash and size are known, and the bytes are on the disk. */
enum result blob_new_seal(struct blob_new *blob);
uint64_t blob_new_size(const struct blob_new *blob);
const char *blob_new_sha256(const struct blob_new *blob); /* 64 hex digits, once sealed */
/* A path that no other file has, "ab/cd/TOKEN…", for the column file_path. */
struct slice blob_new_path(const struct blob_new *blob);
/* Puts the sealed bytes at the path beneath the root, folders made as needed. Bytes that are there
 * already: RESULT_EXISTS, unless replaces (they are the owner's own, and kept until
 * blob_new_keep). RESULT_DENIED as blob_open, logged; RESULT_LIMIT; RESULT_FAILED. */
enum result blob_new_publish(struct blob_new *blob, const struct blob_owner *owner,
                             struct slice path, bool replaces);
/* The row was not stored: they are taken back, and can be published again, elsewhere too. */
void blob_new_withdraw(struct blob_new *blob);
/* The row is stored. Frees. */
void blob_new_keep(struct blob_new *blob);
/* Whether the row is stored cannot be known: the keeper will ask. Frees. */
void blob_new_abandon(struct blob_new *blob);
/* Whatever the state: as if it had never begun. Frees; NULL is fine. */
void blob_new_discard(struct blob_new *blob);

struct blob_removal;

/* Before the commit: leaves the intent. NULL with *result. */
struct blob_removal *blob_removal_begin(struct blob_store *store, const struct blob_owner *owner,
                                        struct slice path, enum result *result);
/* After the commit: the bytes go. What the disk refuses stays with the keeper. Frees. */
void blob_removal_finish(struct blob_removal *removal);
/* The rows stay: so do the bytes. Frees. */
void blob_removal_cancel(struct blob_removal *removal);
/* Unknown: the keeper will ask. Frees. */
void blob_removal_abandon(struct blob_removal *removal);

#endif
