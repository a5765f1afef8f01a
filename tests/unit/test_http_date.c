/* RFC 9110 5.6.7: dates in fields. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "http/date.h"

static void test_print(void **state)
{
    (void)state;
    char text[HTTP_DATE_BYTES];
    assert_true(
        slice_equal(http_date_print(784111777, text), SLICE("Sun, 06 Nov 1994 08:49:37 GMT")));
    assert_true(slice_equal(http_date_print(0, text), SLICE("Thu, 01 Jan 1970 00:00:00 GMT")));
    assert_true(slice_equal(http_date_print(-1, text), SLICE("Wed, 31 Dec 1969 23:59:59 GMT")));
    assert_true(
        slice_equal(http_date_print(253402300799, text), SLICE("Fri, 31 Dec 9999 23:59:59 GMT")));
    http_date_print(INT64_MAX, text);
    http_date_print(INT64_MIN, text);
}

/* "A recipient that parses a timestamp value in an HTTP field MUST accept all three". */
static void test_three_forms(void **state)
{
    (void)state;
    static const char *const forms[] = {"Sun, 06 Nov 1994 08:49:37 GMT",
                                        "Sunday, 06-Nov-94 08:49:37 GMT",
                                        "Sun Nov  6 08:49:37 1994"};
    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
        int64_t seconds = 0;
        assert_true(http_date_parse(slice_from(forms[i]), &seconds));
        assert_true(seconds == 784111777);
    }
}

static void test_no_dates(void **state)
{
    (void)state;
    static const char *const texts[] = {"",
                                        "0",
                                        "784111777",
                                        "Sun",
                                        "Sun, 06 Nov 1994",
                                        "Sun, 06 Nov 1994 08:49:37",
                                        "Sun, 06 Nov 1994 08:49:37 CET",
                                        "Sun, 06 Nov 1994 08:49:37 GMT+1",
                                        "Sun, 99 Nov 1994 08:49:37 GMT",
                                        "Sun, 06 Xxx 1994 08:49:37 GMT",
                                        "1994-11-06T08:49:37Z",
                                        "Sun, 06 Nov 1994 08:49:37 GMTxxxxxxxxxxxxxxxxxxxxxxx"};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        int64_t seconds = 7;
        assert_false(http_date_parse(slice_from(texts[i]), &seconds));
        assert_true(seconds == 0);
    }
    int64_t seconds = 7;
    assert_false(http_date_parse(slice_of("Sun, 06 Nov 1994 08:49:37 GMT\0", 30), &seconds));
    assert_false(http_date_parse(slice_of(NULL, 0), &seconds));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_print),
        cmocka_unit_test(test_three_forms),
        cmocka_unit_test(test_no_dates),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
