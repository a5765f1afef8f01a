/* spec/remote-api.md section 7 (download: ranges, 206, 416); RFC 9110 14.1.2, 14.2. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "endpoints/byte_range.h"

static void check(const char *field, uint64_t total, enum byte_range_verdict verdict,
                  uint64_t first, uint64_t size)
{
    struct byte_range range = {77, 77};
    if (byte_range_read(slice_from(field), total, &range) != verdict)
        fail_msg("%s of %llu bytes", field, (unsigned long long)total);
    if (verdict != BYTE_RANGE_ONE) {
        assert_true(range.first == 77 && range.size == 77);
        return;
    }
    assert_true(range.first == first);
    assert_true(range.size == size);
}

static void test_one(void **state)
{
    (void)state;
    check("bytes=0-0", 10, BYTE_RANGE_ONE, 0, 1);
    check("bytes=0-9", 10, BYTE_RANGE_ONE, 0, 10);
    check("bytes=9-9", 10, BYTE_RANGE_ONE, 9, 1);
    check("bytes=3-", 10, BYTE_RANGE_ONE, 3, 7);
    check("bytes=-3", 10, BYTE_RANGE_ONE, 7, 3);
    check("BYTES= 2-4", 10, BYTE_RANGE_ONE, 2, 3);
}

/* "If the selected representation is shorter than the specified suffix-length, the entire
 * representation is used"; a last position past the end is the end. */
static void test_past_the_end(void **state)
{
    (void)state;
    check("bytes=5-10", 10, BYTE_RANGE_ONE, 5, 5);
    check("bytes=5-18446744073709551615", 10, BYTE_RANGE_ONE, 5, 5);
    check("bytes=-10", 10, BYTE_RANGE_ONE, 0, 10);
    check("bytes=-11", 10, BYTE_RANGE_ONE, 0, 10);
    check("bytes=-18446744073709551615", 10, BYTE_RANGE_ONE, 0, 10);
    check("bytes=0-18446744073709551615", UINT64_MAX, BYTE_RANGE_ONE, 0, UINT64_MAX);
}

static void test_unsatisfiable(void **state)
{
    (void)state;
    check("bytes=10-", 10, BYTE_RANGE_UNSATISFIABLE, 0, 0);
    check("bytes=10-20", 10, BYTE_RANGE_UNSATISFIABLE, 0, 0);
    check("bytes=18446744073709551615-", 10, BYTE_RANGE_UNSATISFIABLE, 0, 0);
    check("bytes=-0", 10, BYTE_RANGE_UNSATISFIABLE, 0, 0);
    check("bytes=0-", 0, BYTE_RANGE_UNSATISFIABLE, 0, 0);
    check("bytes=0-5", 0, BYTE_RANGE_UNSATISFIABLE, 0, 0);
    check("bytes=-5", 0, BYTE_RANGE_UNSATISFIABLE, 0, 0);
}

/* "A server MAY ignore the Range header field"; what is malformed or no bytes must be. */
static void test_ignored(void **state)
{
    (void)state;
    static const char *const fields[] = {"",
                                         "bytes",
                                         "bytes=",
                                         "bytes=-",
                                         "bytes=x-1",
                                         "bytes=1-x",
                                         "bytes=5-4",
                                         "bytes=--5",
                                         "bytes=1-2-3",
                                         "bytes=+1-2",
                                         "items=0-1",
                                         "byte=0-1",
                                         "bytes 0-1",
                                         "=0-1",
                                         "bytes=0-1,3-4",
                                         "bytes=1",
                                         "bytes=1 -2",
                                         "bytes=0x0-1",
                                         "bytes=18446744073709551616-",
                                         "bytes=-18446744073709551616"};
    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
        check(fields[i], 10, BYTE_RANGE_NONE, 0, 0);
    check(NULL, 10, BYTE_RANGE_NONE, 0, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one),
        cmocka_unit_test(test_past_the_end),
        cmocka_unit_test(test_unsatisfiable),
        cmocka_unit_test(test_ignored),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
