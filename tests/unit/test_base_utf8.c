/* Characters that do more than be shown. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/utf8.h"

static void assert_size(const char *bytes, size_t size, size_t expected)
{
    size_t found = utf8_harmless_size(slice_of(bytes, size));
    if (found != expected)
        fail_msg("%02x… is %zu, not %zu", (unsigned char)bytes[0], found, expected);
}

static void print_character(unsigned code, char *text, size_t *size)
{
    *size = code < 0x80 ? 1 : code < 0x800 ? 2 : 3;
    text[0] = (char)(*size == 1 ? code : *size == 2 ? 0xc0 | code >> 6 : 0xe0 | code >> 12);
    if (*size == 3)
        text[1] = (char)(0x80 | (code >> 6 & 0x3f));
    if (*size > 1)
        text[*size - 1] = (char)(0x80 | (code & 0x3f));
}

static bool is_hostile(unsigned code)
{
    return code < 0x20 || (code >= 0x7f && code < 0xa0) || (code >= 0x2028 && code <= 0x202e) ||
           (code >= 0x2066 && code <= 0x2069) || (code >= 0xd800 && code < 0xe000);
}

static void test_all_of_the_basic_plane(void **state)
{
    (void)state;
    for (unsigned code = 0; code < 0x10000; code++) {
        char text[4] = "   ";
        size_t size;
        print_character(code, text, &size);
        assert_size(text, 4, is_hostile(code) ? 0 : size);
        if (size > 1)
            assert_size(text, size - 1, 0);
    }
}

static void test_beyond(void **state)
{
    (void)state;
    assert_size("\xf0\x9f\x98\x80z", 5, 4);
    assert_size("\xf0\x9f\x98", 3, 0);
    assert_size("\xf4\x90\x80\x80", 4, 0);
    assert_size("\x80", 1, 0);
    assert_size("\xc0\x80", 2, 0);
    assert_size("\xff", 1, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_of_the_basic_plane),
        cmocka_unit_test(test_beyond),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
