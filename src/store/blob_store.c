/* The store: its folder, its lock, and which tokens are in somebody's hands. */
#include "store/blob_store_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>
#include <utlist.h>

#include "base/hex.h"
#include "observe/log.h"
#include "store/beneath.h"

enum { LOCK_ATTEMPTS = 8 };

void blob_name_print(char name[BLOB_NAME], const char *gateway, uint64_t number, const char *suffix)
{
    snprintf(name, BLOB_NAME, "%s-%llu%s", gateway, (unsigned long long)number, suffix);
}

bool blob_work_unlink(const struct blob_store *store, const char *name)
{
    return unlinkat(store->work, name, 0) == 0 || errno == ENOENT;
}

enum result blob_explain_write(const char *what, int error)
{
    bool is_full = error == ENOSPC || error == EDQUOT || error == EFBIG;
    log_error(is_full ? "disk_full" : "files", "files.root: %s: %s", what, strerror(error));
    if (beneath_is_shortage(error))
        return RESULT_UNAVAILABLE;
    return is_full ? RESULT_LIMIT : RESULT_FAILED;
}

/* --- marks ---------------------------------------------------------------------------------- */

void blob_mark_take(struct blob_store *store, struct blob_mark *mark)
{
    pthread_mutex_lock(&store->lock);
    mark->number = ++store->next_number;
    DL_APPEND(store->marks, mark);
    pthread_mutex_unlock(&store->lock);
}

void blob_mark_release(struct blob_store *store, struct blob_mark *mark, bool is_left)
{
    pthread_mutex_lock(&store->lock);
    DL_DELETE(store->marks, mark);
    pthread_mutex_unlock(&store->lock);
    if (is_left && store->on_left)
        store->on_left(store->on_left_context);
}

bool blob_mark_is_taken(struct blob_store *store, uint64_t number)
{
    struct blob_mark *mark;
    pthread_mutex_lock(&store->lock);
    DL_SEARCH_SCALAR(store->marks, mark, number, number);
    pthread_mutex_unlock(&store->lock);
    return mark != NULL;
}

void blob_store_on_left(struct blob_store *store, void (*on_left)(void *context), void *context)
{
    store->on_left = on_left;
    store->on_left_context = context;
}

/* --- opening -------------------------------------------------------------------------------- */

static bool open_work(struct blob_store *store)
{
    struct stat status;
    if (mkdirat(store->root, BENEATH_OWN_FOLDER, 0700) != 0 && errno != EEXIST)
        return false;
    store->work =
        openat(store->root, BENEATH_OWN_FOLDER, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    return store->work >= 0 && fstat(store->work, &status) == 0;
}

/* A keeper who finds the file before it is locked takes it for a dead one's, and removes it: then
 * it has no link left, and another name is tried. */
static bool take_lock(struct blob_store *store)
{
    unsigned char random[(BLOB_GATEWAY - 1) / 2];
    char name[BLOB_NAME];
    struct stat status;
    if (RAND_bytes(random, sizeof(random)) != 1)
        return false;
    hex_print(random, sizeof(random), store->gateway);
    snprintf(name, sizeof(name), "%s.lock", store->gateway);
    int file = openat(store->work, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (file < 0)
        return false;
    if (flock(file, LOCK_EX | LOCK_NB) == 0 && fstat(file, &status) == 0 && status.st_nlink > 0) {
        store->lock_file = file;
        return true;
    }
    close(file);
    errno = EAGAIN;
    return false;
}

/* Bytes are published by links: better known now than with the first upload. */
static bool has_links(struct blob_store *store)
{
    char name[BLOB_NAME], linked[BLOB_NAME], symbolic[BLOB_NAME];
    snprintf(name, sizeof(name), "%s.lock", store->gateway);
    blob_name_print(linked, store->gateway, 0, "");
    blob_name_print(symbolic, store->gateway, 0, ".probe");
    bool has = linkat(store->work, name, store->work, linked, 0) == 0 &&
               symlinkat("probe", store->work, symbolic) == 0;
    int error = errno;
    unlinkat(store->work, linked, 0);
    unlinkat(store->work, symbolic, 0);
    errno = error;
    return has;
}

static bool make_realm(struct blob_store *store, const char *realm)
{
    unsigned char hash[EVP_MAX_MD_SIZE];
    if (EVP_Digest(realm, strlen(realm), hash, NULL, EVP_sha256(), NULL) != 1)
        return false;
    hex_print(hash, (BLOB_REALM - 1) / 2, store->realm);
    return true;
}

static bool open_parts(struct blob_store *store, const char *root)
{
    store->root = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (store->root < 0 || !open_work(store))
        return false;
    for (unsigned i = 0; i < LOCK_ATTEMPTS; i++)
        if (take_lock(store))
            return has_links(store);
        else if (errno != EAGAIN && errno != EEXIST)
            return false;
    return false;
}

static void release(struct blob_store *store)
{
    const int files[] = {store->lock_file, store->work, store->root};
    for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++)
        if (files[i] >= 0)
            close(files[i]);
    pthread_mutex_destroy(&store->lock);
    free(store);
}

struct blob_store *blob_store_open(const char *root, const char *realm)
{
    struct blob_store *store = calloc(1, sizeof(*store));
    if (!store)
        return NULL;
    store->root = store->work = store->lock_file = -1;
    pthread_mutex_init(&store->lock, NULL);
    if (make_realm(store, realm) && open_parts(store, root))
        return store;
    log_error("files_root", "%s cannot be written, uploads are off: %s", root, strerror(errno));
    blob_store_close(store);
    return NULL;
}

void blob_store_close(struct blob_store *store)
{
    char name[BLOB_NAME];
    if (!store)
        return;
    snprintf(name, sizeof(name), "%s.lock", store->gateway);
    if (store->lock_file >= 0)
        blob_work_unlink(store, name);
    release(store);
}
