/* data-model.md: "PHP-serialized values look like a:1:{i:0;a:2:{s:2:"ip";…}}". */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buffer.h"
#include "whmcs/php_serialized.h"

static void append(void *context, struct slice value)
{
    struct buffer *seen = context;
    if (seen->size)
        buffer_append_char(seen, '|');
    buffer_append_slice(seen, value);
}

/* What is visited under "ip", joined by |; NULL: it is refused, and nothing is visited. The text
 * stands at the very end of its memory, so that a byte too many is noticed. */
static void assert_visits_slice(struct slice text, const char *expected)
{
    struct buffer seen = {0};
    char *copy = malloc(text.size + !text.size);
    assert_non_null(copy);
    if (text.size)
        memcpy(copy, text.data, text.size);
    enum result result =
        php_serialized_visit(slice_of(copy, text.size), SLICE("ip"), append, &seen);
    buffer_append_char(&seen, '\0');
    if (result != (expected ? RESULT_OK : RESULT_INVALID) ||
        strcmp(seen.data, expected ? expected : "") != 0)
        fail_msg("%.*s: result %d, visited %s", SLICE_ARGS(text), result, seen.data);
    buffer_clear(&seen);
    free(copy);
}

static void assert_visits(const char *text, const char *expected)
{
    assert_visits_slice(slice_from(text), expected);
}

#define LIST                                                                                       \
    "a:2:{i:0;a:2:{s:2:\"ip\";s:9:\"127.0.0.1\";s:4:\"note\";s:3:\"dev\";}"                        \
    "i:1;a:2:{s:2:\"ip\";s:8:\"10.0.0.1\";s:4:\"note\";s:0:\"\";}}"

static void test_a_list_of_addresses(void **state)
{
    (void)state;
    assert_visits(LIST, "127.0.0.1|10.0.0.1");
    assert_visits("a:0:{}", "");
    assert_visits("a:1:{i:0;a:0:{}}", "");
    /* Keys need not count up, be numbers, or come in an order. */
    assert_visits("a:2:{i:7;a:1:{s:2:\"ip\";s:1:\"a\";}s:1:\"x\";a:1:{s:2:\"ip\";s:1:\"b\";}}",
                  "a|b");
    assert_visits("a:1:{i:-1;a:1:{s:2:\"ip\";s:1:\"a\";}}", "a");
}

/* Only strings, only of the arrays in the list itself, only under the very name. */
static void test_what_is_not_told(void **state)
{
    (void)state;
    assert_visits("s:2:\"ip\";", "");
    assert_visits("a:1:{s:2:\"ip\";s:1:\"a\";}", "");
    assert_visits("a:1:{i:0;a:1:{s:1:\"x\";a:1:{s:2:\"ip\";s:1:\"a\";}}}", "");
    assert_visits("a:1:{i:0;a:3:{s:2:\"IP\";s:1:\"a\";s:3:\"ip \";s:1:\"b\";s:0:\"\";s:1:\"c\";}}",
                  "");
    assert_visits("a:1:{i:0;a:1:{s:2:\"ip\";i:5;}}", "");
    assert_visits("a:1:{i:0;a:1:{s:2:\"ip\";N;}}", "");
    assert_visits("a:1:{i:0;a:1:{s:2:\"ip\";a:1:{i:0;s:1:\"a\";}}}", "");
    assert_visits("a:1:{i:0;a:2:{s:2:\"ip\";s:1:\"a\";s:2:\"ip\";s:1:\"b\";}}", "a|b");
}

/* Lengths count bytes, and what they count is never read as structure. */
static void test_strings_hold_anything(void **state)
{
    (void)state;
    assert_visits("a:1:{i:0;a:1:{s:2:\"ip\";s:9:\"\";}i:0;s:\";}}", "\";}i:0;s:");
    assert_visits("a:1:{i:0;a:1:{s:2:\"ip\";s:5:\"B\xc3\xbcro\";}}", "B\xc3\xbcro");
    assert_visits("a:1:{i:0;a:1:{s:2:\"ip\";s:4:\"B\xc3\xbcro\";}}", NULL);
    assert_visits("a:1:{i:0;a:1:{s:2:\"ip\";s:4:\"\xf0\x9f\x98\x80\";}}", "\xf0\x9f\x98\x80");
    assert_visits("a:1:{i:0;a:1:{s:2:\"ip\";s:2:\"\xff\xfe\";}}", "\xff\xfe");
    static const char nul[] = "a:1:{i:0;a:1:{s:2:\"ip\";s:3:\"a\0b\";}}";
    assert_visits_slice(slice_of(nul, sizeof(nul) - 1), "a");
    static const char name[] = "a:1:{i:0;a:1:{s:3:\"ip\0\";s:1:\"b\";}}";
    assert_visits_slice(slice_of(name, sizeof(name) - 1), "");
}

static void test_scalars(void **state)
{
    (void)state;
    static const char *const good[] = {
        "N;",         "b:0;",      "b:1;",   "i:0;",
        "i:-1;",      "i:007;",    "i:-0;",  "i:9223372036854775807;",
        "d:0;",       "d:-0;",     "d:0.1;", "d:-12.5;",
        "d:1.0E+25;", "d:1e-7;",   "d:.5;",  "d:5.;",
        "d:INF;",     "d:-INF;",   "d:NAN;", "i:-9223372036854775808;",
        "s:0:\"\";",  "s:1:\"a\";"};
    static const char *const bad[] = {"",
                                      "N",
                                      "N;N;",
                                      "n;",
                                      " N;",
                                      "N; ",
                                      "b:2;",
                                      "b:;",
                                      "b:true;",
                                      "i:;",
                                      "i:-;",
                                      "i:+1;",
                                      "i:1.0;",
                                      "i: 1;",
                                      "i:0x1;",
                                      "i:1",
                                      "i:9223372036854775808;",
                                      "d:;",
                                      "d:.;",
                                      "d:-;",
                                      "d:e5;",
                                      "d:1e;",
                                      "d:1e+;",
                                      "d:--1;",
                                      "d:1.2.3;",
                                      "d:inf;",
                                      "d:1,5;",
                                      "d:0x1p3;",
                                      "d:1 ;",
                                      "s:1:a;",
                                      "s:1:\"a\"",
                                      "s:-1:\"a\";",
                                      "s::\"\";",
                                      "s:1:'a';",
                                      "S:1:\"a\";",
                                      "s:2:\"a\";",
                                      "s:0:\"a\";",
                                      "s:1;\"a\";",
                                      "x:1;",
                                      "i:1;\n"};
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        assert_visits(good[i], "");
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_visits(bad[i], NULL);
}

/* Objects run code when PHP reads them; nothing of ours is one. */
static void test_objects_and_references_are_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {"O:8:\"stdClass\":0:{}",
                                      "C:3:\"Foo\":2:{ab}",
                                      "E:7:\"Foo:Bar\";",
                                      "a:1:{i:0;O:8:\"stdClass\":1:{s:2:\"ip\";s:1:\"a\";}}",
                                      "a:2:{i:0;a:1:{s:2:\"ip\";s:1:\"a\";}i:1;R:2;}",
                                      "a:2:{i:0;a:1:{s:2:\"ip\";s:1:\"a\";}i:1;r:2;}",
                                      "a:1:{i:0;o:1:{s:2:\"ip\";s:1:\"a\";}}"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_visits(bad[i], NULL);
}

static void test_arrays_are_read_strictly(void **state)
{
    (void)state;
    static const char *const bad[] = {"a:",
                                      "a:1",
                                      "a:1:",
                                      "a:1:{",
                                      "a:1:{}",
                                      "a:0:{}}",
                                      "a:0:{};",
                                      "a:0:{i:0;N;}",
                                      "a:2:{i:0;N;}",
                                      "a:1:{i:0;N;i:1;N;}",
                                      "a:-1:{}",
                                      "a::{}",
                                      "a:1:{i:0;}",
                                      "a:1:{i:0;N}",
                                      "a:1:{N;N;}",
                                      "a:1:{b:1;N;}",
                                      "a:1:{d:1;N;}",
                                      "a:1:{a:0:{}N;}",
                                      "a:1:(i:0;N;)",
                                      "a:18446744073709551615:{}",
                                      "a:18446744073709551616:{}",
                                      "a:99999999999999999999999999:{i:0;N;}",
                                      "a:1:{i:0;a:1:{s:2:\"ip\";s:99999999999999999999:\"a\";}}",
                                      "a:1:{i:0;a:1:{s:2:\"ip\";s:18446744073709551615:\"a\";}}",
                                      "a:1:{s:18446744073709551615:\"ip\";N;}"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_visits(bad[i], NULL);
    /* What is wrong at the end is found before anything is told. */
    assert_visits("a:2:{i:0;a:1:{s:2:\"ip\";s:1:\"a\";}i:1;O:1:\"x\":0:{}}", NULL);
}

static void test_cut_at_every_byte(void **state)
{
    (void)state;
    for (size_t size = 0; size < sizeof(LIST) - 1; size++)
        assert_visits_slice(slice_of(LIST, size), NULL);
    assert_visits(LIST "x", NULL);
}

/* One byte made another never reads past the end, and never tells of half. */
static void test_every_byte_changed(void **state)
{
    (void)state;
    static const char others[] = "09:;\"{}aisNO\xff";
    char text[sizeof(LIST)];
    struct buffer seen = {0};
    for (size_t at = 0; at < sizeof(LIST) - 1; at++) {
        for (size_t i = 0; i < sizeof(others); i++) {
            memcpy(text, LIST, sizeof(LIST));
            text[at] = others[i];
            seen.size = 0;
            enum result result =
                php_serialized_visit(slice_of(text, sizeof(LIST) - 1), SLICE("ip"), append, &seen);
            assert_true(result == RESULT_OK || (result == RESULT_INVALID && seen.size == 0));
        }
    }
    buffer_clear(&seen);
}

static void test_depth(void **state)
{
    (void)state;
    enum { BOMB = 200000 };
    struct buffer text = {0};
    for (int depth = 1; depth <= 9; depth++) {
        text.size = 0;
        for (int i = 1; i < depth; i++)
            buffer_printf(&text, "a:1:{i:0;");
        buffer_printf(&text, "a:0:{}");
        for (int i = 1; i < depth; i++)
            buffer_printf(&text, "}");
        assert_visits_slice(buffer_slice(&text), depth <= 8 ? "" : NULL);
    }
    text.size = 0;
    for (int i = 0; i < BOMB; i++)
        buffer_printf(&text, "a:1:{i:0;");
    assert_visits_slice(buffer_slice(&text), NULL);
    buffer_clear(&text);
}

/* A long list is read in a time that grows with its length alone. */
static void test_a_long_list(void **state)
{
    (void)state;
    enum { MANY = 50000 };
    struct buffer text = {0};
    struct buffer seen = {0};
    buffer_printf(&text, "a:%d:{", MANY);
    for (int i = 0; i < MANY; i++)
        buffer_printf(&text, "i:%d;a:2:{s:2:\"ip\";s:1:\"a\";s:4:\"note\";N;}", i);
    buffer_printf(&text, "}");
    assert_int_equal(php_serialized_visit(buffer_slice(&text), SLICE("ip"), append, &seen),
                     RESULT_OK);
    assert_int_equal(seen.size, 2 * MANY - 1);
    buffer_clear(&text);
    buffer_clear(&seen);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_list_of_addresses),
        cmocka_unit_test(test_what_is_not_told),
        cmocka_unit_test(test_strings_hold_anything),
        cmocka_unit_test(test_scalars),
        cmocka_unit_test(test_objects_and_references_are_refused),
        cmocka_unit_test(test_arrays_are_read_strictly),
        cmocka_unit_test(test_cut_at_every_byte),
        cmocka_unit_test(test_every_byte_changed),
        cmocka_unit_test(test_depth),
        cmocka_unit_test(test_a_long_list),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
