/* multipart/form-data: RFC 7578 4, RFC 2046 5.1.1. */
#include "http_decode.h"

static enum result decode_b(struct arena *arena, struct slice text, struct http_pairs *pairs,
                            struct problem *problem)
{
    return http_multipart_decode(arena, SLICE("multipart/form-data; charset=utf-8; boundary=b"),
                                 text, pairs, problem);
}

#define PART(head, content) "--b\r\n" head "\r\n\r\n" content "\r\n"
#define NAME(name)          "Content-Disposition: form-data; name=" name
#define OK(text, pairs)                                                                            \
    {                                                                                              \
        SLICE(text), pairs, NULL, NULL                                                             \
    }
#define BAD(text, field)                                                                           \
    {                                                                                              \
        SLICE(text), NULL, "bad_multipart", field                                                  \
    }

static void test_bodies(void **state)
{
    (void)state;
    static const struct decode_row rows[] = {
        OK("--b--", ""),
        OK(PART(NAME("\"a\""), "1") PART(NAME("c"), "") "--b--\r\n", "a=1|c=|"),
        OK("preamble\r\n" PART(NAME("a"), "\r\n--bc\r\n x --b") "--b-- \r\nend",
           "a=\r\n--bc\r\n x --b|"),
        OK(PART("content-type: text/plain\r\n" NAME("\"a\\\"b%22c%0D%0a\\\\\""), "1") "--b--",
           "a\"b\"c\r\n\\=1|"),
        OK("--b \t\r\n" NAME("a") "\r\n\r\n1\r\n--b--", "a=1|"),
        OK("", ""),
        BAD("\r\n", ""),
        BAD("--b", ""),
        BAD(PART(NAME("a"), "1"), ""),
        BAD(PART(NAME("a"), "1") "--b\r\n", ""),
        BAD(PART(NAME("a"), "1") "--b", ""),
        BAD(PART("Content-Type: text/plain", "1") "--b--", ""),
        BAD(PART("Content-Disposition: form-data", "1") "--b--", ""),
        BAD(PART("Content-Disposition: attachment; name=a", "1") "--b--", "Content-Disposition"),
        BAD(PART(NAME("\"a"), "1") "--b--", "Content-Disposition"),
        BAD(PART(NAME("a; name=b"), "1") "--b--", "b"),
        BAD(PART(NAME("a; filename=x"), "1") "--b--", "a"),
        BAD(PART(NAME("a") "\r\nContent-Type: Multipart/mixed; boundary=c", "1") "--b--", "a"),
        BAD(PART(NAME("a") "\r\nContent-Transfer-Encoding: base64", "1") "--b--", "a"),
        BAD(PART(NAME("a") "\r\nno colon", "1") "--b--", ""),
        BAD("--b\r\n" NAME("a") "\r\n--b--", ""),
        {SLICE(PART(NAME("a"), "\xff") "--b--"), NULL, "bad_encoding", "a"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
        decode_expect(&rows[i], decode_b);
}

static void expect_type(const char *type, enum result expected)
{
    struct arena arena;
    struct problem problem;
    struct http_pairs pairs = {0};
    char body[256];
    const char *boundary = strstr(type, "x y") ? "x y" : strrchr(type, '=') + 1;
    snprintf(body, sizeof(body), "--%s--", boundary);
    arena_init(&arena);
    problem_init(&problem, &arena);
    enum result result =
        http_multipart_decode(&arena, slice_from(type), slice_from(body), &pairs, &problem);
    if (result != expected)
        fail_msg("%s: %d", type, (int)result);
    arena_clear(&arena);
}

/* RFC 2046 5.1.1: a boundary has 1 to 70 characters of a small set, and does not end in a space. */
static void test_boundaries(void **state)
{
    (void)state;
#define TEN "1234567890"
    expect_type("multipart/form-data; Boundary=" TEN TEN TEN TEN TEN TEN TEN, RESULT_OK);
    expect_type("multipart/form-data; boundary=" TEN TEN TEN TEN TEN TEN TEN "1", RESULT_INVALID);
    expect_type("multipart/form-data; boundary=\"x y\"", RESULT_OK);
    expect_type("multipart/form-data; boundary=", RESULT_INVALID);
    expect_type("multipart/form-data; boundary=a!", RESULT_INVALID);
    expect_type("multipart/form-data; boundary=a; boundary=a", RESULT_INVALID);
    expect_type("multipart/form-data; charset=a", RESULT_INVALID);
}

/* Part heads are bounded to 4 KiB. */
static void test_part_head_limit(void **state)
{
    (void)state;
    static char body[8192];
    int used = snprintf(body, sizeof(body), "--b\r\n%s\r\nX: ", NAME("a"));
    memset(body + used, 'x', 4096);
    strcat(body, "\r\n\r\n1\r\n--b--");
    const struct decode_row row = {slice_from(body), NULL, "bad_multipart", "a"};
    decode_expect(&row, decode_b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bodies),
        cmocka_unit_test(test_boundaries),
        cmocka_unit_test(test_part_head_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
