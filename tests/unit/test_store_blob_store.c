/* operations.md: "disk full on upload: 507, no row, no half file"; remote-api.md section 6: bytes
 * go after the commit. Whatever moment a process dies at, what it left is settled by the row. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "hidden_openat2.h"
#include "store/blob.h"
#include "store/blob_store.h"

/* printf hello | sha256sum */
#define HELLO_SHA256 "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"
#define EMPTY_SHA256 "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

static char root[64];
static struct blob_store *store;
static const struct blob_owner owner = {{"files", 5}, 7};

/* --- the disk ------------------------------------------------------------------------------- */

static const char *at(const char *name)
{
    static char path[4][PATH_MAX];
    static unsigned turn;
    turn = (turn + 1) % 4;
    assert_true(snprintf(path[turn], PATH_MAX, "%s/%s", root, name) < PATH_MAX);
    return path[turn];
}

static bool is_there(const char *name)
{
    struct stat status;
    return lstat(at(name), &status) == 0;
}

static void make_file(const char *name, const char *text)
{
    int file = open(at(name), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(file >= 0);
    assert_int_equal(write(file, text, strlen(text)), (ssize_t)strlen(text));
    close(file);
}

static void assert_text(const char *name, const char *text)
{
    char bytes[64] = "";
    int file = open(at(name), O_RDONLY);
    assert_true(file >= 0);
    assert_true(read(file, bytes, sizeof(bytes) - 1) >= 0);
    close(file);
    assert_string_equal(bytes, text);
}

/* Names in .portcullis but locks. */
static size_t count_work(void)
{
    size_t count = 0;
    struct dirent *entry;
    DIR *folder = opendir(at(".portcullis"));
    assert_non_null(folder);
    while ((entry = readdir(folder)))
        count += entry->d_name[0] != '.' && !strstr(entry->d_name, ".lock");
    closedir(folder);
    return count;
}

static size_t count_locks(void)
{
    size_t count = 0;
    struct dirent *entry;
    DIR *folder = opendir(at(".portcullis"));
    assert_non_null(folder);
    while ((entry = readdir(folder)))
        count += strstr(entry->d_name, ".lock") != NULL;
    closedir(folder);
    return count;
}

static int setup(void **state)
{
    (void)state;
    snprintf(root, sizeof(root), "/tmp/portcullis-blobs-XXXXXX");
    assert_non_null(mkdtemp(root));
    store = blob_store_open(root, "realm");
    assert_non_null(store);
    return 0;
}

static int teardown(void **state)
{
    char command[128];
    (void)state;
    blob_store_close(store);
    snprintf(command, sizeof(command), "rm -rf %s", root);
    return system(command);
}

/* --- the row -------------------------------------------------------------------------------- */

/* What the database would say. */
struct row {
    const char *path; /* NULL: there is no row */
    const char *sha256;
    bool is_away;
    unsigned asked;
    bool tells_no_hash; /* nor does any other */
};

static enum result ask(void *context, const struct blob_owner *whose, struct slice path,
                       struct slice sha256)
{
    struct row *row = context;
    row->asked++;
    assert_true(slice_equal(whose->resource, owner.resource));
    assert_int_equal(whose->id, owner.id);
    if (row->is_away)
        return RESULT_UNAVAILABLE;
    if (!row->path || !slice_equal(path, slice_from(row->path)))
        return RESULT_NOT_FOUND;
    if (sha256.size && row->tells_no_hash)
        return RESULT_INVALID;
    return !sha256.size || (row->sha256 && slice_equal(sha256, slice_from(row->sha256)))
               ? RESULT_OK
               : RESULT_NOT_FOUND;
}

static void end(void *context)
{
    (void)context;
}

static struct blob_settled settle(struct row *row)
{
    const struct blob_judge judge = {ask, end, row};
    struct blob_settled settled;
    blob_store_settle(store, &judge, &settled);
    return settled;
}

/* --- helpers -------------------------------------------------------------------------------- */

static struct blob_new *sealed_in(struct blob_store *where, const char *text)
{
    enum result result;
    struct blob_new *blob = blob_new_begin(where, &result);
    assert_non_null(blob);
    assert_int_equal(result, RESULT_OK);
    assert_int_equal(blob_new_write(blob, slice_from(text)), RESULT_OK);
    assert_int_equal(blob_new_seal(blob), RESULT_OK);
    return blob;
}

static struct blob_new *sealed(const char *text)
{
    return sealed_in(store, text);
}

static enum result publish(struct blob_new *blob, const char *path, bool replaces)
{
    return blob_new_publish(blob, &owner, slice_from(path), replaces);
}

static struct blob_removal *removal_of(struct blob_store *where, const char *path)
{
    struct blob_removal *removal = blob_removal_begin(where);
    assert_non_null(removal);
    blob_removal_add(removal, &owner, slice_from(path));
    assert_int_equal(blob_removal_seal(removal), RESULT_OK);
    return removal;
}

/* --- new bytes ------------------------------------------------------------------------------ */

/* remote-api.md section 7, files: streamed to disk. */
static void test_round_trip(void **state)
{
    char path[64], hash[BLOB_SHA256];
    struct blob blob;
    enum result result;
    (void)state;
    struct blob_new *made = blob_new_begin(store, &result);
    assert_non_null(made);
    for (const char *byte = "hello"; *byte; byte++)
        assert_int_equal(blob_new_write(made, slice_of(byte, 1)), RESULT_OK);
    assert_int_equal(blob_new_seal(made), RESULT_OK);
    assert_int_equal(blob_new_size(made), 5);
    assert_string_equal(blob_new_sha256(made), HELLO_SHA256);
    snprintf(path, sizeof(path), "%.*s", SLICE_ARGS(blob_new_path(made)));
    assert_int_equal(strlen(path), 38);
    assert_false(is_there(path));
    assert_int_equal(publish(made, path, false), RESULT_OK);
    blob_new_keep(made);
    assert_text(path, "hello");
    assert_int_equal(count_work(), 0);
    assert_int_equal(blob_open(root, slice_from(path), &blob), RESULT_OK);
    assert_int_equal(blob_hash(blob.descriptor, hash), RESULT_OK);
    assert_string_equal(hash, HELLO_SHA256);
    close(blob.descriptor);
}

static void test_empty_and_large(void **state)
{
    static char piece[128 * 1024 + 1];
    enum result result;
    (void)state;
    struct blob_new *empty = sealed("");
    assert_string_equal(blob_new_sha256(empty), EMPTY_SHA256);
    assert_int_equal(publish(empty, "empty", false), RESULT_OK);
    blob_new_keep(empty);
    assert_text("empty", "");
    struct blob_new *large = blob_new_begin(store, &result);
    assert_non_null(large);
    for (unsigned i = 0; i < 40; i++)
        assert_int_equal(blob_new_write(large, slice_of(piece, sizeof(piece))), RESULT_OK);
    assert_int_equal(blob_new_seal(large), RESULT_OK);
    assert_int_equal(blob_new_size(large), 40 * sizeof(piece));
    blob_new_discard(large);
    assert_int_equal(count_work(), 0);
}

static void test_discarded(void **state)
{
    enum result result;
    (void)state;
    blob_new_discard(NULL);
    blob_new_discard(blob_new_begin(store, &result));
    blob_new_discard(sealed("hello"));
    struct blob_new *published = sealed("hello");
    assert_int_equal(publish(published, "a/b/c", false), RESULT_OK);
    assert_true(is_there("a/b/c"));
    blob_new_discard(published);
    assert_false(is_there("a/b/c"));
    assert_int_equal(count_work(), 0);
}

/* A transaction that lost its way is run again, with another id and so another path. */
static void test_withdrawn_and_published_again(void **state)
{
    (void)state;
    struct blob_new *blob = sealed("hello");
    blob_new_withdraw(blob);
    assert_int_equal(publish(blob, "files/1", false), RESULT_OK);
    blob_new_withdraw(blob);
    assert_false(is_there("files/1"));
    assert_int_equal(publish(blob, "files/2", false), RESULT_OK);
    blob_new_withdraw(blob);
    assert_int_equal(publish(blob, "files/2", false), RESULT_OK);
    blob_new_keep(blob);
    assert_false(is_there("files/1"));
    assert_text("files/2", "hello");
    assert_int_equal(count_work(), 0);
}

static void test_taken_path(void **state)
{
    (void)state;
    make_file("taken", "theirs");
    assert_int_equal(mkdir(at("folder"), 0700), 0);
    struct blob_new *blob = sealed("hello");
    assert_int_equal(publish(blob, "taken", false), RESULT_EXISTS);
    assert_int_equal(publish(blob, "folder", false), RESULT_DENIED);
    assert_int_equal(publish(blob, "folder", true), RESULT_DENIED);
    assert_text("taken", "theirs");
    assert_int_equal(count_work(), 1);
    assert_int_equal(publish(blob, "free", true), RESULT_OK);
    blob_new_keep(blob);
    assert_text("free", "hello");
    assert_int_equal(count_work(), 0);
}

static void test_replaced(void **state)
{
    (void)state;
    make_file("own", "old");
    struct blob_new *blob = sealed("new");
    assert_int_equal(publish(blob, "own", true), RESULT_OK);
    assert_text("own", "new");
    blob_new_withdraw(blob);
    assert_text("own", "old");
    assert_int_equal(publish(blob, "own", true), RESULT_OK);
    blob_new_keep(blob);
    assert_text("own", "new");
    struct blob_new *other = sealed("newer");
    assert_int_equal(publish(other, "own", true), RESULT_OK);
    blob_new_discard(other);
    assert_text("own", "new");
    assert_int_equal(count_work(), 0);
}

/* data-model.md, files: "A path that leaves the root, a link or a device is never opened", nor
 * made. */
static void test_paths_refused(void **state)
{
    char deep[PATH_MAX + 2], name[300];
    (void)state;
    memset(deep, 'a', sizeof(deep));
    memset(name, 'a', sizeof(name));
    assert_int_equal(symlink("/tmp", at("out")), 0);
    assert_int_equal(mkdir(at("in"), 0700), 0);
    assert_int_equal(symlink("in", at("near")), 0);
    assert_int_equal(mkfifo(at("fifo"), 0600), 0);
    const struct slice paths[] = {SLICE(""),
                                  SLICE("/"),
                                  SLICE("/tmp/x"),
                                  SLICE(".."),
                                  SLICE("../x"),
                                  SLICE("in/../../x"),
                                  SLICE("in/../x"),
                                  SLICE("out/x"),
                                  SLICE("out/y/x"),
                                  SLICE("near/x"),
                                  SLICE("near"),
                                  SLICE("fifo"),
                                  SLICE("."),
                                  SLICE("in/."),
                                  SLICE("in/"),
                                  SLICE("unmade/"),
                                  SLICE("unmade/."),
                                  SLICE("unmade//"),
                                  SLICE("in"),
                                  SLICE("new\0name"),
                                  SLICE(".portcullis/x"),
                                  SLICE(".Portcullis/x"),
                                  SLICE(".//.portcullis/x"),
                                  slice_of(name, sizeof(name)),
                                  slice_of(deep, sizeof(deep))};
    struct blob_new *blob = sealed("hello");
    for (size_t i = 0; i < sizeof(paths) / sizeof(*paths); i++) {
        assert_int_equal(blob_new_publish(blob, &owner, paths[i], true), RESULT_DENIED);
        assert_int_equal(count_work(), 1);
    }
    assert_false(is_there("in/x"));
    assert_false(is_there("unmade"));
    assert_int_equal(publish(blob, "in/./new//x", false), RESULT_OK);
    blob_new_keep(blob);
    assert_text("in/new/x", "hello");
}

static void test_below_a_file(void **state)
{
    (void)state;
    make_file("file", "bytes");
    struct blob_new *blob = sealed("hello");
    assert_int_equal(publish(blob, "file/x", false), RESULT_DENIED);
    assert_int_equal(publish(blob, "file/new/x", false), RESULT_DENIED);
    blob_new_discard(blob);
    assert_text("file", "bytes");
    assert_int_equal(count_work(), 0);
}

/* operations.md, limits: a disk that is full. EFBIG stands for it: no other can be had here. */
static void test_no_room(void **state)
{
    struct rlimit before, little = {4096, 4096};
    static char piece[8192];
    enum result result;
    (void)state;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    little.rlim_max = before.rlim_max;
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &little), 0);
    struct blob_new *blob = blob_new_begin(store, &result);
    assert_non_null(blob);
    assert_int_equal(blob_new_write(blob, slice_of(piece, sizeof(piece))), RESULT_LIMIT);
    blob_new_discard(blob);
    assert_int_equal(count_work(), 0);
    /* What is to go goes all the same, without intents. */
    char name[32];
    struct blob_removal *removal = blob_removal_begin(store);
    for (unsigned i = 0; i < 200; i++) {
        snprintf(name, sizeof(name), "file%u", i);
        make_file(name, "x");
        blob_removal_add(removal, &owner, slice_from(name));
    }
    assert_int_equal(blob_removal_seal(removal), RESULT_OK);
    assert_true(is_there("file0"));
    blob_removal_finish(removal);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_false(is_there("file0"));
    assert_false(is_there("file199"));
    assert_int_equal(count_work(), 0);
}

/* --- bytes that go -------------------------------------------------------------------------- */

static void test_removed(void **state)
{
    (void)state;
    make_file("file", "bytes");
    struct blob_removal *removal = removal_of(store, "file");
    assert_true(is_there("file"));
    blob_removal_cancel(removal);
    assert_true(is_there("file"));
    assert_int_equal(count_work(), 0);
    blob_removal_finish(removal_of(store, "file"));
    assert_false(is_there("file"));
    blob_removal_finish(removal_of(store, "file"));
    blob_removal_cancel(NULL);
    blob_removal_cancel(blob_removal_begin(store));
    blob_removal_abandon(blob_removal_begin(store));
    assert_int_equal(count_work(), 0);
}

static void test_removal_refused(void **state)
{
    static const char *const paths[] = {"",       "../x", "/etc/passwd", "link",
                                        "folder", "gone", "gone/x",      "folder/"};
    (void)state;
    assert_int_equal(mkdir(at("folder"), 0700), 0);
    assert_int_equal(symlink("/etc/passwd", at("link")), 0);
    struct blob_removal *removal = blob_removal_begin(store);
    for (size_t i = 0; i < sizeof(paths) / sizeof(*paths); i++)
        blob_removal_add(removal, &owner, slice_from(paths[i]));
    assert_int_equal(blob_removal_seal(removal), RESULT_OK);
    assert_int_equal(count_work(), 0);
    blob_removal_finish(removal);
    assert_true(is_there("folder"));
    assert_true(is_there("link"));
}

/* More than a piece of the list; memory and statements stay few. */
static void test_removed_many(void **state)
{
    enum { MANY = 2000 };
    char name[200];
    (void)state;
    struct blob_removal *removal = blob_removal_begin(store);
    for (unsigned i = 0; i < MANY; i++) {
        snprintf(name, sizeof(name), "a-name-that-is-rather-long-so-that-the-list-grows-%0100u", i);
        make_file(name, "x");
        blob_removal_add(removal, &owner, slice_from(name));
    }
    assert_int_equal(blob_removal_seal(removal), RESULT_OK);
    assert_int_equal(count_work(), 1);
    blob_removal_finish(removal);
    assert_int_equal(count_work(), 0);
    assert_false(is_there(name));
    struct dirent *entry;
    DIR *folder = opendir(root);
    while ((entry = readdir(folder)))
        assert_true(entry->d_name[0] == '.');
    closedir(folder);
}

/* What came to lie at the path since is none of its business. */
static void test_removal_of_others_bytes(void **state)
{
    (void)state;
    make_file("file", "bytes");
    struct blob_removal *removal = removal_of(store, "file");
    make_file("other", "BYTES");
    assert_int_equal(rename(at("other"), at("file")), 0);
    blob_removal_finish(removal);
    assert_text("file", "BYTES");
    assert_int_equal(count_work(), 0);
}

/* --- what is left --------------------------------------------------------------------------- */

/* Runs the step in a process of its own, with a store of its own, and kills it. */
static void die_in(void (*step)(struct blob_store *where))
{
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct blob_store *where = blob_store_open(root, "realm");
        if (where)
            step(where);
        raise(SIGKILL);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

static void leave_token(struct blob_store *where)
{
    enum result result;
    struct blob_new *blob = blob_new_begin(where, &result);
    blob_new_write(blob, SLICE("hel"));
}

static void leave_sealed(struct blob_store *where)
{
    sealed_in(where, "hello");
}

static void leave_published(struct blob_store *where)
{
    publish(sealed_in(where, "hello"), "a/file", false);
}

static void leave_swapped(struct blob_store *where)
{
    publish(sealed_in(where, "hello"), "file", true);
}

static void leave_removal(struct blob_store *where)
{
    removal_of(where, "file");
}

static void assert_clean(const struct blob_settled *settled)
{
    assert_int_equal(settled->waiting + settled->refused + settled->foreign, 0);
    assert_int_equal(count_work(), 0);
    assert_int_equal(count_locks(), 1);
}

static void test_left_tokens(void **state)
{
    struct row row = {0};
    (void)state;
    die_in(leave_token);
    die_in(leave_sealed);
    assert_int_equal(count_work(), 2);
    assert_int_equal(count_locks(), 3);
    struct blob_settled settled = settle(&row);
    assert_int_equal(settled.done, 2);
    assert_int_equal(row.asked, 0);
    assert_clean(&settled);
}

static void test_left_published(void **state)
{
    struct row none = {0}, away = {.is_away = true},
               there = {.path = "a/file", .sha256 = HELLO_SHA256};
    (void)state;
    die_in(leave_published);
    assert_text("a/file", "hello");
    assert_int_equal(count_work(), 2);
    struct blob_settled settled = settle(&away);
    assert_int_equal(settled.waiting, 1);
    assert_int_equal(count_work(), 2);
    settled = settle(&there);
    assert_clean(&settled);
    assert_text("a/file", "hello");
    assert_int_equal(remove(at("a/file")), 0);
    die_in(leave_published);
    settled = settle(&none);
    assert_clean(&settled);
    assert_false(is_there("a/file"));
}

/* A template names a path before there are bytes: the row must name these. */
static void test_left_published_where_the_row_names_none(void **state)
{
    struct row before = {.path = "a/file"}, others = {.path = "a/file", .sha256 = EMPTY_SHA256};
    struct row untold = {.path = "a/file", .tells_no_hash = true};
    (void)state;
    die_in(leave_published);
    struct blob_settled settled = settle(&before);
    assert_clean(&settled);
    assert_false(is_there("a/file"));
    die_in(leave_published);
    settled = settle(&others);
    assert_clean(&settled);
    assert_false(is_there("a/file"));
    die_in(leave_published);
    settled = settle(&untold);
    assert_clean(&settled);
    assert_text("a/file", "hello");
}

/* The crash came between intent and link: what lies at the path is another's. */
static void test_left_before_the_link(void **state)
{
    struct row none = {0};
    (void)state;
    die_in(leave_published);
    assert_int_equal(remove(at("a/file")), 0);
    make_file("a/file", "hello");
    struct blob_settled settled = settle(&none);
    assert_clean(&settled);
    assert_int_equal(none.asked, 0);
    assert_text("a/file", "hello");
}

static void test_left_swapped(void **state)
{
    struct row was = {.path = "file", .sha256 = EMPTY_SHA256},
               is = {.path = "file", .sha256 = HELLO_SHA256};
    struct row untold = {.path = "file", .sha256 = NULL}, away = {.is_away = true}, none = {0};
    (void)state;
    make_file("file", "old");
    die_in(leave_swapped);
    assert_text("file", "hello");
    struct blob_settled settled = settle(&away);
    assert_int_equal(settled.waiting, 1);
    settled = settle(&was); /* not committed */
    assert_clean(&settled);
    assert_text("file", "old");
    die_in(leave_swapped);
    settled = settle(&untold); /* not committed, and the old row has no hash */
    assert_clean(&settled);
    assert_text("file", "old");
    die_in(leave_swapped);
    settled = settle(&is); /* committed */
    assert_clean(&settled);
    assert_text("file", "hello");
    die_in(leave_swapped);
    settled = settle(&none); /* the row has gone since */
    assert_clean(&settled);
    assert_false(is_there("file"));
}

/* Others have put theirs there meanwhile: whose bytes belong there is not this attempt's to say. */
static void test_stuck(void **state)
{
    struct row is = {.path = "own", .sha256 = HELLO_SHA256};
    (void)state;
    make_file("own", "old");
    struct blob_new *blob = sealed("hello");
    assert_int_equal(publish(blob, "own", true), RESULT_OK);
    assert_int_equal(unlink(at("own")), 0);
    make_file("own", "theirs");
    blob_new_withdraw(blob);
    assert_int_equal(publish(blob, "own", true), RESULT_CONFLICT);
    assert_int_equal(publish(blob, "free", false), RESULT_CONFLICT);
    assert_false(is_there("free"));
    blob_new_discard(blob);
    assert_text("own", "theirs");
    assert_int_equal(count_work(), 2);
    struct blob_settled settled = settle(&is);
    assert_clean(&settled);
}

/* Another gateway replaced the bytes again, before the keeper came. */
static void test_left_swapped_and_overtaken(void **state)
{
    struct row was = {.path = "file", .sha256 = EMPTY_SHA256},
               is = {.path = "file", .sha256 = HELLO_SHA256};
    (void)state;
    make_file("file", "old");
    die_in(leave_swapped);
    struct blob_new *later = sealed("later");
    assert_int_equal(publish(later, "file", true), RESULT_OK);
    /* Neither is committed: the old bytes must stay to be had. */
    struct blob_settled settled = settle(&was);
    assert_int_equal(settled.waiting, 1);
    char sha256[BLOB_SHA256];
    snprintf(sha256, sizeof(sha256), "%s", blob_new_sha256(later));
    blob_new_withdraw(later);
    settled = settle(&was);
    assert_int_equal(settled.waiting, 0);
    assert_text("file", "old");
    blob_new_discard(later);
    /* The later one is committed. */
    die_in(leave_swapped);
    later = sealed("later");
    assert_int_equal(publish(later, "file", true), RESULT_OK);
    blob_new_keep(later);
    is.sha256 = sha256;
    settled = settle(&is);
    assert_clean(&settled);
    assert_text("file", "later");
}

static void test_left_before_the_swap(void **state)
{
    struct row was = {.path = "file", .sha256 = EMPTY_SHA256};
    char command[3 * PATH_MAX];
    (void)state;
    make_file("file", "old");
    die_in(leave_swapped);
    /* Exchanged back by hand: as if it had not come to it. */
    snprintf(command, sizeof(command),
             "cd %s && for t in .portcullis/*.put; do t=${t%%.put}; mv file x && mv $t file && "
             "mv x $t; done",
             root);
    assert_int_equal(system(command), 0);
    assert_text("file", "old");
    struct blob_settled settled = settle(&was);
    assert_clean(&settled);
    assert_int_equal(was.asked, 0);
    assert_text("file", "old");
}

static void test_left_removal(void **state)
{
    struct row there = {.path = "file", .sha256 = NULL}, none = {0}, away = {.is_away = true};
    (void)state;
    make_file("file", "bytes");
    die_in(leave_removal);
    struct blob_settled settled = settle(&away);
    assert_int_equal(settled.waiting, 1);
    assert_text("file", "bytes");
    settled = settle(&there);
    assert_clean(&settled);
    assert_text("file", "bytes");
    die_in(leave_removal);
    settled = settle(&none);
    assert_clean(&settled);
    assert_false(is_there("file"));
    make_file("file", "bytes");
    die_in(leave_removal);
    assert_int_equal(remove(at("file")), 0);
    make_file("file", "another");
    settled = settle(&none); /* others lie there now */
    assert_clean(&settled);
    assert_text("file", "another");
}

/* Who lives is let alone, and so is what is in somebody's hands. */
static void test_the_living(void **state)
{
    struct row none = {0};
    (void)state;
    struct blob_store *other = blob_store_open(root, "realm");
    assert_non_null(other);
    make_file("gone", "bytes");
    struct blob_new *theirs = sealed_in(other, "theirs"), *ours = sealed("ours");
    assert_int_equal(publish(theirs, "theirs", false), RESULT_OK);
    assert_int_equal(publish(ours, "ours", false), RESULT_OK);
    struct blob_removal *removal = removal_of(store, "gone");
    struct blob_settled settled = settle(&none);
    assert_int_equal(settled.done + settled.waiting, 0);
    assert_int_equal(count_work(), 5);
    assert_text("theirs", "theirs");
    assert_text("ours", "ours");
    assert_text("gone", "bytes");
    blob_new_keep(theirs);
    blob_new_keep(ours);
    blob_removal_cancel(removal);
    blob_store_close(other);
    settled = settle(&none);
    assert_clean(&settled);
    assert_text("theirs", "theirs");
}

static unsigned told;

static void on_left(void *context)
{
    assert_ptr_equal(context, &told);
    told++;
}

/* error path of remote-api.md section 6: a commit whose answer was lost. */
static void test_abandoned(void **state)
{
    struct row none = {0}, there = {.path = "kept", .sha256 = HELLO_SHA256};
    (void)state;
    told = 0;
    blob_store_on_left(store, on_left, &told);
    struct blob_new *blob = sealed("hello");
    assert_int_equal(publish(blob, "lost", false), RESULT_OK);
    blob_new_abandon(blob);
    assert_int_equal(told, 1);
    struct blob_settled settled = settle(&none);
    assert_clean(&settled);
    assert_false(is_there("lost"));
    blob = sealed("hello");
    assert_int_equal(publish(blob, "kept", false), RESULT_OK);
    blob_new_abandon(blob);
    settled = settle(&there);
    assert_clean(&settled);
    assert_text("kept", "hello");
    blob_removal_abandon(removal_of(store, "kept"));
    assert_int_equal(told, 3);
    settled = settle(&none);
    assert_clean(&settled);
    assert_false(is_there("kept"));
}

/* Closed in order, with something left: the next gateway's keeper finds it, lock or no lock. */
static void test_left_by_the_closed(void **state)
{
    struct row none = {0};
    (void)state;
    struct blob_store *other = blob_store_open(root, "realm");
    struct blob_new *blob = sealed_in(other, "hello");
    assert_int_equal(publish(blob, "lost", false), RESULT_OK);
    blob_new_abandon(blob);
    blob_store_close(other);
    struct blob_settled settled = settle(&none);
    assert_clean(&settled);
    assert_false(is_there("lost"));
}

/* Rows of another database say nothing about these. */
static void test_another_realm(void **state)
{
    struct row none = {0};
    (void)state;
    die_in(leave_published);
    make_file("file", "bytes");
    die_in(leave_removal);
    blob_store_close(store);
    store = blob_store_open(root, "another");
    struct blob_settled settled = settle(&none);
    assert_int_equal(settled.foreign, 2);
    assert_int_equal(none.asked, 0);
    assert_text("a/file", "hello");
    assert_text("file", "bytes");
}

/* Whatever else lies in the folder, in whatever form: nothing outside is touched. */
static void test_hostile_names(void **state)
{
    struct row none = {0};
    (void)state;
    static const char *const names[] = {"0123456789abcdef-1.put", "0123456789abcdef-2.put",
                                        "0123456789abcdef-3.put", "0123456789abcdef-4.put"};
    static const char *const texts[] = {"/etc/passwd", "put/x/1,1,1,1/-/files/7/../../x",
                                        "go/1/1,1,1/-/files/7/file", "put"};
    char name[64];
    for (size_t i = 0; i < 4; i++) {
        snprintf(name, sizeof(name), ".portcullis/%s", names[i]);
        assert_int_equal(symlink(texts[i], at(name)), 0);
    }
    make_file(".portcullis/0123456789abcdef-5.go", "no list");
    make_file(".portcullis/0123456789abcdef-6.put", "no link");
    assert_int_equal(symlink("/etc/passwd", at(".portcullis/0123456789abcdef-7.go")), 0);
    assert_int_equal(mkdir(at(".portcullis/0123456789abcdef-8"), 0700), 0);
    make_file(".portcullis/readme", "not ours");
    make_file(".portcullis/0123456789abcdef-", "not ours");
    make_file(".portcullis/0123456789abcdefg-1", "not ours");
    struct blob_settled settled = settle(&none);
    assert_int_equal(none.asked, 0);
    assert_int_equal(settled.foreign, 6);
    assert_int_equal(settled.refused, 2);
    assert_int_equal(settled.done, 0);
    assert_true(is_there(".portcullis/readme"));
    assert_true(is_there(".portcullis/0123456789abcdef-1.put"));
}

/* A removal that the disk refuses is tried again, and not forgotten. */
static void test_refused_by_the_disk(void **state)
{
    struct row none = {0};
    (void)state;
    if (geteuid() == 0)
        assert_int_equal(seteuid(65534), 0);
    /* The store's folder was made by another: ours is a root of our own. */
    char mine[] = "/tmp/portcullis-blobs-XXXXXX";
    assert_non_null(mkdtemp(mine));
    struct blob_store *own = blob_store_open(mine, "realm");
    assert_non_null(own);
    char path[PATH_MAX];
    snprintf(path, sizeof(path), "%s/sub", mine);
    assert_int_equal(mkdir(path, 0700), 0);
    snprintf(path, sizeof(path), "%s/sub/file", mine);
    int file = open(path, O_WRONLY | O_CREAT, 0600);
    assert_true(file >= 0);
    close(file);
    snprintf(path, sizeof(path), "%s/sub", mine);
    told = 0;
    blob_store_on_left(own, on_left, &told);
    struct blob_removal *removal = blob_removal_begin(own);
    blob_removal_add(removal, &owner, SLICE("sub/file"));
    assert_int_equal(blob_removal_seal(removal), RESULT_OK);
    assert_int_equal(chmod(path, 0500), 0);
    blob_removal_finish(removal);
    assert_int_equal(told, 1);
    const struct blob_judge judge = {ask, end, &none};
    struct blob_settled settled;
    for (unsigned i = 0; i < 2; i++) {
        blob_store_settle(own, &judge, &settled);
        assert_int_equal(settled.refused, 1);
        assert_int_equal(settled.refused_error, EACCES);
    }
    assert_int_equal(chmod(path, 0700), 0);
    blob_store_settle(own, &judge, &settled);
    assert_int_equal(settled.refused, 0);
    assert_int_equal(settled.done, 1);
    snprintf(path, sizeof(path), "%s/sub/file", mine);
    struct stat status;
    assert_int_not_equal(lstat(path, &status), 0);
    blob_store_close(own);
    snprintf(path, sizeof(path), "rm -rf %s", mine);
    assert_int_equal(system(path), 0);
    if (getuid() == 0)
        assert_int_equal(seteuid(0), 0);
}

/* Uploads are off, downloads are not. */
static void test_no_store(void **state)
{
    (void)state;
    assert_null(blob_store_open("/nonexistent", "realm"));
    assert_null(blob_store_open("/proc", "realm"));
    make_file("file", "bytes");
    assert_null(blob_store_open(at("file"), "realm"));
    char command[PATH_MAX];
    assert_int_equal(mkdir(at("linked"), 0700), 0);
    snprintf(command, sizeof(command), "%s/linked/.portcullis", root);
    assert_int_equal(symlink("/tmp", command), 0);
    assert_null(blob_store_open(at("linked"), "realm"));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_round_trip),
        TEST(test_empty_and_large),
        TEST(test_discarded),
        TEST(test_withdrawn_and_published_again),
        TEST(test_taken_path),
        TEST(test_replaced),
        TEST(test_paths_refused),
        TEST(test_below_a_file),
        TEST(test_no_room),
        TEST(test_removed),
        TEST(test_removal_refused),
        TEST(test_removed_many),
        TEST(test_removal_of_others_bytes),
        TEST(test_left_tokens),
        TEST(test_left_published),
        TEST(test_left_before_the_link),
        TEST(test_left_published_where_the_row_names_none),
        TEST(test_left_swapped),
        TEST(test_stuck),
        TEST(test_left_swapped_and_overtaken),
        TEST(test_left_before_the_swap),
        TEST(test_left_removal),
        TEST(test_the_living),
        TEST(test_abandoned),
        TEST(test_left_by_the_closed),
        TEST(test_another_realm),
        TEST(test_hostile_names),
        TEST(test_refused_by_the_disk),
        TEST(test_no_store),
    };
    int failed = cmocka_run_group_tests_name("openat2", tests, NULL, NULL);
    hide_openat2(ENOSYS);
    return failed + cmocka_run_group_tests_name("without openat2", tests, NULL, NULL);
}
