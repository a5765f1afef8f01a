/* New bytes: written and hashed, sealed, and put where their row says. */
#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/hex.h"
#include "observe/log.h"
#include "store/blob_store_internal.h"

enum blob_new_state {
    BLOB_WRITING,
    BLOB_SEALED,
    BLOB_PUT,     /* published, where nothing was */
    BLOB_SWAPPED, /* published; the token holds what was there */
    BLOB_STUCK,   /* could not be taken back: the keeper's */
};

struct blob_new {
    struct blob_mark mark;
    struct blob_store *store;
    enum blob_new_state state;
    int file;         /* until it is sealed, else -1 */
    EVP_MD_CTX *hash; /* likewise, else NULL */
    uint64_t size;
    char sha256[BLOB_SHA256];
    char path[40];                 /* offered: ab/cd/… */
    struct blob_identity identity; /* once sealed */
    char token[BLOB_NAME];
    char intent[BLOB_NAME];
    char *published; /* the path where it lies; owned */
};

/* --- writing -------------------------------------------------------------------------------- */

static bool choose_path(struct blob_new *blob)
{
    unsigned char random[16];
    char hex[2 * sizeof(random) + 1];
    if (RAND_bytes(random, sizeof(random)) != 1)
        return false;
    hex_print(random, sizeof(random), hex);
    snprintf(blob->path, sizeof(blob->path), "%.2s/%.2s/%s", hex, hex + 2, hex);
    return true;
}

static void release(struct blob_new *blob, bool is_left)
{
    if (blob->file >= 0)
        close(blob->file);
    EVP_MD_CTX_free(blob->hash);
    blob_mark_release(blob->store, &blob->mark, is_left);
    free(blob->published);
    free(blob);
}

struct blob_new *blob_new_begin(struct blob_store *store, enum result *result)
{
    struct blob_new *blob = calloc(1, sizeof(*blob));
    *result = RESULT_NO_MEMORY;
    if (!blob)
        return NULL;
    blob->store = store;
    blob->hash = EVP_MD_CTX_new();
    blob_mark_take(store, &blob->mark);
    blob_name_print(blob->token, store->gateway, blob->mark.number, "");
    blob_name_print(blob->intent, store->gateway, blob->mark.number, ".put");
    blob->file = openat(store->work, blob->token,
                        O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0640);
    if (blob->file < 0)
        *result = blob_explain_write("no new file", errno);
    else if (blob->hash && choose_path(blob) &&
             EVP_DigestInit_ex(blob->hash, EVP_sha256(), NULL) == 1)
        *result = RESULT_OK;
    if (*result == RESULT_OK)
        return blob;
    blob_new_discard(blob);
    return NULL;
}

enum result blob_new_write(struct blob_new *blob, struct slice bytes)
{
    if (EVP_DigestUpdate(blob->hash, bytes.data, bytes.size) != 1)
        return RESULT_FAILED;
    while (bytes.size > 0) {
        ssize_t written = write(blob->file, bytes.data, bytes.size);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return blob_explain_write("writing", errno);
        blob->size += (uint64_t)written;
        bytes = slice_skip(bytes, (size_t)written);
    }
    return RESULT_OK;
}

/* Closed once nothing more is written: thousands that wait for the database need no descriptor. */
enum result blob_new_seal(struct blob_new *blob)
{
    unsigned char hash[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    struct stat status;
    if (EVP_DigestFinal_ex(blob->hash, hash, &size) != 1)
        return RESULT_FAILED;
    hex_print(hash, size, blob->sha256);
    if (fsync(blob->file) != 0 || fstat(blob->file, &status) != 0)
        return blob_explain_write("syncing", errno);
    int file = blob->file;
    blob->file = -1;
    if (close(file) != 0)
        return blob_explain_write("closing", errno);
    blob->identity = blob_identity_of(&status);
    blob->state = BLOB_SEALED;
    return RESULT_OK;
}

uint64_t blob_new_size(const struct blob_new *blob)
{
    return blob->size;
}

const char *blob_new_sha256(const struct blob_new *blob)
{
    return blob->sha256;
}

struct slice blob_new_path(const struct blob_new *blob)
{
    return slice_from(blob->path);
}

static bool unlink_work(const struct blob_new *blob, const char *name)
{
    if (blob_work_unlink(blob->store, name))
        return true;
    log_error("files", "%s/%s cannot be removed, it is tried again every files.sweep: %s",
              BENEATH_OWN_FOLDER, name, strerror(errno));
    return false;
}

/* --- publishing ----------------------------------------------------------------------------- */

static enum result leave_intent(struct blob_new *blob, enum blob_intent_kind kind,
                                const struct blob_owner *owner)
{
    const struct blob_intent intent = {
        .kind = kind,
        .realm = slice_from(blob->store->realm),
        .identity = blob->identity,
        .sha256 = slice_from(blob->sha256),
        .owner = *owner,
        .path = slice_from(blob->published),
    };
    struct buffer text;
    buffer_init(&text);
    blob_intent_print(&intent, &text);
    buffer_append_char(&text, '\0');
    enum result result = RESULT_OK;
    if (text.has_failed)
        result = RESULT_NO_MEMORY;
    else if (symlinkat(text.data, blob->store->work, blob->intent) != 0 ||
             fsync(blob->store->work) != 0)
        result = blob_explain_write("leaving an intent", errno);
    buffer_clear(&text);
    return result;
}

/* What may be done at the place: *kind. */
static enum result look_at(const struct blob_place *place, struct slice path, bool replaces,
                           enum blob_intent_kind *kind)
{
    struct blob_identity there;
    int error = blob_place_look(place, &there);
    *kind = error ? BLOB_INTENT_PUT : BLOB_INTENT_SWAP;
    if (error == ENOENT)
        return RESULT_OK;
    if (error == EISDIR)
        return beneath_refuse(path, "not a regular file");
    if (error)
        return beneath_explain(path, error);
    return replaces ? RESULT_OK : RESULT_EXISTS;
}

/* On the disk when it returns RESULT_OK. */
static enum result put(struct blob_new *blob, const struct blob_place *place,
                       enum blob_intent_kind kind)
{
    const int work = blob->store->work;
    int failed = kind == BLOB_INTENT_SWAP
                     ? renameat2(work, blob->token, place->folder, place->name, RENAME_EXCHANGE)
                     : linkat(work, blob->token, place->folder, place->name, 0);
    if (failed && errno == EEXIST)
        return RESULT_EXISTS;
    if (failed)
        return blob_explain_write(blob->published, errno);
    blob->state = kind == BLOB_INTENT_SWAP ? BLOB_SWAPPED : BLOB_PUT;
    return fsync(place->folder) == 0 ? RESULT_OK : blob_explain_write(blob->published, errno);
}

static void take_intent_back(struct blob_new *blob)
{
    blob->state = unlink_work(blob, blob->intent) ? BLOB_SEALED : BLOB_STUCK;
}

static enum result publish_at(struct blob_new *blob, const struct blob_owner *owner,
                              const struct blob_place *place, bool replaces)
{
    enum blob_intent_kind kind;
    enum result result = look_at(place, slice_from(blob->published), replaces, &kind);
    if (result != RESULT_OK)
        return result;
    result = leave_intent(blob, kind, owner);
    if (result == RESULT_OK)
        result = put(blob, place, kind);
    if (result == RESULT_OK)
        return RESULT_OK;
    if (blob->state == BLOB_SEALED)
        take_intent_back(blob);
    else
        blob_new_withdraw(blob);
    return result;
}

/* "a/", "a/.": a folder's name, if any. */
static bool ends_in_no_name(struct slice path)
{
    struct slice last = path;
    struct slice part;
    while (slice_split(&path, '/', &part))
        last = part;
    return last.size == 0 || slice_equal(last, SLICE("."));
}

/* What the template made of a row is checked as what a client sent: folders are made for it. */
static enum result check(struct blob_new *blob, const struct blob_owner *owner, struct slice path)
{
    char text[PATH_MAX];
    if (blob->state == BLOB_STUCK)
        return RESULT_CONFLICT;
    if (blob->state != BLOB_SEALED || slice_find(owner->resource, '/') < owner->resource.size) {
        log_error("files", "%s cannot be published in its state", blob->token);
        return RESULT_FAILED;
    }
    enum result result = beneath_check(path, text);
    if (result != RESULT_OK)
        return result == RESULT_NOT_FOUND ? beneath_refuse(path, "empty") : result;
    if (ends_in_no_name(path))
        return beneath_refuse(path, "ends in no name");
    free(blob->published);
    blob->published = strdup(text);
    return blob->published ? RESULT_OK : RESULT_NO_MEMORY;
}

/* Rights are the operator's fault, not the path's; that it leads through a file is the path's. */
static enum result explain_folder(struct slice path, int error)
{
    if (error == ENOTDIR)
        return beneath_refuse(path, "leads through a file");
    return error == EACCES || error == EPERM ? blob_explain_write("no folder for the file", error)
                                             : beneath_explain(path, error);
}

enum result blob_new_publish(struct blob_new *blob, const struct blob_owner *owner,
                             struct slice path, bool replaces)
{
    struct blob_place place;
    enum result result = check(blob, owner, path);
    if (result != RESULT_OK)
        return result;
    int error = blob_place_open(blob->store, path, BENEATH_MAKE, &place);
    if (error)
        return explain_folder(path, error);
    result = publish_at(blob, owner, &place, replaces);
    blob_place_close(&place);
    return result;
}

/* --- the end -------------------------------------------------------------------------------- */

/* The bytes that were there before lie there again, and the token holds the new ones. */
static int swap_back(struct blob_new *blob)
{
    struct blob_place place;
    struct blob_identity there;
    int error = blob_place_open(blob->store, slice_from(blob->published), BENEATH_LOOK, &place);
    if (error)
        return error;
    error = blob_place_look(&place, &there);
    if (!error && !blob_identity_equal(&there, &blob->identity))
        error = EBUSY; /* somebody else put others there */
    if (!error &&
        renameat2(blob->store->work, blob->token, place.folder, place.name, RENAME_EXCHANGE) != 0)
        error = errno;
    blob_place_close(&place);
    return error;
}

bool blob_new_has_replaced(const struct blob_new *blob)
{
    return blob->state == BLOB_SWAPPED;
}

void blob_new_withdraw(struct blob_new *blob)
{
    int error = 0;
    if (blob->state == BLOB_PUT)
        error = blob_remove(blob->store, slice_from(blob->published), &blob->identity);
    else if (blob->state == BLOB_SWAPPED)
        error = swap_back(blob);
    else
        return;
    if (!error) {
        take_intent_back(blob);
        return;
    }
    log_error("files", "%s cannot be taken back yet: %s", blob->published, strerror(error));
    blob->state = BLOB_STUCK;
}

/* The token first: an intent without it is no more than one that is settled already. */
void blob_new_keep(struct blob_new *blob)
{
    bool is_clean = unlink_work(blob, blob->token) && unlink_work(blob, blob->intent);
    release(blob, !is_clean);
}

void blob_new_abandon(struct blob_new *blob)
{
    release(blob, true);
}

void blob_new_discard(struct blob_new *blob)
{
    if (!blob)
        return;
    blob_new_withdraw(blob);
    bool is_clean = blob->state != BLOB_STUCK && unlink_work(blob, blob->token);
    release(blob, !is_clean);
}
