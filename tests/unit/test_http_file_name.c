/* spec/remote-api.md section 7 (download: Content-Disposition, RFC 6266, UTF-8 names). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "http/file_name.h"

static void check_size(struct slice name, const char *expected)
{
    struct arena arena;
    arena_init(&arena);
    struct slice text = http_file_name_disposition(&arena, name);
    if (!slice_equal(text, slice_from(expected)))
        fail_msg("%.*s, not %s", SLICE_ARGS(text), expected);
    arena_clear(&arena);
}

static void check(const char *name, const char *expected)
{
    check_size(slice_from(name), expected);
}

static void test_plain(void **state)
{
    (void)state;
    check("plan.pdf", "attachment; filename=\"plan.pdf\"; filename*=UTF-8''plan.pdf");
    check("a b'c(1)*.txt",
          "attachment; filename=\"a b'c(1)*.txt\"; filename*=UTF-8''a%20b%27c%281%29%2A.txt");
    check("", "attachment");
}

/* "UTF-8 names"; the old form has one `_` a character. */
static void test_alphabets(void **state)
{
    (void)state;
    check("\xc3\x9c"
          "b.txt",
          "attachment; filename=\"_b.txt\"; filename*=UTF-8''%C3%9Cb.txt");
    check("\xe8\xa8\x88\xe7\x94\xbb",
          "attachment; filename=\"__\"; filename*=UTF-8''%E8%A8%88%E7%94%BB");
    check("\xf0\x9f\x93\x84.md", "attachment; filename=\"_.md\"; filename*=UTF-8''%F0%9F%93%84.md");
    /* Arabic and Hebrew are written from right to left without anybody's tricks. */
    check("\xd7\xa9.txt", "attachment; filename=\"_.txt\"; filename*=UTF-8''%D7%A9.txt");
    check("\xe2\x80\x8f"
          "a",
          "attachment; filename=\"_a\"; filename*=UTF-8''%E2%80%8Fa");
}

static void test_quoting(void **state)
{
    (void)state;
    check("a\"b%41.txt", "attachment; filename=\"a_b_41.txt\"; filename*=UTF-8''a%22b%2541.txt");
    check("a;b,c=d", "attachment; filename=\"a;b,c=d\"; filename*=UTF-8''a%3Bb%2Cc%3Dd");
}

/* Nothing breaks a line, leaves a folder, or shows itself in another order than it is. */
static void test_hostile(void **state)
{
    (void)state;
    check("a\r\nX-Evil: 1",
          "attachment; filename=\"a__X-Evil: 1\"; filename*=UTF-8''a__X-Evil%3A%201");
    check("../etc\\passwd",
          "attachment; filename=\".._etc_passwd\"; filename*=UTF-8''.._etc_passwd");
    check("a\x7f\xc2\x85"
          "b",
          "attachment; filename=\"a__b\"; filename*=UTF-8''a__b");
    check("x\xe2\x80\xae"
          "fdp.exe",
          "attachment; filename=\"x_fdp.exe\"; filename*=UTF-8''x_fdp.exe");
    check("\xe2\x81\xa6\xe2\x81\xa9\xe2\x80\xaa\xe2\x80\xa8",
          "attachment; filename=\"____\"; filename*=UTF-8''____");
    check_size(slice_of("a\0b", 3), "attachment; filename=\"a_b\"; filename*=UTF-8''a_b");
    check("a\xff.txt", "attachment; filename=\"a_.txt\"; filename*=UTF-8''a%EF%BF%BD.txt");
    check("\xc3", "attachment; filename=\"_\"; filename*=UTF-8''%EF%BF%BD");
}

static void test_length(void **state)
{
    (void)state;
    char name[100000];
    struct arena arena;
    arena_init(&arena);
    memset(name, 'n', sizeof(name));
    memcpy(name + 251, ".txt", 4);
    struct slice whole = http_file_name_disposition(&arena, slice_of(name, 255));
    assert_int_equal(whole.size, strlen("attachment; filename=\"\"; filename*=UTF-8''") + 2 * 255);
    memset(name + 251, 'n', 4);
    memcpy(name + sizeof(name) - 4, ".txt", 4);
    struct slice cut = http_file_name_disposition(&arena, slice_of(name, sizeof(name)));
    assert_int_equal(cut.size, whole.size);
    assert_memory_equal(cut.data + cut.size - 5, "n.txt", 5);
    for (size_t i = 0; i + 2 <= sizeof(name); i += 2)
        memcpy(name + i, "\xc3\xbc", 2);
    cut = http_file_name_disposition(&arena, slice_of(name, sizeof(name)));
    assert_int_equal(cut.size,
                     strlen("attachment; filename=\"\"; filename*=UTF-8''") + 127 + 127 * 6);
    name[0] = '.';
    name[1] = 'x';
    cut = http_file_name_disposition(&arena, slice_of(name, sizeof(name)));
    assert_int_equal(cut.size, strlen("attachment; filename=\"\"; filename*=UTF-8''") + 2 + 126 +
                                   2 + 126 * 6);
    arena_clear(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plain),   cmocka_unit_test(test_alphabets),
        cmocka_unit_test(test_quoting), cmocka_unit_test(test_hostile),
        cmocka_unit_test(test_length),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
