/*
 * Files that no row names. A gateway may be writing meanwhile, so that what looks like one is
 * looked at again: first at the intents, then at all rows' paths. Bytes found before the intents
 * are read either have one, or their row is committed by then.
 */
#include <errno.h>
#include <fts.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "cli/check_files_parts.h"
#include "store/beneath.h"
#include "store/blob_intent.h"

enum { MOST_ORPHANS = 200000 };

struct orphan {
    UT_hash_handle hh;
    uint64_t size;
    size_t path_size;
    char path[]; /* relative to the root; the key */
};

struct orphans {
    struct file_check *check;
    struct orphan *table;
    bool has_more; /* than MOST_ORPHANS: the rest is left for another time */
};

/* --- the disk ------------------------------------------------------------------------------- */

static void add(struct orphans *orphans, const char *path, const struct stat *status)
{
    struct orphan *orphan = NULL;
    size_t size = strlen(path);
    if (HASH_COUNT(orphans->table) >= MOST_ORPHANS) {
        orphans->has_more = true;
        return;
    }
    orphan = calloc(1, sizeof(*orphan) + size + 1);
    if (!orphan) {
        orphans->check->walk_error = ENOMEM;
        return;
    }
    orphan->size = (uint64_t)status->st_size;
    orphan->path_size = size;
    memcpy(orphan->path, path, size + 1);
    HASH_ADD(hh, orphans->table, path, size, orphan);
}

static bool is_own_folder(const FTSENT *entry)
{
    return entry->fts_level == 1 && strcmp(entry->fts_name, BENEATH_OWN_FOLDER) == 0;
}

static void look_at(struct orphans *orphans, FTS *walk, FTSENT *entry, size_t root_size)
{
    const char *path = entry->fts_path + root_size;
    path += strspn(path, "/");
    switch (entry->fts_info) {
    case FTS_D:
        if (is_own_folder(entry))
            fts_set(walk, entry, FTS_SKIP);
        break;
    case FTS_F:
        if (S_ISREG(entry->fts_statp->st_mode) &&
            !file_set_has(&orphans->check->seen, entry->fts_statp))
            add(orphans, path, entry->fts_statp);
        break;
    case FTS_DNR:
    case FTS_ERR:
    case FTS_NS:
        if (entry->fts_errno != ENOENT)
            check_files_tell(orphans->check, FILE_UNREADABLE, "folder", slice_from(path),
                             strerror(entry->fts_errno));
        break;
    default:
        break;
    }
}

/* NULL at the end, and with *error, which fts_read tells by errno alone. */
static FTSENT *read_next(FTS *walk, int *error)
{
    errno = 0;
    FTSENT *entry = fts_read(walk);
    if (!entry)
        *error = errno;
    return entry;
}

static void walk(struct orphans *orphans)
{
    char *roots[] = {orphans->check->files->root, NULL};
    int *error = &orphans->check->walk_error;
    FTSENT *entry;
    FTS *walk = fts_open(roots, FTS_PHYSICAL | FTS_COMFOLLOW | FTS_NOCHDIR, NULL);
    if (!walk) {
        *error = errno;
        return;
    }
    while (!*error && (entry = read_next(walk, error)))
        look_at(orphans, walk, entry, strlen(roots[0]));
    fts_close(walk);
}

/* --- once more ------------------------------------------------------------------------------ */

/* path as walking the disk spells it, into text: without names that say nothing. */
static size_t spell(struct slice path, char text[PATH_MAX])
{
    struct slice part;
    size_t size = 0;
    while (path.size < PATH_MAX && slice_split(&path, '/', &part)) {
        if (part.size == 0 || slice_equal(part, SLICE(".")))
            continue;
        if (size)
            text[size++] = '/';
        memcpy(text + size, part.data, part.size);
        size += part.size;
    }
    return size;
}

/* Whether that path was among them, as something that may be claimed so. */
static bool forget(struct orphans *orphans, struct slice path, enum download_claim claim)
{
    char text[PATH_MAX];
    struct orphan *orphan;
    size_t size = spell(path, text);
    HASH_FIND(hh, orphans->table, text, size, orphan);
    if (!orphan || !download_claims(claim, orphan->size))
        return false;
    HASH_DEL(orphans->table, orphan);
    free(orphan);
    return true;
}

static void forget_intent(void *context, const struct blob_intent *intent)
{
    struct orphans *orphans = context;
    orphans->check->counts[FILE_PENDING] += forget(orphans, intent->path, DOWNLOAD_ALL);
}

static enum result forget_row(struct file_check *check, const struct file_columns *columns,
                              const struct check_row *row, void *context)
{
    (void)check;
    (void)columns;
    forget(context, row->path, row->claim);
    return RESULT_OK;
}

static int by_path(const struct orphan *a, const struct orphan *b)
{
    return strcmp(a->path, b->path);
}

static bool is_there(const struct orphans *orphans, const struct orphan *orphan)
{
    char path[2 * PATH_MAX];
    struct stat status;
    snprintf(path, sizeof(path), "%s/%s", orphans->check->files->root, orphan->path);
    return lstat(path, &status) == 0;
}

static void tell(struct orphans *orphans)
{
    struct orphan *orphan, *next;
    char detail[32];
    HASH_SRT(hh, orphans->table, by_path);
    HASH_ITER(hh, orphans->table, orphan, next)
    {
        snprintf(detail, sizeof(detail), "%llu bytes", (unsigned long long)orphan->size);
        if (is_there(orphans, orphan))
            check_files_tell(orphans->check, FILE_ORPHAN, "file",
                             slice_of(orphan->path, orphan->path_size), detail);
    }
    if (orphans->has_more)
        printf("         there are more than %d: run this again once these are dealt with\n",
               (int)MOST_ORPHANS);
}

static void clear(struct orphans *orphans)
{
    struct orphan *orphan, *next;
    HASH_ITER(hh, orphans->table, orphan, next)
    {
        HASH_DEL(orphans->table, orphan);
        free(orphan);
    }
}

enum result check_orphans(struct file_check *check)
{
    struct orphans orphans = {.check = check};
    walk(&orphans);
    enum result result = check->walk_error ? RESULT_FAILED : RESULT_OK;
    if (result == RESULT_OK && orphans.table) {
        blob_intents_each(check->files->root, forget_intent, &orphans);
        result = check_each_row(check, forget_row, &orphans);
    }
    if (result == RESULT_OK)
        tell(&orphans);
    clear(&orphans);
    return result;
}
