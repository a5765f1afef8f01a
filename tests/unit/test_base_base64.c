/* Base64 as strict as RFC 4648 asks; remote-api.md section 7: file_content. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/base64.h"

static void assert_decoded(const char *text, const char *bytes, size_t size)
{
    size_t measured = 99;
    assert_true(base64_measure(slice_from(text), &measured));
    assert_int_equal(measured, size);
    char *decoded = malloc(size + 1);
    assert_non_null(decoded);
    base64_decode(slice_from(text), decoded);
    assert_memory_equal(decoded, bytes, size);
    free(decoded);
}

static void assert_refused(const char *text)
{
    size_t size;
    if (base64_measure(slice_from(text), &size))
        fail_msg("\"%s\" is taken", text);
}

/* RFC 4648 section 10. */
static void test_good(void **state)
{
    (void)state;
    assert_decoded("", "", 0);
    assert_decoded("Zg==", "f", 1);
    assert_decoded("Zm8=", "fo", 2);
    assert_decoded("Zm9v", "foo", 3);
    assert_decoded("Zm9vYg==", "foob", 4);
    assert_decoded("Zm9vYmE=", "fooba", 5);
    assert_decoded("Zm9vYmFy", "foobar", 6);
    assert_decoded("AAAA", "\0\0\0", 3);
    assert_decoded("////", "\xff\xff\xff", 3);
    assert_decoded("+++/", "\xfb\xef\xbf", 3);
}

static void test_line_breaks(void **state)
{
    (void)state;
    assert_decoded("Zm9v\r\nYmFy\r\n", "foobar", 6);
    assert_decoded("\nZ\nm\n8\n=\n", "fo", 2);
    assert_decoded("\r\n", "", 0);
}

static void test_bad(void **state)
{
    static const char *const texts[] = {"Z",        "Zg",     "Zg=",   "Zg===", "Zm8",
                                        "Zm8==",    "Zm9v=",  "Zm9vY", "=",     "==",
                                        "===",      "====",   "Z===",  "Zh==",  "Zm9=",
                                        "Zg==Zg==", "Zg=g",   "=Zg=",  "Zm9v ", " ",
                                        "Zm 9v",    "Zm9v\t", "Zm-_",  "Zm9v.", "data:;base64,Zm9v",
                                        "\xc3\xbc", "%3D"};
    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        assert_refused(texts[i]);
    size_t size;
    assert_false(base64_measure(slice_of("Zm9\0", 4), &size));
}

/* Every byte at every place of a group. */
static void test_every_byte(void **state)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    (void)state;
    for (unsigned byte = 0; byte < 256; byte++) {
        char bytes[3] = {(char)byte, (char)(byte ^ 0x5A), (char)(255 - byte)};
        uint32_t bits = (uint32_t)(unsigned char)bytes[0] << 16 |
                        (uint32_t)(unsigned char)bytes[1] << 8 | (unsigned char)bytes[2];
        char text[5] = {digits[bits >> 18], digits[bits >> 12 & 63], digits[bits >> 6 & 63],
                        digits[bits & 63], '\0'};
        assert_decoded(text, bytes, 3);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),
        cmocka_unit_test(test_line_breaks),
        cmocka_unit_test(test_bad),
        cmocka_unit_test(test_every_byte),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
