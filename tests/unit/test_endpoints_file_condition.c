/* spec/remote-api.md section 7 (download: If-Range, conditional requests); RFC 9110 13.1, 13.2.2.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "endpoints/file_condition.h"

#define BEFORE "Sun, 06 Nov 1994 08:49:36 GMT"
#define THEN   "Sun, 06 Nov 1994 08:49:37 GMT"
#define AFTER  "Sun, 06 Nov 1994 08:49:38 GMT"

static const struct file_version version = {.tag = SLICE("\"a-1\""), .modified_s = 784111777};

static struct slice field(const char *text)
{
    return text ? slice_from(text) : slice_of(NULL, 0);
}

static void check(const char *if_match, const char *if_unmodified_since, const char *if_none_match,
                  const char *if_modified_since, enum file_verdict expected)
{
    const struct file_conditions conditions = {field(if_match), field(if_unmodified_since),
                                               field(if_none_match), field(if_modified_since)};
    if (file_condition_judge(&conditions, &version) != expected)
        fail_msg("%.*s, %.*s, %.*s, %.*s: not %d", SLICE_ARGS(conditions.if_match),
                 SLICE_ARGS(conditions.if_unmodified_since), SLICE_ARGS(conditions.if_none_match),
                 SLICE_ARGS(conditions.if_modified_since), (int)expected);
}

static void test_none(void **state)
{
    (void)state;
    check(NULL, NULL, NULL, NULL, FILE_WANTED);
}

/* 13.1.2: weak comparison. Tags may hold commas; of a list, what stands before a fault counts. */
static void test_if_none_match(void **state)
{
    (void)state;
    static const char *const known[] = {"\"a-1\"",    "W/\"a-1\"",       "*",
                                        " * ",        "\"x\", \"a-1\"",  "\"x\",\"a-1\",\"y\"",
                                        ", ,\"a-1\"", "\"x,\", \"a-1\"", "\"a-1\" rubbish"};
    static const char *const others[] = {"",
                                         "\"a\"",
                                         "\"a-2\"",
                                         "a-1",
                                         "\"a-1",
                                         "\"x\" rubbish \"a-1\"",
                                         "\"x, \"a-1\"",
                                         "w/\"a-1\"",
                                         "\"A-1\"",
                                         "**",
                                         "\"\"",
                                         "\"",
                                         "W/",
                                         ","};
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        check(NULL, NULL, known[i], NULL, FILE_NOT_MODIFIED);
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        check(NULL, NULL, others[i], NULL, FILE_WANTED);
}

/* 13.1.1: strong comparison. */
static void test_if_match(void **state)
{
    (void)state;
    check("\"a-1\"", NULL, NULL, NULL, FILE_WANTED);
    check("\"x\", \"a-1\"", NULL, NULL, NULL, FILE_WANTED);
    check("*", NULL, NULL, NULL, FILE_WANTED);
    check("W/\"a-1\"", NULL, NULL, NULL, FILE_CHANGED);
    check("\"x\"", NULL, NULL, NULL, FILE_CHANGED);
    check("", NULL, NULL, NULL, FILE_CHANGED);
}

/* 13.1.3, 13.1.4: what is no date is ignored. */
static void test_dates(void **state)
{
    (void)state;
    check(NULL, NULL, NULL, THEN, FILE_NOT_MODIFIED);
    check(NULL, NULL, NULL, AFTER, FILE_NOT_MODIFIED);
    check(NULL, NULL, NULL, BEFORE, FILE_WANTED);
    check(NULL, NULL, NULL, "yesterday", FILE_WANTED);
    check(NULL, NULL, NULL, "", FILE_WANTED);
    check(NULL, THEN, NULL, NULL, FILE_WANTED);
    check(NULL, AFTER, NULL, NULL, FILE_WANTED);
    check(NULL, BEFORE, NULL, NULL, FILE_CHANGED);
    check(NULL, "yesterday", NULL, NULL, FILE_WANTED);
    check(NULL, "Sunday, 06-Nov-94 08:49:36 GMT", NULL, NULL, FILE_CHANGED);
    check(NULL, "Sun Nov  6 08:49:36 1994", NULL, NULL, FILE_CHANGED);
}

/* 13.2.2: If-Match before If-Unmodified-Since, both before If-None-Match, that before
 * If-Modified-Since; a tag makes the date beside it count for nothing. */
static void test_order(void **state)
{
    (void)state;
    check("\"a-1\"", BEFORE, NULL, NULL, FILE_WANTED);
    check("\"x\"", AFTER, NULL, NULL, FILE_CHANGED);
    check("\"x\"", NULL, "\"a-1\"", NULL, FILE_CHANGED);
    check("\"a-1\"", NULL, "\"a-1\"", NULL, FILE_NOT_MODIFIED);
    check(NULL, BEFORE, "\"a-1\"", NULL, FILE_CHANGED);
    check(NULL, NULL, "\"x\"", AFTER, FILE_WANTED);
    check(NULL, NULL, "\"a-1\"", BEFORE, FILE_NOT_MODIFIED);
}

static bool counts(const char *if_range, int64_t now_s)
{
    return file_condition_range_counts(field(if_range), &version, now_s);
}

/* 13.1.5: the same tag, strongly, or the same date, exactly, when it has been so for a second. */
static void test_if_range(void **state)
{
    (void)state;
    int64_t now_s = version.modified_s + 100;
    assert_true(counts(NULL, now_s));
    assert_true(counts("\"a-1\"", now_s));
    assert_true(counts(THEN, now_s));
    assert_true(counts("Sunday, 06-Nov-94 08:49:37 GMT", now_s));
    assert_false(counts("W/\"a-1\"", now_s));
    assert_false(counts("\"x\"", now_s));
    assert_false(counts("*", now_s));
    assert_false(counts("", now_s));
    assert_false(counts(AFTER, now_s));
    assert_false(counts(BEFORE, now_s));
    assert_false(counts(THEN, version.modified_s));
    assert_false(counts("rubbish", now_s));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_none),     cmocka_unit_test(test_if_none_match),
        cmocka_unit_test(test_if_match), cmocka_unit_test(test_dates),
        cmocka_unit_test(test_order),    cmocka_unit_test(test_if_range),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
