/*
 * Bytes that go. The intents are gathered in memory, written in pieces, and count once the whole
 * list lies under its name. A disk that is full takes no list: then memory alone holds it.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "observe/log.h"
#include "observe/metrics.h"
#include "store/blob_store_internal.h"

enum { PIECE_BYTES = 64 * 1024 };

struct blob_removal {
    struct blob_mark mark;
    struct blob_store *store;
    char token[BLOB_NAME];
    char list[BLOB_NAME];
    int file;           /* the list's first part, -1: none */
    struct buffer rest; /* what is not in the file */
    bool is_refused;    /* by the disk: what comes stays in memory */
    bool is_sealed;     /* the list is on the disk */
};

struct blob_removal *blob_removal_begin(struct blob_store *store)
{
    struct blob_removal *removal = calloc(1, sizeof(*removal));
    if (!removal)
        return NULL;
    removal->store = store;
    removal->file = -1;
    buffer_init(&removal->rest);
    blob_mark_take(store, &removal->mark);
    blob_name_print(removal->token, store->gateway, removal->mark.number, "");
    blob_name_print(removal->list, store->gateway, removal->mark.number, ".go");
    return removal;
}

/* --- gathering ------------------------------------------------------------------------------ */

static bool refuse(struct blob_removal *removal)
{
    removal->is_refused = true;
    blob_explain_write("no intents can be left of bytes that are to go", errno);
    return false;
}

static bool write_rest(struct blob_removal *removal)
{
    struct buffer *rest = &removal->rest;
    if (removal->file < 0)
        removal->file = openat(removal->store->work, removal->token,
                               O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (removal->file < 0)
        return refuse(removal);
    while (rest->size > 0) {
        ssize_t written = write(removal->file, rest->data, rest->size);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return refuse(removal);
        rest->size -= (size_t)written;
        memmove(rest->data, rest->data + written, rest->size);
    }
    return true;
}

/* Whether there are bytes at the path, and which. */
static bool look(struct blob_removal *removal, struct slice path, struct blob_identity *identity)
{
    char text[PATH_MAX];
    if (beneath_check(path, text) != RESULT_OK)
        return false;
    int error = blob_path_look(removal->store, path, identity);
    if (error == EISDIR)
        beneath_refuse(path, "not a regular file");
    else if (error)
        beneath_explain(path, error);
    return error == 0;
}

void blob_removal_add(struct blob_removal *removal, const struct blob_owner *owner,
                      struct slice path)
{
    struct blob_intent intent = {
        .kind = BLOB_INTENT_GO,
        .realm = slice_from(removal->store->realm),
        .sha256 = SLICE("-"),
        .owner = *owner,
        .path = path,
    };
    if (!look(removal, path, &intent.identity))
        return;
    blob_intent_print(&intent, &removal->rest);
    buffer_append_char(&removal->rest, '\0');
    if (removal->rest.size >= PIECE_BYTES && !removal->is_refused)
        write_rest(removal);
}

enum result blob_removal_seal(struct blob_removal *removal)
{
    const int work = removal->store->work;
    if (removal->rest.has_failed)
        return RESULT_NO_MEMORY;
    if ((removal->file < 0 && !removal->rest.size) || removal->is_refused || !write_rest(removal))
        return RESULT_OK;
    if (fsync(removal->file) == 0 && renameat(work, removal->token, work, removal->list) == 0) {
        removal->is_sealed = true;
        if (fsync(work) == 0)
            return RESULT_OK;
    }
    refuse(removal);
    return RESULT_OK;
}

/* --- the end -------------------------------------------------------------------------------- */

static void release(struct blob_removal *removal, bool is_left)
{
    if (removal->file >= 0)
        close(removal->file);
    buffer_clear(&removal->rest);
    blob_mark_release(removal->store, &removal->mark, is_left);
    free(removal);
}

/* The list goes. */
static void release_clean(struct blob_removal *removal)
{
    const char *name = removal->is_sealed ? removal->list : removal->token;
    bool is_clean = removal->file < 0 || blob_work_unlink(removal->store, name);
    if (!is_clean)
        log_error("files", "%s/%s cannot be removed, it is tried again every files.sweep: %s",
                  BENEATH_OWN_FOLDER, name, strerror(errno));
    release(removal, !is_clean);
}

struct finishing {
    struct blob_removal *removal;
    size_t refused;
};

static void finish_one(void *context, const struct blob_intent *intent)
{
    struct finishing *finishing = context;
    int error = blob_remove(finishing->removal->store, intent->path, &intent->identity);
    if (!error)
        return;
    metric_increment(METRIC_FILES_UNREMOVED);
    if (finishing->refused++ == 0)
        log_error("file_not_deleted", "path %.*s under files.root: %s", SLICE_ARGS(intent->path),
                  strerror(error));
}

/* No folder is synced: file systems with a journal forget no earlier step and keep a later one, so
 * that when the power goes the list is there as long as the bytes are. */
void blob_removal_finish(struct blob_removal *removal)
{
    struct finishing finishing = {.removal = removal};
    int error = blob_list_each(removal->file, buffer_slice(&removal->rest), finish_one, &finishing);
    if (!error && !finishing.refused) {
        release_clean(removal);
        return;
    }
    log_error("file_not_deleted", "the bytes of %zu deleted files stay (%s): %s", finishing.refused,
              error ? strerror(error) : "the disk refused",
              removal->is_sealed ? "tried again every files.sweep"
                                 : "`portcullis check --files` will name them");
    if (removal->is_sealed)
        release(removal, true);
    else
        release_clean(removal);
}

void blob_removal_cancel(struct blob_removal *removal)
{
    if (removal)
        release_clean(removal);
}

void blob_removal_abandon(struct blob_removal *removal)
{
    if (removal->is_sealed || (removal->file < 0 && !removal->rest.size)) {
        release(removal, removal->is_sealed);
        return;
    }
    log_error("files", "whether files were deleted is unknown, and no intents could be left: "
                       "`portcullis check --files` will tell");
    release_clean(removal);
}
