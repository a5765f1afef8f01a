/* spec/http.md "Refused with 400, connection closed, before any routing": one table a line of it.
 * Every row is fed whole, byte by byte and split at every position. */
#include "http_feed.h"

#define GET(target)  SLICE("GET " target " HTTP/1.1\r\nHost: h\r\n\r\n")
#define WITH(fields) SLICE("GET / HTTP/1.1\r\n" fields "\r\n")
#define POST(fields) SLICE("POST / HTTP/1.1\r\nHost: h\r\n" fields "\r\n")
#define LINE(line)   SLICE(line "\r\nHost: h\r\n\r\n")

/* "no Host in 1.1, more than one, empty, a list, with userinfo, path, bad port or characters no
 * host has" */
static void test_host(void **state)
{
    (void)state;
    static const struct feed_row rows[] = {
        {WITH(""), 400, "bad_host"},
        {WITH("Host: a\r\nHost: a\r\n"), 400, "bad_host"},
        {WITH("Host:\r\n"), 400, "bad_host"},
        {WITH("Host:  \t\r\n"), 400, "bad_host"},
        {WITH("Host: a, b\r\n"), 400, "bad_host"},
        {WITH("Host: a b\r\n"), 400, "bad_host"},
        {WITH("Host: u@a\r\n"), 400, "bad_host"},
        {WITH("Host: u:p@a\r\n"), 400, "bad_host"},
        {WITH("Host: a/x\r\n"), 400, "bad_host"},
        {WITH("Host: a:x\r\n"), 400, "bad_host"},
        {WITH("Host: a:-1\r\n"), 400, "bad_host"},
        {WITH("Host: a:65536\r\n"), 400, "bad_host"},
        {WITH("Host: a:1:2\r\n"), 400, "bad_host"},
        {WITH("Host: :80\r\n"), 400, "bad_host"},
        {WITH("Host: a<b\r\n"), 400, "bad_host"},
        {WITH("Host: a\xc3\xa9\r\n"), 400, "bad_host"},
        {WITH("Host: [::1\r\n"), 400, "bad_host"},
        {WITH("Host: [::g]\r\n"), 400, "bad_host"},
        {WITH("Host: [::1]x\r\n"), 400, "bad_host"},
        {SLICE("GET http://a/ HTTP/1.1\r\n\r\n"), 400, "bad_host"},
        {SLICE("GET http://u@a/ HTTP/1.1\r\nHost: a\r\n\r\n"), 400, "bad_host"},
        {SLICE("GET http:///x HTTP/1.1\r\nHost: a\r\n\r\n"), 400, "bad_host"},
        {SLICE("GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n"), 400, "bad_host"},
        {SLICE("GET / HTTP/1.0\r\n\r\n"), ACCEPTED},
        {WITH("Host: a-b.c_d:8080\r\n"), ACCEPTED},
        {WITH("hOST:[2001:db8::1]:443\r\n"), ACCEPTED},
    };
    EXPECT_ROWS(rows);
}

/* "Content-Length with Transfer-Encoding; several Content-Length that differ (and lists of them);
 * signs, spaces, hex, exponent, overflow, leading garbage" */
static void test_content_length(void **state)
{
    (void)state;
    static const struct feed_row rows[] = {
        {POST("Content-Length: 3\r\nTransfer-Encoding: chunked\r\n"), 400, "bad_transfer_encoding"},
        {POST("Transfer-Encoding: chunked\r\nContent-Length: 3\r\n"), 400, "bad_transfer_encoding"},
        {POST("Content-Length: 1\r\nContent-Length: 2\r\n"), 400, "bad_content_length"},
        {POST("Content-Length: 1\r\nContent-Length: 1\r\n"), 400, "bad_content_length"},
        {POST("Content-Length: 1, 1\r\n"), 400, "bad_content_length"},
        {POST("Content-Length: +1\r\n"), 400, "bad_content_length"},
        {POST("Content-Length: -1\r\n"), 400, "bad_content_length"},
        {POST("Content-Length: 1 1\r\n"), 400, "bad_content_length"},
        {POST("Content-Length: 0x1\r\n"), 400, "bad_content_length"},
        {POST("Content-Length: 1e1\r\n"), 400, "bad_content_length"},
        {POST("Content-Length: \r\n"), 400, "bad_content_length"},
        {POST("Content-Length: 9223372036854775808\r\n"), 400, "bad_content_length"},
        {POST("Content-Length: 18446744073709551617\r\n"), 400, "bad_content_length"},
        {POST("Content-Length: a1\r\n"), 400, "bad_content_length"},
        {POST("Content-Length: 1;\r\n"), 400, "bad_content_length"},
    };
    EXPECT_ROWS(rows);
}

/* "Transfer-Encoding that does not end in exactly one chunked, is empty, is repeated, or comes in
 * HTTP/1.0 (an unknown coding: 501)" */
static void test_transfer_encoding(void **state)
{
    (void)state;
    static const struct feed_row rows[] = {
        {POST("Transfer-Encoding: gzip\r\n"), 400, "bad_transfer_encoding"},
        {POST("Transfer-Encoding: chunked, gzip\r\n"), 400, "bad_transfer_encoding"},
        {POST("Transfer-Encoding: chunked, chunked\r\n"), 400, "bad_transfer_encoding"},
        {POST("Transfer-Encoding: chunked,\r\n"), 400, "bad_transfer_encoding"},
        {POST("Transfer-Encoding: xchunked\r\n"), 400, "bad_transfer_encoding"},
        {POST("Transfer-Encoding: \x0b"
              "chunked\r\n"),
         400, "bad_field"},
        {POST("Transfer-Encoding: \"chunked\"\r\n"), 400, "bad_transfer_encoding"},
        {POST("Transfer-Encoding: identity\r\n"), 400, "bad_transfer_encoding"},
        {POST("Transfer-Encoding:\r\n"), 400, "bad_transfer_encoding"},
        {POST("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"), 400,
         "bad_transfer_encoding"},
        {SLICE("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"), 400,
         "bad_transfer_encoding"},
        {POST("Transfer-Encoding: gzip, chunked\r\n"), 501, "unknown_transfer_coding"},
        {POST("Transfer-Encoding: foo, chunked\r\n"), 501, "unknown_transfer_coding"},
    };
    EXPECT_ROWS(rows);
}

/* "space before the colon, folded lines, empty or malformed field names, control characters or NUL
 * in names, values"; "bare LF anywhere a CRLF belongs" */
static void test_fields(void **state)
{
    (void)state;
    static const struct feed_row rows[] = {
        {WITH("Host : h\r\n"), 400, "bad_field"},
        {WITH("Host\t: h\r\n"), 400, "bad_field"},
        {WITH(" Host: h\r\n"), 400, "bad_field"},
        {WITH("Host: h\r\nA: b\r\n c\r\n"), 400, "bad_field"},
        {WITH("Host: h\r\nA: b\r\n\tc\r\n"), 400, "bad_field"},
        {WITH("Host: h\r\n: b\r\n"), 400, "bad_field"},
        {WITH("Host: h\r\nno colon\r\n"), 400, "bad_field"},
        {WITH("Host: h\r\nnocolon\r\n"), 400, "bad_field"},
        {WITH("Host: h\r\nA(b): c\r\n"), 400, "bad_field"},
        {WITH("Host: h\r\nA\xc3\xa9: c\r\n"), 400, "bad_field"},
        {WITH("Host: h\r\nA\0b: c\r\n"), 400, "bad_field"},
        {WITH("Host: h\r\nA\x01: c\r\n"), 400, "bad_field"},
        {WITH("Host: h\r\nA: b\0c\r\n"), 400, "bad_field"},
        {WITH("Host: h\r\nA: b\x7f\r\n"), 400, "bad_field"},
        {WITH("Host: h\r\nA: b\x08\r\n"), 400, "bad_field"},
        {WITH("Host: h\r\nA: b\rc\r\n"), 400, "bad_field"},
        {WITH("Host: h\r\nA: b\r\r\n"), 400, "bad_field"},
        {WITH("Host: h\n"), 400, "bare_lf"},
        {WITH("Host: h\r\nA: b\nC: d\r\n"), 400, "bare_lf"},
        {SLICE("GET / HTTP/1.1\nHost: h\r\n\r\n"), 400, "bare_lf"},
        {SLICE("GET / HTTP/1.1\r\nHost: h\r\n\n"), 400, "bare_lf"},
        {WITH("Host: h\r\nA:\r\nB:\t x\t\xff \r\n"), ACCEPTED},
    };
    EXPECT_ROWS(rows);
}

/* "control characters or NUL in […] target, non-ASCII in the target; GET *; authority-form for
 * anything but CONNECT; fragments". remote-api.md 2: raw { } " | ^ [ ] in the query are accepted */
static void test_target(void **state)
{
    (void)state;
    static const struct feed_row rows[] = {
        {GET("/a\x01"), 400, "bad_target"},
        {GET("/a\0b"), 400, "bad_target"},
        {GET("/a\tb"), 400, "bad_target"},
        {GET("/a\x7f"), 400, "bad_target"},
        {GET("/\xc3\xa9"), 400, "bad_target"},
        {GET("/?\xc3\xa9"), 400, "bad_target"},
        {GET("*"), 400, "bad_target"},
        {GET("example.com:80"), 400, "bad_target"},
        {GET("a/b"), 400, "bad_target"},
        {GET("?a"), 400, "bad_target"},
        {GET("/#f"), 400, "bad_target"},
        {GET("/?a#f"), 400, "bad_target"},
        {GET("http://h/#f"), 400, "bad_target"},
        {GET("ftp://h/"), 400, "bad_target"},
        {GET("/?a=<b>"), 400, "bad_target"},
        {GET("/?a=\\"), 400, "bad_target"},
        {GET("/?a=`"), 400, "bad_target"},
        {GET("/{a}"), 400, "bad_target"},
        {SLICE("CONNECT / HTTP/1.1\r\nHost: h\r\n\r\n"), 400, "bad_target"},
        {SLICE("CONNECT h HTTP/1.1\r\nHost: h\r\n\r\n"), 400, "bad_target"},
        {SLICE("CONNECT h:443 HTTP/1.1\r\nHost: h\r\n\r\n"), ACCEPTED},
        {SLICE("OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n"), ACCEPTED},
        {GET("/a%20b%zz;c=d?p={\"a\":[1]}|^&q=?/"), ACCEPTED},
        {GET("HTTPS://other?x"), ACCEPTED},
    };
    EXPECT_ROWS(rows);
}

/* "whitespace before or inside the request line beyond single spaces; a first byte that is no token
 * (TLS on a plain port: closed at once); more than a few empty lines first"; "unknown major
 * version: 505; HTTP/1.2 and above 1.1 in the minor: treated as 1.1"; methods; Expect */
static void test_line(void **state)
{
    (void)state;
    static const struct feed_row rows[] = {
        {LINE(" GET / HTTP/1.1"), 400, "bad_request_line"},
        {LINE("\tGET / HTTP/1.1"), 400, "bad_request_line"},
        {LINE("GET  / HTTP/1.1"), 400, "bad_request_line"},
        {LINE("GET /  HTTP/1.1"), 400, "bad_request_line"},
        {LINE("GET / HTTP/1.1 "), 400, "bad_request_line"},
        {LINE("GET\t/ HTTP/1.1"), 400, "bad_request_line"},
        {LINE("GET / x HTTP/1.1"), 400, "bad_request_line"},
        {LINE("GET / HTTP/1.1\r"), 400, "bad_request_line"},
        {LINE("GET /"), 400, "bad_request_line"},
        {LINE("GET"), 400, "bad_request_line"},
        {LINE("GET / http/1.1"), 400, "bad_request_line"},
        {LINE("GET / HTTP/1.10"), 400, "bad_request_line"},
        {LINE("GET / HTTP/1"), 400, "bad_request_line"},
        {LINE("GET / ICE/1.0"), 400, "bad_request_line"},
        {LINE("(GET / HTTP/1.1"), 400, "bad_request_line"},
        {LINE("G(T / HTTP/1.1"), 400, "bad_request_line"},
        {LINE("\x16\x03\x01\x02\x01"), 0, "not_http"},
        {LINE("\x80"), 0, "not_http"},
        {LINE("\r\n\r\n\r\n\r\n\r\nGET / HTTP/1.1"), 400, "bad_request_line"},
        {LINE("\nGET / HTTP/1.1"), 400, "bad_request_line"},
        {LINE("\rGET / HTTP/1.1"), 400, "bad_request_line"},
        {LINE("\r\n\r\n\r\n\r\nGET / HTTP/1.1"), ACCEPTED},
        {LINE("GET / HTTP/2.0"), 505, "bad_version"},
        {LINE("GET / HTTP/0.9"), 505, "bad_version"},
        {SLICE("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), 505, "bad_version"},
        {LINE("GET / HTTP/1.2"), ACCEPTED},
        {LINE("GET / HTTP/1.9"), ACCEPTED},
        {LINE("FOO / HTTP/1.1"), 501, "unknown_method"},
        {LINE("get / HTTP/1.1"), 501, "unknown_method"},
        {LINE("SOURCE / HTTP/1.1"), 501, "unknown_method"},
        {LINE("TRACE / HTTP/1.1"), ACCEPTED},
        {LINE("VERSION-CONTROL / HTTP/1.1"), ACCEPTED},
        {WITH("Host: h\r\nExpect: 200-ok\r\n"), 417, "bad_expect"},
        {WITH("Host: h\r\nExpect: 100-continue, x\r\n"), 417, "bad_expect"},
        {WITH("Host: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"), ACCEPTED},
    };
    EXPECT_ROWS(rows);
}

static void fill_head(char *text, size_t size, const char *start, size_t fill)
{
    int used = snprintf(text, size, "%s", start);
    memset(text + used, 'a', fill);
    text[(size_t)used + fill] = '\0';
}

/* "head 16 KiB (431), target 64 KiB (414)", "at most 100 fields": with the small limits of
 * http_feed.h, and before the head has ended. */
static void test_limits(void **state)
{
    (void)state;
    char text[4096], many[512] = "GET / HTTP/1.1\r\nHost: h\r\n";
    struct feed feed;
    fill_head(text, sizeof(text), "GET /", 400);
    const struct feed_row endless_target[] = {{slice_from(text), 414, "target_too_long"}};
    EXPECT_ROWS(endless_target);
    fill_head(text, sizeof(text), "GET /", 256);
    strcat(text, " HTTP/1.1\r\nHost: h\r\n\r\n");
    const struct feed_row long_target[] = {{slice_from(text), 414, "target_too_long"}};
    EXPECT_ROWS(long_target);
    fill_head(text, sizeof(text), "GET /", 255);
    strcat(text, " HTTP/1.1\r\nHost: h\r\n\r\n");
    const struct feed_row fitting_target[] = {{slice_from(text), ACCEPTED}};
    EXPECT_ROWS(fitting_target);
    fill_head(text, sizeof(text), "GET / HTTP/1.1\r\nHost: h\r\nA: ", 1024);
    const struct feed_row endless_head[] = {{slice_from(text), 431, "head_too_large"}};
    EXPECT_ROWS(endless_head);
    for (size_t i = 1; i < feed_limits.max_fields; i++)
        strcat(many, "A: b\r\n");
    strcpy(text, many);
    const struct feed_row most[] = {{slice_from(strcat(text, "\r\n")), ACCEPTED}};
    EXPECT_ROWS(most);
    const struct feed_row too_many[] = {
        {slice_from(strcat(many, "A: b\r\n")), 431, "too_many_fields"}};
    EXPECT_ROWS(too_many);
    feed_all_ways(&feed, SLICE("GET / HTTP/1.1\r\nHost: h\r\n"));
    assert_int_equal(feed.state, HTTP_PARSE_MORE);
    arena_clear(&feed.arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_host),   cmocka_unit_test(test_content_length),
        cmocka_unit_test(test_fields), cmocka_unit_test(test_transfer_encoding),
        cmocka_unit_test(test_target), cmocka_unit_test(test_line),
        cmocka_unit_test(test_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
