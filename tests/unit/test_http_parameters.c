/* spec/remote-api.md 2, "Parameters": forms, percent-encoding, 512 names, UTF-8. */
#include "http_decode.h"

static void test_forms(void **state)
{
    (void)state;
    static const struct decode_row rows[] = {
        {SLICE(""), "", NULL, NULL},
        {SLICE("a=b&c=d"), "a=b|c=d|", NULL, NULL},
        {SLICE("&&a=1&&"), "a=1|", NULL, NULL},
        {SLICE("a&b=&=c"), "a=|b=|=c|", NULL, NULL},
        {SLICE("a+b=c+d%2B%20e"), "a b=c d+ e|", NULL, NULL},
        {SLICE("params%5Ba%5D[]=1=2"), "params[a][]=1=2|", NULL, NULL},
        {SLICE("a=%zz%4%"), "a=%zz%4%|", NULL, NULL},
        {SLICE("a=%C3%A9\xc3\xa9"), "a=\xc3\xa9\xc3\xa9|", NULL, NULL},
        {SLICE("params={\"a\":[1]}"), "params={\"a\":[1]}|", NULL, NULL},
        {SLICE("x=1&name=%ff"), NULL, "bad_encoding", "name"},
        {SLICE("name=%c0%80"), NULL, "bad_encoding", "name"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
        decode_expect(&rows[i], http_form_decode);
}

static void test_count(void **state)
{
    (void)state;
    char text[4096] = "";
    struct arena arena;
    struct problem problem;
    struct http_pairs pairs = {0};
    arena_init(&arena);
    problem_init(&problem, &arena);
    for (size_t i = 0; i < HTTP_MOST_PAIRS; i++)
        strcat(text, "a=1&");
    assert_int_equal(http_form_decode(&arena, slice_from(text), &pairs, &problem), RESULT_OK);
    assert_int_equal(http_form_decode(&arena, SLICE("b"), &pairs, &problem), RESULT_LIMIT);
    assert_int_equal(problem.status, 400);
    assert_true(slice_equal(problem.first->code, SLICE("too_many_names")));
    assert_true(slice_equal(problem.message, SLICE("Request Invalid or Bad Format")));
    arena_clear(&arena);
}

static void test_segment_and_type(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena);
    struct slice plain = SLICE("plain");
    assert_ptr_equal(http_percent_decode(&arena, plain, false).data, plain.data);
    assert_true(slice_equal(http_percent_decode(&arena, SLICE("a+%2F%00"), false), SLICE("a+/\0")));
    assert_true(slice_equal(http_media_type(SLICE(" a/b ; c=d")), SLICE("a/b")));
    arena_clear(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_forms),
        cmocka_unit_test(test_count),
        cmocka_unit_test(test_segment_and_type),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
