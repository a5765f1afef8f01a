/* data-model.md, files: "A path that leaves the root, a link or a device is never opened", nor is
 * anything deleted there; remote-api.md section 6: bytes are deleted after the commit. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <unistd.h>

#include "hidden_openat2.h"
#include "store/blob.h"

static char root[64], outside[64];

static void path_of(char *out, const char *folder, const char *name)
{
    assert_true(snprintf(out, PATH_MAX, "%s/%s", folder, name) < PATH_MAX);
}

static void make_file(const char *folder, const char *name)
{
    char path[PATH_MAX];
    path_of(path, folder, name);
    int file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(file >= 0);
    assert_int_equal(write(file, "bytes", 5), 5);
    close(file);
}

static bool is_there(const char *folder, const char *name)
{
    char path[PATH_MAX];
    struct stat status;
    path_of(path, folder, name);
    return lstat(path, &status) == 0;
}

static void make_socket(const char *name)
{
    char path[PATH_MAX];
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    path_of(path, root, name);
    assert_true(snprintf(address.sun_path, sizeof(address.sun_path), "%s", path) <
                (int)sizeof(address.sun_path));
    int listener = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(listener, (struct sockaddr *)&address, sizeof(address)), 0);
    close(listener);
}

static int setup(void **state)
{
    char path[PATH_MAX], target[PATH_MAX];
    (void)state;
    snprintf(root, sizeof(root), "/tmp/portcullis-blob-XXXXXX");
    snprintf(outside, sizeof(outside), "/tmp/portcullis-blob-XXXXXX");
    assert_non_null(mkdtemp(root));
    assert_non_null(mkdtemp(outside));
    path_of(path, root, "folder");
    assert_int_equal(mkdir(path, 0700), 0);
    make_file(root, "file");
    make_file(root, "folder/file");
    make_file(root, "folder/\xc3\xa4 '%n");
    make_file(outside, "secret");
    path_of(path, root, "out"); /* a folder outside */
    assert_int_equal(symlink(outside, path), 0);
    path_of(path, root, "link"); /* a file outside */
    path_of(target, outside, "secret");
    assert_int_equal(symlink(target, path), 0);
    path_of(path, root, "near"); /* a file inside */
    assert_int_equal(symlink("file", path), 0);
    path_of(path, root, "fifo");
    assert_int_equal(mkfifo(path, 0600), 0);
    path_of(path, root, "folder/up");
    assert_int_equal(symlink("..", path), 0);
    path_of(path, root, "self"); /* a magic link is at its end */
    assert_int_equal(symlink("/proc/self", path), 0);
    path_of(path, root, "loop");
    assert_int_equal(symlink("loop", path), 0);
    path_of(path, root, ".portcullis");
    assert_int_equal(mkdir(path, 0700), 0);
    make_file(root, ".portcullis/file");
    make_socket("socket");
    return 0;
}

static int teardown(void **state)
{
    char command[256];
    (void)state;
    snprintf(command, sizeof(command), "rm -rf %s %s", root, outside);
    return system(command);
}

static void test_refused(void **state)
{
    char secret[PATH_MAX], relative[PATH_MAX], long_path[PATH_MAX + 8];
    (void)state;
    path_of(secret, outside, "secret");
    snprintf(relative, sizeof(relative), "../%s/secret", strrchr(outside, '/') + 1);
    memset(long_path, 'a', sizeof(long_path));
    const struct slice paths[] = {slice_from(secret),
                                  slice_from(relative),
                                  SLICE("out/secret"),
                                  SLICE("link"),
                                  SLICE("near"),
                                  SLICE("fifo"),
                                  SLICE("folder"),
                                  SLICE("."),
                                  SLICE(".."),
                                  SLICE("folder/.."),
                                  SLICE("../x"),
                                  SLICE("/"),
                                  SLICE("/file"),
                                  SLICE("fi\0le"),
                                  slice_of(long_path, sizeof(long_path)),
                                  SLICE("folder/../file"),
                                  SLICE("folder/up/file"),
                                  SLICE("./../file"),
                                  SLICE("self/exe"),
                                  SLICE("self/root/etc/passwd"),
                                  SLICE("self/fd/0"),
                                  SLICE("loop"),
                                  SLICE("loop/file"),
                                  SLICE("socket"),
                                  SLICE("//file"),
                                  SLICE("near/file"),
                                  SLICE(".portcullis/file"),
                                  SLICE("./.Portcullis/file"),
                                  SLICE("file\0"),
                                  slice_of(long_path, 256)};
    for (size_t i = 0; i < sizeof(paths) / sizeof(*paths); i++) {
        struct blob blob;
        assert_int_equal(blob_open(root, paths[i], &blob), RESULT_DENIED);
        assert_int_equal(blob.descriptor, -1);
        assert_int_equal(blob_delete(root, paths[i]), RESULT_DENIED);
    }
    assert_true(is_there(outside, "secret"));
    static const char *const left[] = {"file", "folder/file", "out", "link", "near", "fifo"};
    for (size_t i = 0; i < sizeof(left) / sizeof(*left); i++)
        assert_true(is_there(root, left[i]));
}

/* A device is not so much as opened: some do something then. */
static void test_device(void **state)
{
    char path[PATH_MAX];
    struct blob blob;
    (void)state;
    path_of(path, root, "device"); /* the memory device that is none: opening it is ENXIO */
    if (mknod(path, S_IFCHR | 0600, makedev(1, 99)) != 0)
        skip();
    assert_int_equal(blob_open(root, SLICE("device"), &blob), RESULT_DENIED);
    assert_int_equal(blob_delete(root, SLICE("device")), RESULT_DENIED);
    assert_true(is_there(root, "device"));
    assert_int_equal(unlink(path), 0);
}

/* Names that look like attacks, and are none. */
static void test_harmless(void **state)
{
    struct blob blob;
    (void)state;
    static const char *const paths[] = {"./file",
                                        "folder//file",
                                        "folder/./file",
                                        "..file",
                                        "folder/...",
                                        ".portcullis2",
                                        "folder/.portcullis",
                                        "%2e%2e",
                                        "folder\\..\\file",
                                        "\xff\xfe",
                                        "~",
                                        "-rf"};
    for (size_t i = 0; i < sizeof(paths) / sizeof(*paths); i++) {
        if (!is_there(root, paths[i]))
            make_file(root, paths[i]);
        assert_int_equal(blob_open(root, slice_from(paths[i]), &blob), RESULT_OK);
        assert_int_equal(blob.size, 5);
        close(blob.descriptor);
    }
}

static void test_not_found(void **state)
{
    (void)state;
    static const char *const paths[] = {"", "gone", "gone/file", "file/below", "folder/gone"};
    for (size_t i = 0; i < sizeof(paths) / sizeof(*paths); i++) {
        struct blob blob;
        assert_int_equal(blob_open(root, slice_from(paths[i]), &blob), RESULT_NOT_FOUND);
        assert_int_equal(blob_delete(root, slice_from(paths[i])), RESULT_NOT_FOUND);
    }
    assert_int_equal(blob_delete("/nonexistent", SLICE("file")), RESULT_UNAVAILABLE);
    assert_int_equal(blob_delete(root, SLICE("folder/")), RESULT_NOT_FOUND);
    assert_true(is_there(root, "folder"));
}

static void test_deleted(void **state)
{
    (void)state;
    static const char *const paths[] = {"file", "folder/file", "folder/\xc3\xa4 '%n"};
    for (size_t i = 0; i < sizeof(paths) / sizeof(*paths); i++) {
        struct blob blob;
        assert_int_equal(blob_open(root, slice_from(paths[i]), &blob), RESULT_OK);
        assert_int_equal(blob_delete(root, slice_from(paths[i])), RESULT_OK);
        assert_false(is_there(root, paths[i]));
        /* A download under way goes on. */
        char bytes[8];
        assert_int_equal(read(blob.descriptor, bytes, sizeof(bytes)), 5);
        close(blob.descriptor);
        assert_int_equal(blob_delete(root, slice_from(paths[i])), RESULT_NOT_FOUND);
    }
    assert_true(is_there(root, "folder"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refused),  cmocka_unit_test(test_device),
        cmocka_unit_test(test_harmless), cmocka_unit_test(test_not_found),
        cmocka_unit_test(test_deleted),
    };
    int failed = cmocka_run_group_tests_name("openat2", tests, setup, teardown);
    hide_openat2(ENOSYS);
    failed += cmocka_run_group_tests_name("ENOSYS", tests, setup, teardown);
    hide_openat2(EPERM);
    return failed + cmocka_run_group_tests_name("EPERM", tests, setup, teardown);
}
