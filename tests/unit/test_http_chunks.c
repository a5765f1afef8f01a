/* spec/http.md "Refused": "chunk sizes with signs, prefixes, spaces, overflow; missing CRLF after
 * chunk data; bare LF anywhere a CRLF belongs; chunk extensions over 256 bytes; trailers that name
 * framing, routing or authentication fields". RFC 9112 7.1. */
#include "http_feed.h"

#define HEAD          "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
#define BODY(body)    SLICE(HEAD body)
#define TRAILER(line) SLICE(HEAD "0\r\n" line "\r\n\r\n")

static void test_refused(void **state)
{
    (void)state;
    static const struct feed_row rows[] = {
        {BODY("+1\r\na\r\n0\r\n\r\n"), 400, "bad_chunk"},
        {BODY("-1\r\na\r\n0\r\n\r\n"), 400, "bad_chunk"},
        {BODY("0x1\r\na\r\n0\r\n\r\n"), 400, "bad_chunk"},
        {BODY(" 1\r\na\r\n0\r\n\r\n"), 400, "bad_chunk"},
        {BODY("1 \r\na\r\n0\r\n\r\n"), 400, "bad_chunk"},
        {BODY("1 ;a\r\na\r\n0\r\n\r\n"), 400, "bad_chunk"},
        {BODY("1; a\r\na\r\n0\r\n\r\n"), 400, "bad_chunk"},
        {BODY("\r\na\r\n"), 400, "bad_chunk"},
        {BODY(";a\r\n"), 400, "bad_chunk"},
        {BODY("g\r\n"), 400, "bad_chunk"},
        {BODY("8000000000000000\r\n"), 400, "bad_chunk"},
        {BODY("10000000000000001\r\n"), 400, "bad_chunk"},
        {BODY("00000000000000001\r\n"), 400, "bad_chunk"},
        {BODY("1\r\nab\r\n0\r\n\r\n"), 400, "bad_chunk"},
        {BODY("1\r\na0\r\n\r\n"), 400, "bad_chunk"},
        {BODY("1\r\na\n0\r\n\r\n"), 400, "bad_chunk"},
        {BODY("1\na\r\n0\r\n\r\n"), 400, "bad_chunk"},
        {BODY("1\r\ra\r\n0\r\n\r\n"), 400, "bad_chunk"},
        {BODY("1\r\na\r\n0\n\r\n"), 400, "bad_chunk"},
        {BODY("1\r\na\r\n0\r\n\n"), 400, "bad_trailer"},
        {BODY("1;a\nb\r\na\r\n0\r\n\r\n"), 400, "bad_chunk"},
        {BODY("1;\r\na\r\n0\r\n\r\n"), 400, "bad_chunk"},
        {BODY("1;a=\r\na\r\n0\r\n\r\n"), 400, "bad_chunk"},
        {BODY("1;a=\"\n\"\r\na\r\n0\r\n\r\n"), 400, "bad_chunk"},
    };
    EXPECT_ROWS(rows);
}

static void test_trailers_refused(void **state)
{
    (void)state;
    static const struct feed_row rows[] = {
        {TRAILER("Content-Length: 1"), 400, "bad_trailer"},
        {TRAILER("transfer-encoding: chunked"), 400, "bad_trailer"},
        {TRAILER("Host: x"), 400, "bad_trailer"},
        {TRAILER("Authorization: x"), 400, "bad_trailer"},
        {TRAILER("Cookie: x"), 400, "bad_trailer"},
        {TRAILER("X-Forwarded-For: 1.2.3.4"), 400, "bad_trailer"},
        {TRAILER("X-HTTP-Method-Override: PUT"), 400, "bad_trailer"},
        {TRAILER("Connection: close"), 400, "bad_trailer"},
        {TRAILER("A : b"), 400, "bad_trailer"},
        {TRAILER(": b"), 400, "bad_trailer"},
        {TRAILER("A: b\r\n c"), 400, "bad_trailer"},
        {TRAILER("A: b\nC: d"), 400, "bad_trailer"},
        {TRAILER("A: \x01"), 400, "bad_trailer"},
        {TRAILER("A: 1\r\nA: 2\r\nA: 3\r\nA: 4\r\nA: 5\r\nA: 6\r\nA: 7\r\nA: 8\r\nA: 9\r\n"
                 "A: 10\r\nA: 11"),
         431, "trailer_too_large"},
        {TRAILER("X-A-Name-Longer-Than-Any-Of-The-Forbidden: x\r\nB:"), ACCEPTED},
    };
    EXPECT_ROWS(rows);
}

/* RFC 9112 7.1.1: extensions that are not understood are ignored; llhttp 8.1 alone refuses some. */
static void test_decoded(void **state)
{
    (void)state;
    struct feed feed;
    struct slice bytes =
        BODY("5;a=b;c;d=\"e\\\"f g\"\r\nhello\r\n00A\r\n0123456789\r\n0;z\r\nX-Sum: "
             "1\r\n\r\nGET / next");
    feed_all_ways(&feed, bytes);
    assert_int_equal(feed.state, HTTP_PARSE_DONE);
    assert_true(slice_equal(slice_of(feed.body, feed.body_size), SLICE("hello0123456789")));
    assert_true(slice_equal(slice_skip(bytes, feed.consumed), SLICE("GET / next")));
    arena_clear(&feed.arena);
}

static void expect_extension(size_t size, int status, const char *code)
{
    char text[1024];
    int used = snprintf(text, sizeof(text), "%s1;", HEAD);
    memset(text + used, 'x', size - 1); /* the ';' counts */
    strcpy(text + used + size - 1, "\r\na\r\n0\r\n\r\n");
    const struct feed_row row[] = {{slice_from(text), status, code}};
    EXPECT_ROWS(row);
}

static void test_extension_limit(void **state)
{
    (void)state;
    expect_extension(256, ACCEPTED);
    expect_extension(257, 400, "bad_chunk");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_trailers_refused),
        cmocka_unit_test(test_decoded),
        cmocka_unit_test(test_extension_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
