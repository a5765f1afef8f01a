/* UTF-8 after RFC 3629, and causes that name what a client sent. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/problem.h"
#include "base/utf8.h"

static void test_valid(void **state)
{
    (void)state;
    assert_true(utf8_is_valid(SLICE("plain \xC3\xBC \xE2\x82\xAC \xF4\x8F\xBF\xBF")));
    static const char *const bad[] = {"\x80",         "\xC0\x80",         "\xE0\x9F\xBF",
                                      "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xF5\x80\x80\x80",
                                      "\xC3",         "\xE2\x82"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(utf8_valid_prefix(slice_from(bad[i])), 0);
    assert_int_equal(utf8_valid_prefix(SLICE("0123456789\xFF")), 10);
}

/* One U+FFFD for each maximal run that is no character. */
static void test_repair(void **state)
{
    (void)state;
    struct buffer out;
    buffer_init(&out);
    utf8_append_repaired(&out, SLICE("a\xF0\x9F\x98z\xE2\x82"));
    assert_true(slice_equal(buffer_slice(&out), SLICE("a\xEF\xBF\xBDz\xEF\xBF\xBD")));
    buffer_clear(&out);
}

/* The first finding decides; a field is repaired and cut after 128 bytes, not within a character.
 */
static void test_problem(void **state)
{
    (void)state;
    struct arena arena;
    struct problem problem;
    char field[129];
    memset(field, 'f', sizeof(field));
    memcpy(field + 127, "\xC3\xBC", 2);
    arena_init(&arena);
    problem_init(&problem, &arena);
    assert_false(problem_is_set(&problem));
    problem_set(&problem, 400, SLICE("first"));
    problem_set(&problem, 404, SLICE("second"));
    problem_add(&problem, SLICE("a"), slice_of(field, sizeof(field)), "%d", 5);
    problem_add(&problem, SLICE("b"), SLICE("\xFF"), "x");
    assert_int_equal(problem.status, 400);
    assert_int_equal(problem.first->field.size, 127);
    assert_true(slice_equal(problem.first->detail, SLICE("5")));
    assert_ptr_equal(problem.first->next, problem.last);
    assert_true(slice_equal(problem.last->field, SLICE("\xEF\xBF\xBD")));
    arena_clear(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_valid), cmocka_unit_test(test_repair),
                                       cmocka_unit_test(test_problem)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
