/* Hexadecimal digits, printed and read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/hex.h"

static void test_values(void **state)
{
    static const char digits[] = "0123456789abcdef";
    (void)state;
    for (int c = -128; c < 128; c++) {
        bool is_upper = c >= 'A' && c <= 'F';
        const char *found = c ? strchr(digits, is_upper ? c - 'A' + 'a' : c) : NULL;
        assert_int_equal(hex_value((char)c), found ? (int)(found - digits) : -1);
    }
}

static void test_printed(void **state)
{
    char text[] = "xxxxxxxxx";
    (void)state;
    hex_print((const unsigned char *)"\x00\x9f\xff", 3, text);
    assert_string_equal(text, "009fff");
    hex_print(NULL, 0, text);
    assert_string_equal(text, "");
}

static void test_percent(void **state)
{
    char text[4] = "...x";
    (void)state;
    hex_print_percent((char)0xfe, text);
    assert_memory_equal(text, "%FEx", 4);
    hex_print_percent('\n', text);
    assert_memory_equal(text, "%0Ax", 4);
}

static void test_lower(void **state)
{
    char lower[4] = "....";
    (void)state;
    assert_true(hex_lower(SLICE("aB9"), 3, lower));
    assert_memory_equal(lower, "ab9.", 4);
    assert_true(hex_lower(SLICE("DEAD"), 4, NULL));
    static const struct slice bad[] = {SLICE(""),
                                       SLICE("aB"),
                                       SLICE("aBcd"),
                                       SLICE("aBg"),
                                       SLICE(" aB"),
                                       SLICE("0xa"),
                                       SLICE("a\0b"),
                                       SLICE("\xc3\xa4"
                                             "a")};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_false(hex_lower(bad[i], 3, lower));
}

static void test_numbers(void **state)
{
    uint64_t number = 1;
    (void)state;
    assert_true(hex_to_u64(SLICE("0123456789abcdef"), &number));
    assert_int_equal(number, 0x0123456789abcdefU);
    assert_true(hex_to_u64(SLICE("ffffffffffffffff"), &number));
    assert_int_equal(number, UINT64_MAX);
    static const struct slice bad[] = {SLICE(""),
                                       SLICE("0123456789abcde"),
                                       SLICE("00123456789abcdef"),
                                       SLICE("-123456789abcdef"),
                                       SLICE("0123456789abcdeg"),
                                       SLICE("0123456789abcdeF")};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_false(hex_to_u64(bad[i], &number));
        assert_int_equal(number, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values),  cmocka_unit_test(test_printed),
        cmocka_unit_test(test_percent), cmocka_unit_test(test_lower),
        cmocka_unit_test(test_numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
