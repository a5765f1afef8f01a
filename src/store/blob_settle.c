/*
 * What processes that died left, and what of this one's is in nobody's hands. Who holds a dead
 * one's lock settles it, so that no two keepers do the same. Bytes beneath the root are touched
 * only where an intent names them, they are the ones it meant, and the judge knows their row.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "observe/log.h"
#include "store/blob_store_internal.h"

struct settling {
    struct blob_store *store;
    const struct blob_judge *judge;
    struct blob_settled *settled;
};

/* What became of one thing. */
enum outcome {
    OUTCOME_NOTHING, /* there was none: whose it was had done it meanwhile */
    OUTCOME_DONE,
    OUTCOME_WAITS,
    OUTCOME_REFUSED,
    OUTCOME_FOREIGN,
    OUTCOMES,
};

static enum outcome refused(struct settling *settling, int error)
{
    settling->settled->refused_error = error;
    return OUTCOME_REFUSED;
}

static void count(struct settling *settling, enum outcome outcome)
{
    struct blob_settled *settled = settling->settled;
    size_t *const counters[OUTCOMES] = {[OUTCOME_DONE] = &settled->done,
                                        [OUTCOME_WAITS] = &settled->waiting,
                                        [OUTCOME_REFUSED] = &settled->refused,
                                        [OUTCOME_FOREIGN] = &settled->foreign};
    if (counters[outcome])
        *counters[outcome] += 1;
}

/* --- names ---------------------------------------------------------------------------------- */

enum name_kind { NAME_TOKEN, NAME_PUT, NAME_GO, NAME_PROBE, NAME_KINDS, NAME_LOCK };

static const char *const suffixes[NAME_KINDS] = {
    [NAME_TOKEN] = "", [NAME_PUT] = ".put", [NAME_GO] = ".go", [NAME_PROBE] = ".probe"};

struct name {
    char text[BLOB_NAME];
    char gateway[BLOB_GATEWAY];
    uint64_t number;
    enum name_kind kind;
};

static bool read_number(struct slice rest, struct name *name)
{
    size_t dot = slice_find(rest, '.');
    struct slice suffix = slice_skip(rest, dot);
    if (!slice_to_u64(slice_of(rest.data, dot), &name->number))
        return false;
    for (size_t i = 0; i < NAME_KINDS; i++)
        if (slice_equal(suffix, slice_from(suffixes[i]))) {
            name->kind = (enum name_kind)i;
            return true;
        }
    return false;
}

/* false: not one of ours. */
static bool name_read(const char *text, struct name *name)
{
    const size_t size = BLOB_GATEWAY - 1;
    struct slice rest = slice_from(text);
    if (rest.size <= size || rest.size >= sizeof(name->text) ||
        strspn(text, "0123456789abcdef") != size)
        return false;
    memcpy(name->text, text, rest.size + 1);
    memcpy(name->gateway, text, size);
    name->gateway[size] = '\0';
    rest = slice_skip(rest, size);
    name->kind = NAME_LOCK;
    if (slice_equal(rest, SLICE(".lock")))
        return true;
    return rest.data[0] == '-' && read_number(slice_skip(rest, 1), name);
}

/* --- bytes that came ------------------------------------------------------------------------ */

/* What was left beside the bytes goes; the token first, as in blob_new_keep. */
static enum outcome drop(struct settling *settling, const struct name *put)
{
    char token[BLOB_NAME];
    blob_name_print(token, put->gateway, put->number, "");
    if (blob_work_unlink(settling->store, token) && blob_work_unlink(settling->store, put->text))
        return OUTCOME_DONE;
    return refused(settling, errno);
}

static enum result ask(struct settling *settling, const struct blob_intent *intent,
                       struct slice sha256)
{
    return settling->judge->ask(settling->judge->context, &intent->owner, intent->path, sha256);
}

static enum outcome take_away(struct settling *settling, const struct name *put,
                              const struct blob_intent *intent)
{
    int error = blob_remove(settling->store, intent->path, &intent->identity);
    return error ? refused(settling, error) : drop(settling, put);
}

/* Whether the intent's bytes lie at its path; or errno, when the disk does not say. */
static int find(struct blob_store *store, const struct blob_intent *intent, bool *is_there)
{
    struct blob_identity there;
    int error = blob_path_look(store, intent->path, &there);
    *is_there = !error && blob_identity_equal(&there, &intent->identity);
    return blob_is_gone(error) ? 0 : error;
}

/* A row may name the path without these bytes: a record that has none yet, by its template. */
static enum outcome settle_linked(struct settling *settling, const struct name *put,
                                  const struct blob_intent *intent)
{
    bool is_there;
    int error = find(settling->store, intent, &is_there);
    if (error)
        return refused(settling, error);
    enum result result = is_there ? ask(settling, intent, intent->sha256) : RESULT_OK;
    if (result == RESULT_OK || result == RESULT_INVALID)
        return drop(settling, put);
    return result == RESULT_NOT_FOUND ? take_away(settling, put, intent) : OUTCOME_WAITS;
}

static enum outcome swap_back(struct settling *settling, const struct name *put,
                              const struct blob_intent *intent)
{
    struct blob_place place;
    char token[BLOB_NAME];
    blob_name_print(token, put->gateway, put->number, "");
    int error = blob_place_open(settling->store, intent->path, BENEATH_SYNC, &place);
    if (error)
        return refused(settling, error);
    if (renameat2(settling->store->work, token, place.folder, place.name, RENAME_EXCHANGE) != 0 ||
        fsync(place.folder) != 0)
        error = errno;
    blob_place_close(&place);
    return error ? refused(settling, error) : drop(settling, put);
}

/* The hash of what lies at the path now; false when it cannot be told. */
static bool hash_of_path(struct blob_store *store, struct slice path, char sha256[BLOB_SHA256])
{
    struct blob_place place;
    if (blob_place_open(store, path, BENEATH_LOOK, &place))
        return false;
    int file =
        openat(place.folder, place.name, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW | O_CLOEXEC);
    blob_place_close(&place);
    if (file < 0)
        return false;
    bool is_told = blob_hash(file, sha256) == RESULT_OK;
    close(file);
    return is_told;
}

/* Others have put theirs where ours lay. Only once the row confirms them, nobody will want back
 * what the token holds. */
static enum outcome settle_overtaken(struct settling *settling, const struct name *put,
                                     const struct blob_intent *intent)
{
    char sha256[BLOB_SHA256];
    if (hash_of_path(settling->store, intent->path, sha256) &&
        ask(settling, intent, slice_from(sha256)) == RESULT_OK)
        return drop(settling, put);
    return OUTCOME_WAITS;
}

static enum outcome settle_swapped(struct settling *settling, const struct name *put,
                                   const struct blob_intent *intent)
{
    enum result result = ask(settling, intent, intent->sha256);
    if (result == RESULT_OK)
        return drop(settling, put);
    if (result == RESULT_NOT_FOUND)
        result = ask(settling, intent, slice_of("", 0));
    if (result == RESULT_NOT_FOUND)
        return take_away(settling, put, intent);
    if (result != RESULT_OK)
        return OUTCOME_WAITS;
    bool is_there;
    int error = find(settling->store, intent, &is_there);
    if (error)
        return refused(settling, error);
    return is_there ? swap_back(settling, put, intent) : settle_overtaken(settling, put, intent);
}

/* Before the exchange the token holds the new bytes, after it the old ones. */
static enum outcome settle_swap(struct settling *settling, const struct name *put,
                                const struct blob_intent *intent)
{
    char token[BLOB_NAME];
    struct blob_identity held;
    blob_name_print(token, put->gateway, put->number, "");
    int error = blob_token_look(settling->store, token, &held);
    if (error && error != ENOENT)
        return refused(settling, error);
    if (error == ENOENT || blob_identity_equal(&held, &intent->identity))
        return drop(settling, put);
    return settle_swapped(settling, put, intent);
}

static bool is_ours(const struct settling *settling, const struct blob_intent *intent)
{
    char text[PATH_MAX];
    return slice_equal(intent->realm, slice_from(settling->store->realm)) &&
           beneath_check(intent->path, text) == RESULT_OK;
}

static enum outcome settle_put(struct settling *settling, const struct name *put)
{
    char text[PATH_MAX];
    struct blob_intent intent;
    ssize_t size = readlinkat(settling->store->work, put->text, text, sizeof(text));
    if (size < 0)
        return errno == ENOENT   ? OUTCOME_NOTHING
               : errno == EINVAL ? OUTCOME_FOREIGN
                                 : refused(settling, errno);
    if (!blob_intent_read(slice_of(text, (size_t)size), &intent) || !is_ours(settling, &intent) ||
        intent.kind == BLOB_INTENT_GO)
        return OUTCOME_FOREIGN;
    return intent.kind == BLOB_INTENT_SWAP ? settle_swap(settling, put, &intent)
                                           : settle_linked(settling, put, &intent);
}

/* --- bytes that go -------------------------------------------------------------------------- */

struct listed {
    struct settling *settling;
    size_t counts[OUTCOMES];
};

static enum outcome settle_go(struct settling *settling, const struct blob_intent *intent)
{
    if (!is_ours(settling, intent) || intent->kind != BLOB_INTENT_GO)
        return OUTCOME_FOREIGN;
    bool is_there;
    int error = find(settling->store, intent, &is_there);
    if (error)
        return refused(settling, error);
    enum result result = is_there ? ask(settling, intent, slice_of("", 0)) : RESULT_OK;
    if (result == RESULT_OK)
        return OUTCOME_DONE;
    if (result != RESULT_NOT_FOUND)
        return OUTCOME_WAITS;
    error = blob_remove(settling->store, intent->path, &intent->identity);
    return error ? refused(settling, error) : OUTCOME_DONE;
}

static void settle_one(void *context, const struct blob_intent *intent)
{
    struct listed *listed = context;
    listed->counts[settle_go(listed->settling, intent)]++;
    listed->settling->judge->end(listed->settling->judge->context);
}

static enum outcome settle_list(struct settling *settling, const struct name *list)
{
    struct listed listed = {.settling = settling};
    int file = openat(settling->store->work, list->text,
                      O_RDONLY | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW | O_CLOEXEC);
    if (file < 0)
        return errno == ENOENT ? OUTCOME_NOTHING : refused(settling, errno);
    int error = blob_list_each(file, slice_of("", 0), settle_one, &listed);
    close(file);
    if (error)
        return error == EBADMSG ? OUTCOME_FOREIGN : refused(settling, error);
    for (int i = OUTCOME_FOREIGN; i > OUTCOME_DONE; i--)
        if (listed.counts[i])
            return (enum outcome)i;
    return blob_work_unlink(settling->store, list->text) ? OUTCOME_DONE : refused(settling, errno);
}

/* --- gateways ------------------------------------------------------------------------------- */

static enum outcome unlink_name(struct settling *settling, const struct name *name)
{
    if (unlinkat(settling->store->work, name->text, 0) == 0)
        return OUTCOME_DONE;
    return errno == ENOENT ? OUTCOME_NOTHING : refused(settling, errno);
}

/* One with an intent is settled with it. */
static enum outcome settle_token(struct settling *settling, const struct name *token)
{
    char put[BLOB_NAME];
    struct stat status;
    blob_name_print(put, token->gateway, token->number, ".put");
    if (fstatat(settling->store->work, put, &status, AT_SYMLINK_NOFOLLOW) == 0)
        return OUTCOME_NOTHING;
    return errno == ENOENT ? unlink_name(settling, token) : refused(settling, errno);
}

static void settle_name(struct settling *settling, const struct name *name)
{
    enum outcome outcome;
    if (name->kind == NAME_TOKEN)
        outcome = settle_token(settling, name);
    else if (name->kind == NAME_PUT)
        outcome = settle_put(settling, name);
    else if (name->kind == NAME_GO)
        outcome = settle_list(settling, name);
    else
        outcome = unlink_name(settling, name);
    settling->judge->end(settling->judge->context);
    count(settling, outcome);
}

/* What is done with a name of ours. */
typedef void name_step(void *context, const struct name *name);

static void each_name(struct blob_store *store, name_step *step, void *context)
{
    int folder = openat(store->work, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *names = folder < 0 ? NULL : fdopendir(folder);
    struct dirent *entry;
    struct name name;
    if (!names) {
        log_error("files", "%s cannot be read: %s", BENEATH_OWN_FOLDER, strerror(errno));
        if (folder >= 0)
            close(folder);
        return;
    }
    while ((entry = readdir(names)))
        if (name_read(entry->d_name, &name))
            step(context, &name);
    closedir(names);
}

struct one_gateway {
    struct settling *settling;
    const char *gateway;
    bool is_own;
};

static void settle_if_its(void *context, const struct name *name)
{
    const struct one_gateway *one = context;
    struct blob_store *store = one->settling->store;
    if (strcmp(name->gateway, one->gateway) != 0 || name->kind == NAME_LOCK ||
        (one->is_own && blob_mark_is_taken(store, name->number)))
        return;
    settle_name(one->settling, name);
}

static size_t left(const struct blob_settled *settled)
{
    return settled->waiting + settled->refused + settled->foreign;
}

/* The lock of one that died, locked; -1: it lives, or another keeper is at it. */
static int lock_dead(struct blob_store *store, const char *name)
{
    struct stat status;
    int file = openat(store->work, name, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (file < 0)
        return -1;
    if (flock(file, LOCK_EX | LOCK_NB) == 0 && fstat(file, &status) == 0 && status.st_nlink > 0)
        return file;
    close(file);
    return -1;
}

static void settle_dead(struct settling *settling, const char *gateway)
{
    const struct one_gateway one = {.settling = settling, .gateway = gateway};
    char name[BLOB_NAME];
    snprintf(name, sizeof(name), "%s.lock", gateway);
    int file = lock_dead(settling->store, name);
    if (file < 0)
        return;
    size_t before = left(settling->settled);
    each_name(settling->store, settle_if_its, (void *)&one);
    if (left(settling->settled) == before)
        blob_work_unlink(settling->store, name);
    close(file);
}

struct gateways {
    char (*names)[BLOB_GATEWAY];
    size_t count;
    size_t capacity;
};

static void note_gateway(void *context, const struct name *name)
{
    struct gateways *gateways = context;
    for (size_t i = 0; i < gateways->count; i++)
        if (strcmp(gateways->names[i], name->gateway) == 0)
            return;
    if (gateways->count == gateways->capacity) {
        size_t capacity = gateways->capacity ? 2 * gateways->capacity : 16;
        void *grown = realloc(gateways->names, capacity * sizeof(*gateways->names));
        if (!grown)
            return;
        gateways->names = grown;
        gateways->capacity = capacity;
    }
    memcpy(gateways->names[gateways->count++], name->gateway, BLOB_GATEWAY);
}

void blob_store_settle(struct blob_store *store, const struct blob_judge *judge,
                       struct blob_settled *settled)
{
    struct settling settling = {store, judge, settled};
    struct gateways gateways = {0};
    *settled = (struct blob_settled){0};
    each_name(store, note_gateway, &gateways);
    for (size_t i = 0; i < gateways.count; i++) {
        const struct one_gateway own = {&settling, store->gateway, true};
        if (strcmp(gateways.names[i], store->gateway) == 0)
            each_name(store, settle_if_its, (void *)&own);
        else
            settle_dead(&settling, gateways.names[i]);
    }
    free(gateways.names);
}
