/* The PROXY header, versions 1 and 2 (haproxy's doc/proxy-protocol.txt); spec/auth-and-bans.md
 * "The client's address": "a PROXY header (v1, v2) is required". */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "http/proxy_header.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))
#define SIGNATURE   "\r\n\r\n\0\r\nQUIT\n"
#define ADDRESSES_4 "\xc0\x00\x02\x01\x0a\x00\x00\x01\x12\x34\x00\x50"
#define ADDRESS_6   "\x20\x01\x0d\xb8\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x07"
#define ADDRESSES_6 ADDRESS_6 ADDRESS_6 "\x12\x34\x00\x50"
#define NOUGHTS_18  "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
#define NOUGHTS_108 NOUGHTS_18 NOUGHTS_18 NOUGHTS_18 NOUGHTS_18 NOUGHTS_18 NOUGHTS_18
#define MAPPED_6    "\0\0\0\0\0\0\0\0\0\0\xff\xff\xc0\x00\x02\x01"
#define FF_11       "fffffffffff"
#define FF_91       FF_11 FF_11 FF_11 FF_11 FF_11 FF_11 FF_11 FF_11 "fff"

struct row {
    struct slice bytes;
    const char *client; /* "": nobody is named */
};

static enum http_parse feed(const char *bytes, size_t size, size_t *used, char *printed)
{
    struct network_address client = {{0}};
    /* A copy of its own, so that a sanitizer sees a read behind the end. */
    char copy[16384];
    memcpy(copy + sizeof(copy) - size, bytes, size);
    enum http_parse parse =
        http_proxy_header_parse(slice_of(copy + sizeof(copy) - size, size), used, &client);
    printed[0] = '\0';
    if (network_address_is_known(&client))
        network_address_print(&client, printed);
    return parse;
}

static void test_headers_name_their_client_at_the_last_byte(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {SLICE("PROXY TCP4 192.0.2.1 10.0.0.1 4660 80\r\n"), "192.0.2.1"},
        {SLICE("PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n"), "255.255.255.255"},
        {SLICE("PROXY TCP4 0.0.0.0 0.0.0.0 0 0\r\n"), "0.0.0.0"},
        {SLICE("PROXY TCP6 2001:db8::7 ::1 4660 80\r\n"), "2001:db8::7"},
        {SLICE("PROXY TCP6 ::ffff:192.0.2.1 ::1 4660 80\r\n"), "192.0.2.1"},
        {SLICE("PROXY TCP6 ::FFFF:C000:201 1:2:3:4:5:6:7:8 1 2\r\n"), "192.0.2.1"},
        {SLICE("PROXY TCP6 2001:0DB8:0000:0000:0000:0000:0000:0007 "
               "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n"),
         "2001:db8::7"},
        {SLICE("PROXY TCP6 :: :: 0 0\r\n"), ""},
        {SLICE("PROXY UNKNOWN\r\n"), ""},
        {SLICE("PROXY UNKNOWN what ever \0 it says\r\n"), ""},
        {SLICE("PROXY UNKNOWN ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff "
               "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n"),
         ""},
        {SLICE("PROXY UNKNOWN " FF_91 "\r\n"), ""},
        {SLICE(SIGNATURE "\x21\x11\x00\x0c" ADDRESSES_4), "192.0.2.1"},
        {SLICE(SIGNATURE "\x21\x12\x00\x0c" ADDRESSES_4), "192.0.2.1"},
        {SLICE(SIGNATURE "\x21\x11\x00\x11" ADDRESSES_4 "\x04\x00\x02zz"), "192.0.2.1"},
        {SLICE(SIGNATURE "\x21\x11\x00\x0c\x00\x00\x00\x00\x0a\x00\x00\x01\0\0\0\0"), "0.0.0.0"},
        {SLICE(SIGNATURE "\x21\x21\x00\x24" ADDRESSES_6), "2001:db8::7"},
        {SLICE(SIGNATURE "\x21\x22\x00\x24" ADDRESSES_6), "2001:db8::7"},
        {SLICE(SIGNATURE "\x21\x21\x00\x24" MAPPED_6 ADDRESS_6 "\x12\x34\x00\x50"), "192.0.2.1"},
        {SLICE(SIGNATURE "\x21\x21\x00\x24" NOUGHTS_18 NOUGHTS_18), ""},
        {SLICE(SIGNATURE "\x21\x10\x00\x0c" ADDRESSES_4), ""},
        {SLICE(SIGNATURE "\x21\x20\x00\x01x"), ""},
        {SLICE(SIGNATURE "\x21\x02\x00\x00"), ""},
        {SLICE(SIGNATURE "\x21\x32\x00\xd8" NOUGHTS_108 NOUGHTS_108), ""},
        {SLICE(SIGNATURE "\x21\x31\x00\xd8" NOUGHTS_108 NOUGHTS_108), ""},
        {SLICE(SIGNATURE "\x21\x00\x00\x00"), ""},
        {SLICE(SIGNATURE "\x21\x00\x00\x03xyz"), ""},
        {SLICE(SIGNATURE "\x20\x00\x00\x00"), ""},
        {SLICE(SIGNATURE "\x20\x11\x00\x0c" ADDRESSES_4), ""},
        {SLICE(SIGNATURE "\x20\x11\x00\x03\x04\x00\x00"), ""},
        {SLICE(SIGNATURE "\x20\xff\x00\x01x"), ""},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct slice bytes = rows[i].bytes;
        char printed[NETWORK_TEXT];
        char longer[512];
        size_t used = 0;
        for (size_t cut = 0; cut < bytes.size; cut++)
            assert_int_equal(feed(bytes.data, cut, &used, printed), HTTP_PARSE_MORE);
        assert_int_equal(feed(bytes.data, bytes.size, &used, printed), HTTP_PARSE_DONE);
        assert_int_equal(used, bytes.size);
        assert_string_equal(printed, rows[i].client);
        memset(longer, '\n', sizeof(longer));
        memcpy(longer, bytes.data, bytes.size);
        assert_int_equal(feed(longer, sizeof(longer), &used, printed), HTTP_PARSE_DONE);
        assert_int_equal(used, bytes.size);
        assert_string_equal(printed, rows[i].client);
    }
}

/* Each is a fault with its last byte, however it is cut. */
static void test_faults_are_told_by_their_first_wrong_byte(void **state)
{
    (void)state;
    static const struct slice rows[] = {
        SLICE("G"),
        SLICE("p"), /* proxy */
        SLICE("\0"),
        SLICE("\n"),
        SLICE("\r\r"),
        SLICE("PROXY\t"),
        SLICE("Pr"),
        SLICE("PROXX"),
        SLICE("PROXY\r"),
        SLICE("PROXY \n"),
        SLICE("PROXY \r\n"),
        SLICE("PROXY TCP4\r\n"),
        SLICE("PROXY UNKNOWNX\r\n"),
        SLICE("PROXY UNKNOWN\n"),
        SLICE("PROXY UNKNOWN x\n"),
        SLICE("PROXY UNKNOWN\rx"),
        SLICE("PROXY UDP4 192.0.2.1 10.0.0.1 1 2\r\n"),
        SLICE("PROXY tcp4 192.0.2.1 10.0.0.1 1 2\r\n"),
        SLICE("PROXY TCP4  192.0.2.1 10.0.0.1 1 2\r\n"),
        SLICE("PROXY TCP4 192.0.2.1 10.0.0.1 1\r\n"),
        SLICE("PROXY TCP4 192.0.2.1 10.0.0.1 1 2 3\r\n"),
        SLICE("PROXY TCP4 192.0.2.1 10.0.0.1 1 2 \r\n"),
        SLICE("PROXY TCP4 192.0.2.1 10.0.0.1 1 65536\r\n"),
        SLICE("PROXY TCP4 192.0.2.1 10.0.0.1 -1 2\r\n"),
        SLICE("PROXY TCP4 192.0.2.1 10.0.0.1 65536 2\r\n"),
        SLICE("PROXY TCP4 192.0.2.1 10.0.0.1 99999999999999999999999 2\r\n"),
        SLICE("PROXY TCP4 192.0.2.1 10.0.0.1 01 2\r\n"),
        SLICE("PROXY TCP4 192.0.2.1 10.0.0.1 1 00\r\n"),
        SLICE("PROXY TCP4 192.0.2.1 10.0.0.1 1 +2\r\n"),
        SLICE("PROXY TCP4 192.0.2.1 10.0.0.1 1 0x2\r\n"),
        SLICE("PROXY TCP4 192.0.2.1 10.0.0.1  2\r\n"),
        SLICE("PROXY TCP4 192.0.2.1 10.0.0.1 1 \r\n"),
        SLICE("PROXY TCP4 192.0.2 10.0.0.1 1 2\r\n"),
        SLICE("PROXY TCP4 192.0.2.256 10.0.0.1 1 2\r\n"),
        SLICE("PROXY TCP4 192.0.02.1 10.0.0.1 1 2\r\n"),
        SLICE("PROXY TCP4 192.0.2.1 10.0.0.01 1 2\r\n"),
        SLICE("PROXY TCP4 192.0.2.1.1 10.0.0.1 1 2\r\n"),
        SLICE("PROXY TCP4 3221225985 10.0.0.1 1 2\r\n"),
        SLICE("PROXY TCP4 0xc0000201 10.0.0.1 1 2\r\n"),
        SLICE("PROXY TCP4 192.0.2.1:80 10.0.0.1 1 2\r\n"),
        SLICE("PROXY TCP4\t192.0.2.1 10.0.0.1 1 2\r\n"),
        SLICE("PROXY TCP4 192.0.2.1 nobody 1 2\r\n"),
        SLICE("PROXY TCP4 192.0.2.1 ::1 1 2\r\n"),
        SLICE("PROXY TCP 192.0.2.1 10.0.0.1 1 2\r\n"),
        SLICE("PROXY  TCP4 192.0.2.1 10.0.0.1 1 2\r\n"),
        SLICE("PROXY TCP4 192.0.2.1 10.0.0.1 1 2\n"),
        SLICE("PROXY TCP4 192.0.2.1 10.0.0.1 1 2\r\r"),
        SLICE("PROXY TCP4 192.0.2.1\0 10.0.0.1 1 2\r\n"),
        SLICE("PROXY TCP4 2001:db8::7 ::1 1 2\r\n"),
        SLICE("PROXY TCP6 192.0.2.1 10.0.0.1 1 2\r\n"),
        SLICE("PROXY TCP6 fe80::1%eth0 ::1 1 2\r\n"),
        SLICE("PROXY TCP6 [::1] ::1 1 2\r\n"),
        SLICE("PROXY TCP6 1::2::3 ::1 1 2\r\n"),
        SLICE("PROXY TCP6 1:2:3:4:5:6:7:8:9 ::1 1 2\r\n"),
        SLICE("PROXY TCP6 12345:: ::1 1 2\r\n"),
        SLICE("PROXY TCP6 ::1 g::1 1 2\r\n"),
        SLICE("PROXY TCP6 ::1 10.0.0.1 1 2\r\n"),
        SLICE("PROXY UNKNOWN " FF_91 "ff"),  /* 107 bytes and no CRLF */
        SLICE("PROXY UNKNOWN " FF_91 "f\r"), /* 108 with its LF */
        SLICE("\r\n\r\n\0\r\nQUIX"),
        SLICE(SIGNATURE "\x11"),
        SLICE(SIGNATURE "\x01"),
        SLICE(SIGNATURE "\x31"),
        SLICE(SIGNATURE "\x22"),
        SLICE(SIGNATURE "\x2f"),
        SLICE(SIGNATURE "\x21\x13"),
        SLICE(SIGNATURE "\x21\x03"),
        SLICE(SIGNATURE "\x21\x1f"),
        SLICE(SIGNATURE "\x21\x41"),
        SLICE(SIGNATURE "\x21\xf1"),
        SLICE(SIGNATURE "\x21\x11\x00\x0b"),
        SLICE(SIGNATURE "\x21\x21\x00\x23"),
        SLICE(SIGNATURE "\x21\x31\x00\xd7"),
        SLICE(SIGNATURE "\x21\x11\x20\x01"),
        SLICE(SIGNATURE "\x20\x00\xff\xff"),
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        char printed[NETWORK_TEXT];
        size_t used = 0;
        for (size_t cut = 0; cut < rows[i].size; cut++)
            assert_int_equal(feed(rows[i].data, cut, &used, printed), HTTP_PARSE_MORE);
        assert_int_equal(feed(rows[i].data, rows[i].size, &used, printed), HTTP_PARSE_FAULT);
        assert_int_equal(used, 0);
    }
}

/* Version 2 says its length: what does not hold its family's addresses, or is out of bounds, is a
 * fault; anything behind the addresses is skipped. */
static void test_every_length_of_version_2(void **state)
{
    (void)state;
    static const struct {
        char command;
        char family;
        size_t least;
    } rows[] = {{'\x20', '\x11', 0},  {'\x21', '\x00', 0},  {'\x21', '\x10', 0},
                {'\x21', '\x11', 12}, {'\x21', '\x21', 36}, {'\x21', '\x31', 216}};
    static char header[16 + 65535] = SIGNATURE;
    struct network_address client;
    for (size_t row = 0; row < COUNT(rows); row++) {
        header[12] = rows[row].command;
        header[13] = rows[row].family;
        for (size_t length = 0; length <= 65535; length++) {
            bool is_fine = length >= rows[row].least && length <= 8192;
            size_t used = 0;
            header[14] = (char)(length >> 8);
            header[15] = (char)(length & 255);
            struct slice bytes = slice_of(header, sizeof(header));
            assert_int_equal(http_proxy_header_parse(bytes, &used, &client),
                             is_fine ? HTTP_PARSE_DONE : HTTP_PARSE_FAULT);
            assert_int_equal(used, is_fine ? 16 + length : 0);
            bytes.size = 16 + length - 1;
            if (is_fine)
                assert_int_equal(http_proxy_header_parse(bytes, &used, &client), HTTP_PARSE_MORE);
        }
    }
}

static void test_the_longest_header(void **state)
{
    (void)state;
    char header[HTTP_PROXY_HEADER_BYTES] = SIGNATURE "\x21\x11\x20\x00" ADDRESSES_4;
    char printed[NETWORK_TEXT];
    size_t used = 0;
    assert_int_equal(feed(header, sizeof(header) - 1, &used, printed), HTTP_PARSE_MORE);
    assert_int_equal(feed(header, sizeof(header), &used, printed), HTTP_PARSE_DONE);
    assert_int_equal(used, sizeof(header));
    assert_string_equal(printed, "192.0.2.1");
}

/* What comes in the same segment is the client's own, a second header too. */
static void test_what_follows_is_left_alone(void **state)
{
    (void)state;
    static const struct slice rows[] = {
        SLICE("PROXY TCP4 192.0.2.1 10.0.0.1 1 2\r\n"),
        SLICE(SIGNATURE "\x21\x11\x00\x0c" ADDRESSES_4),
    };
    static const struct slice behind[] = {
        SLICE("GET / HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\n"),
        SLICE("PROXY TCP4 203.0.113.9 10.0.0.1 1 2\r\n"),
        SLICE(SIGNATURE "\x21\x21\x00\x24" ADDRESSES_6),
        SLICE("\0\xff"),
    };
    for (size_t i = 0; i < COUNT(rows) * COUNT(behind); i++) {
        struct slice header = rows[i / COUNT(behind)];
        struct slice more = behind[i % COUNT(behind)];
        char bytes[256];
        char printed[NETWORK_TEXT];
        size_t used = 0;
        memcpy(bytes, header.data, header.size);
        memcpy(bytes + header.size, more.data, more.size);
        assert_int_equal(feed(bytes, header.size + more.size, &used, printed), HTTP_PARSE_DONE);
        assert_int_equal(used, header.size);
        assert_string_equal(printed, "192.0.2.1");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_headers_name_their_client_at_the_last_byte),
        cmocka_unit_test(test_faults_are_told_by_their_first_wrong_byte),
        cmocka_unit_test(test_every_length_of_version_2),
        cmocka_unit_test(test_the_longest_header),
        cmocka_unit_test(test_what_follows_is_left_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
