/* spec/remote-api.md section 7 (download: Content-Type from the row, else from the name). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "http/media_type.h"

static void check(const struct http_media_types *types, const char *name, const char *type)
{
    struct slice found = http_media_type_by_name(types, slice_from(name));
    if (!slice_equal(found, slice_from(type)))
        fail_msg("%s: %.*s", name, SLICE_ARGS(found));
}

static struct http_media_types *load_text(const char *text, size_t size)
{
    char path[] = "/tmp/portcullis-types-XXXXXX";
    int file = mkstemp(path);
    assert_int_equal(write(file, text, size), size);
    close(file);
    struct http_media_types *types = http_media_types_load(path);
    unlink(path);
    assert_non_null(types);
    return types;
}

static void test_the_built_in_few(void **state)
{
    (void)state;
    struct http_media_types *types = http_media_types_load("/nonexistent/mime.types");
    assert_non_null(types);
    check(types, "plan.pdf", "application/pdf");
    check(types, "PLAN.PDF", "application/pdf");
    check(types, "a.b/photo.jpeg", "image/jpeg");
    check(types, "archive.tar.gz", "application/gzip");
    check(types,
          "\xc3\x9c"
          "bersicht.html",
          "text/html");
    http_media_types_destroy(types);
    http_media_types_destroy(NULL);
}

static void test_names_that_say_nothing(void **state)
{
    (void)state;
    static const char *const names[] = {
        "",
        "plan",
        "plan.",
        ".pdf",
        "a.pdf/plan",
        "dir/.pdf",
        "a\\.pdf",
        "x.unheardof",
        "x.pdf ",
        ".",
        "..",
        "x.p df",
        "x.aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"};
    struct http_media_types *types = http_media_types_load("/nonexistent/mime.types");
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        check(types, names[i], "application/octet-stream");
    http_media_types_destroy(types);
}

static void test_a_table(void **state)
{
    (void)state;
    static const char text[] = "# a comment\n"
                               "text/x-one\tone uno # and one more\n"
                               "\n"
                               "text/x-two   TWO\r\n"
                               "text/x-other one\n"
                               "no-type at all\n"
                               "text/evil\x01 evil\n"
                               "text/x-none\n"
                               "application/x-last last";
    struct http_media_types *types = load_text(text, sizeof(text) - 1);
    check(types, "a.one", "text/x-one");
    check(types, "a.uno", "text/x-one");
    check(types, "a.two", "text/x-two");
    check(types, "a.last", "application/x-last");
    check(types, "a.evil", "application/octet-stream");
    check(types, "a.at", "application/octet-stream");
    check(types, "a.more", "application/octet-stream");
    check(types, "a.pdf", "application/octet-stream");
    http_media_types_destroy(types);
}

/* Empty, nothing but zeros, a folder: the built-in few. */
static void test_a_table_that_is_none(void **state)
{
    (void)state;
    static const char zeros[5000];
    struct http_media_types *tables[] = {load_text("", 0), load_text(zeros, sizeof(zeros)),
                                         load_text("\n\n#\n", 4), http_media_types_load("/tmp")};
    for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
        check(tables[i], "plan.pdf", "application/pdf");
        http_media_types_destroy(tables[i]);
    }
}

static void test_what_may_stand_in_a_field(void **state)
{
    (void)state;
    static const char *const sane[] = {
        "text/plain", "application/vnd.ms-excel", "image/svg+xml",
        "a/b",        "text/plain;charset=utf-8", "text/plain; charset=\"utf-8\""};
    static const char *const not_sane[] = {"",
                                           "text",
                                           "/plain",
                                           "text/",
                                           "text/plain\r\nX: y",
                                           "text/pl ain",
                                           "text/plain, a/b",
                                           "text/\xc3\xa4",
                                           "a/b/c",
                                           "text/plain;\x01",
                                           "text/plain;\x7f",
                                           "text/plain; a=\xc3\xa4"};
    char longest[200];
    memset(longest, 'a', sizeof(longest));
    longest[4] = '/';
    for (size_t i = 0; i < sizeof(sane) / sizeof(sane[0]); i++)
        assert_true(http_media_type_is_sane(slice_from(sane[i])));
    for (size_t i = 0; i < sizeof(not_sane) / sizeof(not_sane[0]); i++)
        assert_false(http_media_type_is_sane(slice_from(not_sane[i])));
    assert_true(http_media_type_is_sane(slice_of(longest, 127)));
    assert_false(http_media_type_is_sane(slice_of(longest, 128)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_built_in_few),
        cmocka_unit_test(test_names_that_say_nothing),
        cmocka_unit_test(test_a_table),
        cmocka_unit_test(test_a_table_that_is_none),
        cmocka_unit_test(test_what_may_stand_in_a_field),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
