/*
 * Writing under files.root, so that a crash at any moment leaves nothing behind for good: no bytes
 * without a row, no row without bytes.
 *
 * A new file is written to ROOT/.portcullis/TOKEN, sealed (fsync), and published: an intent is left
 * beside it that says whose bytes they are and where they go, then they are put there. Once the
 * row's transaction has ended, the file is kept or taken back, and token and intent go. Removing is
 * the same the other way round: the intents first, the bytes after the commit. What is left of a
 * process that died (its lock in .portcullis is free), or of a removal that the disk refused, is
 * settled by the keeper (resources/file_keeper.h), who asks the database for the row.
 *
 *   .portcullis/GATEWAY.lock        held (flock) as long as the process lives
 *   .portcullis/GATEWAY-N           bytes being written; published, a second link to them; where
 *                                   they replace others, those others
 *   .portcullis/GATEWAY-N.put       symbolic link whose text is an intent; never followed
 *   .portcullis/GATEWAY-N.go        file of intents, each with a final NUL, of bytes that are to go
 *
 * An intent (store/blob_intent.h) also says how to know the bytes again (inode, size, time), so
 * that nothing that came to lie at the same path since is ever removed.
 *
 * The file system must have hard and symbolic links, and for replacing at the same path
 * renameat2(RENAME_EXCHANGE). Folders are made 0750, files 0640, .portcullis 0700.
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
    struct slice resource; /* its name in the catalog; holds no slash */
    int64_t id;
};

/* root must exist; .portcullis is made. NULL, logged, when it cannot be written: uploading is off
 * then, downloading is not. realm: any text; what stores of another realm left (rows of another
 * database, paths by another template) is not settled. */
struct blob_store *blob_store_open(const char *root, const char *realm);
/* After every blob_new and blob_removal has ended. What is left is the next keeper's. NULL is
 * fine. */
void blob_store_close(struct blob_store *store);

/* --- new bytes ------------------------------------------------------------------------------ */

struct blob_new;

/* NULL with *result: RESULT_LIMIT (no room: ENOSPC, EDQUOT, EFBIG), RESULT_UNAVAILABLE (descriptors
 * are short), RESULT_NO_MEMORY, RESULT_FAILED (logged). */
struct blob_new *blob_new_begin(struct blob_store *store, enum result *result);
/* The same results. After anything but RESULT_OK only blob_new_discard may follow. */
enum result blob_new_write(struct blob_new *blob, struct slice bytes);
/* No more bytes: hash and size are known, and the bytes are on the disk. Results as writing. */
enum result blob_new_seal(struct blob_new *blob);
uint64_t blob_new_size(const struct blob_new *blob);
const char *blob_new_sha256(const struct blob_new *blob); /* 64 hex digits, once sealed */
/* A path that no other file has, "ab/cd/…" (38 bytes, by chance), for the column file_path. */
struct slice blob_new_path(const struct blob_new *blob);
/* Puts the sealed bytes at the path beneath the root, folders made as needed. Bytes that are there
 * already: RESULT_EXISTS, unless replaces (they are the owner's own, and kept until
 * blob_new_keep). RESULT_DENIED as blob_open, logged; RESULT_LIMIT; RESULT_FAILED. After any of
 * these nothing is there of it, and it can be published again. RESULT_CONFLICT: it was published
 * before, and could not be withdrawn; only blob_new_discard may follow. */
enum result blob_new_publish(struct blob_new *blob, const struct blob_owner *owner,
                             struct slice path, bool replaces);
/* Whether they were published in the place of others: then taking them back is for him alone who
 * holds the row's lock. Without it somebody may have removed, or replaced in turn, what lies
 * there; the keeper, who locks the row, sorts that out (blob_new_abandon). */
bool blob_new_has_replaced(const struct blob_new *blob);
/* The row was not stored: they are taken back, and can be published again, elsewhere too. Without
 * effect on what is not published. */
void blob_new_withdraw(struct blob_new *blob);
/* The row is stored. Frees. */
void blob_new_keep(struct blob_new *blob);
/* Whether the row is stored cannot be known: the keeper will ask. Frees. */
void blob_new_abandon(struct blob_new *blob);
/* Whatever the state: as if it had never begun. Frees; NULL is fine. */
void blob_new_discard(struct blob_new *blob);

/* --- bytes that go --------------------------------------------------------------------------- */

/* The bytes of any number of rows that go in one transaction. Nothing that the disk refuses makes
 * removing fail: rows must be deletable above all when it is full. */
struct blob_removal;

/* NULL: memory is out. */
struct blob_removal *blob_removal_begin(struct blob_store *store);
/* Before the commit, once for each file. Where there are no bytes, or where a path leads out
 * (logged), none will go. */
void blob_removal_add(struct blob_removal *removal, const struct blob_owner *owner,
                      struct slice path);
/* Before the commit: the intents are on the disk now (or, logged, in memory alone). RESULT_OK or
 * RESULT_NO_MEMORY. */
enum result blob_removal_seal(struct blob_removal *removal);
/* After the commit: the bytes go. What the disk refuses (logged) stays with the keeper. Frees. */
void blob_removal_finish(struct blob_removal *removal);
/* The rows stay: so do the bytes. Whatever the state. Frees; NULL is fine. */
void blob_removal_cancel(struct blob_removal *removal);
/* Unknown: the keeper will ask. Frees. */
void blob_removal_abandon(struct blob_removal *removal);

/* --- what is left ---------------------------------------------------------------------------- */

/* Called, on any thread, whenever something was left to the keeper. Set before others use the
 * store. */
void blob_store_on_left(struct blob_store *store, void (*on_left)(void *context), void *context);

/* Who knows the rows. */
struct blob_judge {
    /* Whether the row names the path, and, where sha256 is not empty, that hash: RESULT_OK;
     * RESULT_NOT_FOUND when it does not or is not there. RESULT_INVALID: it names the path, and no
     * row tells a hash. Anything else: not to be known now. */
    enum result (*ask)(void *context, const struct blob_owner *owner, struct slice path,
                       struct slice sha256);
    /* The files that followed from the answers are settled: locks on rows may go. */
    void (*end)(void *context);
    void *context;
};

struct blob_settled {
    size_t done;
    size_t waiting;    /* left for the next time: the judge did not know */
    size_t refused;    /* left for the next time: the disk refused */
    size_t foreign;    /* of another realm, or unreadable: left alone */
    int refused_error; /* errno of the last one refused */
};

/* Settles what processes that died left, and what of this one's is in nobody's hands. The keeper's
 * thread; several gateways may do so at once. */
void blob_store_settle(struct blob_store *store, const struct blob_judge *judge,
                       struct blob_settled *settled);

#endif
