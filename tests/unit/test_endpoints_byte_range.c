/* spec/remote-api.md section 7 (download: single and multiple ranges, 206, 416); RFC 9110 14.1.2,
 * 14.2. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "endpoints/byte_range.h"

/* The ranges as "first+size first+size …", or the verdict's name. */
static void check(const char *field, uint64_t total, const char *expected)
{
    struct byte_range_set set = {.count = 77};
    char text[2048] = "";
    size_t size = 0;
    switch (byte_range_read(slice_from(field), total, &set)) {
    case BYTE_RANGE_NONE:
        snprintf(text, sizeof(text), "none");
        assert_int_equal(set.count, 0);
        break;
    case BYTE_RANGE_UNSATISFIABLE:
        snprintf(text, sizeof(text), "unsatisfiable");
        assert_int_equal(set.count, 0);
        break;
    case BYTE_RANGE_SOME:
        for (size_t i = 0; i < set.count; i++)
            size += (size_t)snprintf(text + size, sizeof(text) - size, "%s%llu+%llu", i ? " " : "",
                                     (unsigned long long)set.ranges[i].first,
                                     (unsigned long long)set.ranges[i].size);
        break;
    }
    if (strcmp(text, expected) != 0)
        fail_msg("%s of %llu bytes: %s, not %s", field, (unsigned long long)total, text, expected);
}

static void test_one(void **state)
{
    (void)state;
    check("bytes=0-0", 10, "0+1");
    check("bytes=0-9", 10, "0+10");
    check("bytes=9-9", 10, "9+1");
    check("bytes=3-", 10, "3+7");
    check("bytes=-3", 10, "7+3");
    check("BYTES= 2-4 ", 10, "2+3");
}

/* "If the selected representation is shorter than the specified suffix-length, the entire
 * representation is used"; a last position past the end is the end, whatever number it is. */
static void test_past_the_end(void **state)
{
    (void)state;
    check("bytes=5-10", 10, "5+5");
    check("bytes=5-18446744073709551615", 10, "5+5");
    check("bytes=5-99999999999999999999999999", 10, "5+5");
    check("bytes=-10", 10, "0+10");
    check("bytes=-11", 10, "0+10");
    check("bytes=-18446744073709551616", 10, "0+10");
    check("bytes=0-18446744073709551615", UINT64_MAX, "0+18446744073709551615");
}

/* An int-range that begins behind the end; a suffix of no bytes. */
static void test_unsatisfiable(void **state)
{
    (void)state;
    check("bytes=10-", 10, "unsatisfiable");
    check("bytes=10-20", 10, "unsatisfiable");
    check("bytes=18446744073709551615-", 10, "unsatisfiable");
    check("bytes=18446744073709551616-", 10, "unsatisfiable");
    check("bytes=-0", 10, "unsatisfiable");
    check("bytes=0-", 0, "unsatisfiable");
    check("bytes=0-5", 0, "unsatisfiable");
    check("bytes=10-11,12-,-0", 10, "unsatisfiable");
}

/* A suffix of an empty file is satisfiable, and is the whole: no Content-Range can say it. */
static void test_suffix_of_nothing(void **state)
{
    (void)state;
    check("bytes=-5", 0, "none");
    check("bytes=0-1,-5", 0, "none");
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
                                         "bytes=1",
                                         "bytes=1 -2",
                                         "bytes=0x0-1",
                                         "bytes=,",
                                         "bytes=,,, ",
                                         "bytes=0-1,5-4",
                                         "bytes=0-1,x",
                                         "bytes=0-1;2-3",
                                         "bytes=0-1 2-3",
                                         ("bytes=\x01"
                                          "0-1"),
                                         "bytes=5-4,0-1",
                                         "bytes==0-1"};
    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
        check(fields[i], 10, "none");
    check(NULL, 10, "none");
}

/* In the order of asking; unsatisfiable ones among them are dropped. */
static void test_several(void **state)
{
    (void)state;
    check("bytes=0-1,4-5", 10, "0+2 4+2");
    check("bytes=4-5,0-1", 10, "4+2 0+2");
    check("bytes=-1,0-0", 10, "9+1 0+1");
    check("bytes= 0-0 ,\t2-2 , , 4-4,", 10, "0+1 2+1 4+1");
    check("bytes=0-1,20-30", 10, "0+2");
    check("bytes=20-30,0-1,-0,5-5", 10, "0+2 5+1");
}

/* Those that overlap or touch become one, in the place of the first. */
static void test_joined(void **state)
{
    (void)state;
    check("bytes=0-4,3-7", 10, "0+8");
    check("bytes=0-4,5-7", 10, "0+8");
    check("bytes=5-7,0-4", 10, "0+8");
    check("bytes=0-1,0-1", 10, "0+2");
    check("bytes=2-3,0-9", 10, "0+10");
    check("bytes=0-9,2-3", 10, "0+10");
    check("bytes=8-9,0-1,4-5,2-3", 10, "8+2 0+6");
    check("bytes=8-8,0-0,4-4,1-7", 10, "0+9");
    check("bytes=0-0,9-9,4-4,0-4", 10, "0+5 9+1");
}

/* At most 32 in the end; whatever is asked for, no byte is sent twice. */
static void test_many(void **state)
{
    (void)state;
    char field[40000] = "bytes=";
    struct byte_range_set set;
    for (int i = 0; i < 32; i++)
        sprintf(field + strlen(field), "%d-%d,", i * 10, i * 10);
    assert_int_equal(byte_range_read(slice_from(field), 1000, &set), BYTE_RANGE_SOME);
    assert_int_equal(set.count, 32);
    strcat(field, "0-99,");
    assert_int_equal(byte_range_read(slice_from(field), 1000, &set), BYTE_RANGE_SOME);
    assert_int_equal(set.count, 22); /* 100-100 touches it */
    for (int i = 0; i < 10; i++)
        sprintf(field + strlen(field), "%d-%d,", 500 + i * 10, 500 + i * 10);
    assert_int_equal(byte_range_read(slice_from(field), 1000, &set), BYTE_RANGE_SOME);
    assert_int_equal(set.count, 32);
    strcat(field, "999-999");
    check(field, 1000, "none");
    strcpy(field, "bytes=0-");
    for (int i = 0; i < 3000; i++)
        strcat(field, ",0-,-1");
    check(field, 1000, "0+1000");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one),           cmocka_unit_test(test_past_the_end),
        cmocka_unit_test(test_unsatisfiable), cmocka_unit_test(test_suffix_of_nothing),
        cmocka_unit_test(test_ignored),       cmocka_unit_test(test_several),
        cmocka_unit_test(test_joined),        cmocka_unit_test(test_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
