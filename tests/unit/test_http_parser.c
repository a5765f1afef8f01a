/* What a good head says: RFC 9112 3.2 (targets), 6 (bodies), 9.3 (persistence), RFC 9110 10.1.1. */
#include "http_feed.h"

static void assert_slice(struct slice actual, const char *expected)
{
    if (!slice_equal(actual, slice_from(expected)))
        fail_msg("\"%.*s\" is not \"%s\"", SLICE_ARGS(actual), expected);
}

static void expect_target(struct slice bytes, const char *target, const char *path,
                          const char *query, const char *host)
{
    struct feed feed;
    feed_all_ways(&feed, bytes);
    assert_int_equal(feed.state, HTTP_PARSE_DONE);
    assert_slice(feed.head.target, target);
    assert_slice(feed.head.path, path);
    assert_slice(feed.head.query, query);
    assert_slice(feed.head.host, host);
    arena_clear(&feed.arena);
}

/* spec/http.md: "an absolute-form target whose authority differs from Host uses the target's" */
static void test_targets(void **state)
{
    (void)state;
    expect_target(SLICE("GET /a/b?c=?d HTTP/1.1\r\nHost: h:1\r\n\r\n"), "/a/b?c=?d", "/a/b", "c=?d",
                  "h:1");
    expect_target(SLICE("GET HTTP://t:8/a?b HTTP/1.1\r\nHost: h\r\n\r\n"), "/a?b", "/a", "b",
                  "t:8");
    expect_target(SLICE("GET http://t HTTP/1.1\r\nHost: h\r\n\r\n"), "/", "/", "", "t");
    expect_target(SLICE("GET http://[::1]?b HTTP/1.1\r\nHost: h\r\n\r\n"), "?b", "/", "b", "[::1]");
    expect_target(SLICE("OPTIONS http://t HTTP/1.1\r\nHost: h\r\n\r\n"), "*", "*", "", "t");
    expect_target(SLICE("CONNECT t:443 HTTP/1.1\r\nHost: h\r\n\r\n"), "t:443", "", "", "t:443");
    expect_target(SLICE("GET / HTTP/1.0\r\n\r\n"), "/", "/", "", "");
}

static void test_fields(void **state)
{
    (void)state;
    struct feed feed;
    feed_all_ways(&feed,
                  SLICE("\r\nPATCH / HTTP/1.7\r\nHost: h\r\nA: \t b c\t \r\nEmpty:\r\n\r\nx"));
    assert_int_equal(feed.state, HTTP_PARSE_DONE);
    assert_int_equal(feed.head.method, HTTP_PATCH);
    assert_int_equal(feed.head.minor_version, 1);
    assert_int_equal(feed.head.field_count, 3);
    assert_slice(feed.head.fields[1].name, "A");
    assert_slice(feed.head.fields[1].value, "b c");
    assert_slice(feed.head.fields[2].value, "");
    assert_int_equal(feed.consumed, 51);
    arena_clear(&feed.arena);
}

/* Each row: a request, and whether its connection may go on (RFC 9112 9.3). */
static void test_keep_alive(void **state)
{
    (void)state;
    static const struct {
        struct slice bytes;
        bool keep_alive;
    } rows[] = {
        {SLICE("GET / HTTP/1.1\r\nHost: h\r\n\r\n"), true},
        {SLICE("GET / HTTP/1.1\r\nHost: h\r\nConnection: a, Close\r\n\r\n"), false},
        {SLICE("GET / HTTP/1.1\r\nHost: h\r\nConnection: keep-alive\r\nConnection: close\r\n\r\n"),
         false},
        {SLICE("GET / HTTP/1.0\r\n\r\n"), false},
        {SLICE("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n"), true},
        {SLICE("CONNECT h:1 HTTP/1.1\r\nHost: h\r\n\r\n"), false},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct feed feed;
        feed_all_ways(&feed, rows[i].bytes);
        assert_int_equal(feed.state, HTTP_PARSE_DONE);
        assert_int_equal(feed.head.keep_alive, rows[i].keep_alive);
        arena_clear(&feed.arena);
    }
}

/* Whom a request was for is known though its head is spoilt, or has no end: who answers depends on
 * it. */
static void test_a_spoilt_head_tells_its_target(void **state)
{
    (void)state;
    static const struct slice rows[] = {
        SLICE("POST /a?b HTTP/1.1\r\nA: b\nHost: h\r\n\r\n"),
        SLICE("POST /a?b HTTP/1.1\r\nHost: h\r\nA : b\r\n\r\n"),
        SLICE("\r\nPOST /a?b HTTP/1.1\r\nHost: h\r\n\n"),
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct feed feed;
        feed_all_ways(&feed, rows[i]);
        assert_int_equal(feed.state, HTTP_PARSE_FAULT);
        assert_int_equal(feed.head.method, HTTP_POST);
        assert_slice(feed.head.path, "/a");
        assert_slice(feed.head.query, "b");
        arena_clear(&feed.arena);
    }
}

/* operations.md, "Configuration": limits change while a head comes, perhaps to less than has come.
 */
static void test_limits_lowered_in_the_middle(void **state)
{
    (void)state;
    struct config_http limits = {.max_head = 1024, .max_target = 256, .max_fields = 10};
    struct http_parser parser;
    struct http_head head;
    struct http_fault fault = {0};
    struct arena arena;
    char text[600];
    size_t consumed;
    memset(text, 'x', sizeof(text));
    memcpy(text, "GET / HTTP/1.1\r\nA: ", 19);
    arena_init(&arena);
    http_parser_init(&parser, &limits, &arena);
    assert_int_equal(
        http_parser_head(&parser, slice_of(text, sizeof(text)), &head, &consumed, &fault),
        HTTP_PARSE_MORE);
    limits.max_head = 100;
    assert_int_equal(
        http_parser_head(&parser, slice_of(text, sizeof(text)), &head, &consumed, &fault),
        HTTP_PARSE_FAULT);
    assert_int_equal(fault.status, 431);
    arena_clear(&arena);
}

/* A Content-Length body ends where it says, and what follows is the next request's. */
static void test_counted_body(void **state)
{
    (void)state;
    struct feed feed;
    struct slice bytes =
        SLICE("GET / HTTP/1.1\r\nHost: h\r\nContent-Length: 005\r\n\r\nhelloGET / HTTP/1.1");
    feed_all_ways(&feed, bytes);
    assert_int_equal(feed.state, HTTP_PARSE_DONE);
    assert_slice(slice_of(feed.body, feed.body_size), "hello");
    assert_slice(slice_skip(bytes, feed.consumed), "GET / HTTP/1.1");
    arena_clear(&feed.arena);
}

/* RFC 9110 5.5: blanks around a value are no part of it, tabs too, whatever the field. */
static void test_blanks_around_framing(void **state)
{
    (void)state;
    static const struct slice rows[] = {
        SLICE("POST / HTTP/1.1\r\nHost:\th\t\r\nTransfer-Encoding:\tchunked\t \t\r\n\r\n"
              "5\r\nhello\r\n0\r\n\r\n"),
        SLICE("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: \t5\t\r\nA:\t\r\n\r\nhello"),
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct feed feed;
        feed_all_ways(&feed, rows[i]);
        assert_int_equal(feed.state, HTTP_PARSE_DONE);
        assert_slice(feed.head.host, "h");
        assert_slice(slice_of(feed.body, feed.body_size), "hello");
        arena_clear(&feed.arena);
    }
}

/* RFC 9110 10.1.1: ignored in HTTP/1.0, and without a body nothing is to be continued. */
static void test_expect(void **state)
{
    (void)state;
    static const struct {
        struct slice bytes;
        bool expects;
    } rows[] = {
        {SLICE("PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nExpect: 100-Continue\r\n\r\na"),
         true},
        {SLICE("PUT / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\n\r\n"), false},
        {SLICE("PUT / HTTP/1.0\r\nContent-Length: 1\r\nExpect: 100-continue\r\n\r\na"), false},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct feed feed;
        feed_all_ways(&feed, rows[i].bytes);
        assert_int_equal(feed.state, HTTP_PARSE_DONE);
        assert_int_equal(feed.head.expects_continue, rows[i].expects);
        arena_clear(&feed.arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_targets),
        cmocka_unit_test(test_fields),
        cmocka_unit_test(test_keep_alive),
        cmocka_unit_test(test_a_spoilt_head_tells_its_target),
        cmocka_unit_test(test_limits_lowered_in_the_middle),
        cmocka_unit_test(test_counted_body),
        cmocka_unit_test(test_blanks_around_framing),
        cmocka_unit_test(test_expect),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
