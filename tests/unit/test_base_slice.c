/* Slices: cutting and reading numbers, at their edges. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/slice.h"

static void test_equal(void **state)
{
    (void)state;
    assert_true(slice_equal(slice_of(NULL, 0), SLICE("")));
    assert_false(slice_equal(SLICE("a"), SLICE("A")));
    assert_true(slice_equal_nocase(SLICE("aZ-["), SLICE("Az-[")));
    assert_false(slice_equal_nocase(SLICE("["), SLICE("{")));
    assert_true(slice_starts_with(SLICE("abc"), SLICE("ab")));
    assert_false(slice_starts_with(SLICE("a"), SLICE("ab")));
}

static void test_cut(void **state)
{
    (void)state;
    assert_int_equal(slice_find(SLICE("abc"), 'c'), 2);
    assert_int_equal(slice_find(slice_of(NULL, 0), 'c'), 0);
    assert_true(slice_equal(slice_trim(SLICE(" \ta b\t ")), SLICE("a b")));
    assert_int_equal(slice_trim(SLICE("  ")).size, 0);
}

/* A trailing empty part is still given. */
static void test_split(void **state)
{
    (void)state;
    struct slice rest = SLICE("a,,b,");
    struct slice part;
    static const char *const parts[] = {"a", "", "b", ""};
    for (size_t i = 0; i < 4; i++) {
        assert_true(slice_split(&rest, ',', &part));
        assert_true(slice_equal(part, slice_from(parts[i])));
    }
    assert_false(slice_split(&rest, ',', &part));
}

static void test_numbers(void **state)
{
    (void)state;
    uint64_t u = 1;
    int64_t i = 1;
    assert_true(slice_to_u64(SLICE("18446744073709551615"), &u));
    assert_true(u == UINT64_MAX);
    assert_false(slice_to_u64(SLICE("18446744073709551616"), &u));
    assert_true(slice_to_i64(SLICE("-9223372036854775808"), &i));
    assert_true(i == INT64_MIN);
    static const char *const bad[] = {
        "9223372036854775808", "-9223372036854775809", "", "-", "+1", " 1", "1a", "--1"};
    for (size_t n = 0; n < sizeof(bad) / sizeof(bad[0]); n++)
        assert_false(slice_to_i64(slice_from(bad[n]), &i));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_equal), cmocka_unit_test(test_cut),
                                       cmocka_unit_test(test_split),
                                       cmocka_unit_test(test_numbers)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
