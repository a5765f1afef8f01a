/* redis.url and redis.sentinels (operations.md, "Configuration"). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdlib.h>

#include "store/redis_url.h"

static void assert_slice(struct slice is, const char *text)
{
    if (!slice_equal(is, slice_from(text)))
        fail_msg("\"%.*s\" instead of \"%s\"", SLICE_ARGS(is), text);
}

static void test_urls(void **state)
{
    (void)state;
    static const struct {
        const char *text, *host, *port, *user, *password, *path;
        uint64_t db;
    } good[] = {
        {"redis://db", "db", "6379", "", "", "", 0},
        {"redis://db/", "db", "6379", "", "", "", 0},
        {"redis://db:7000/15", "db", "7000", "", "", "", 15},
        {"redis://[2001:db8::1]", "2001:db8::1", "6379", "", "", "", 0},
        {"redis://[::1]:7000/1", "::1", "7000", "", "", "", 1},
        {"redis://:word@db", "db", "6379", "", "word", "", 0},
        {"redis://word@db", "db", "6379", "", "word", "", 0},
        {"redis://me:word@db/2", "db", "6379", "me", "word", "", 2},
        {"redis://me:@db", "db", "6379", "me", "", "", 0},
        {"redis://@db", "db", "6379", "", "", "", 0},
        {"redis://m%65:a%3ab%40c%2Fd%25@db", "db", "6379", "me", "a:b@c/d%", "", 0},
        {"redis://:a:b@c/d@db/3", "db", "6379", "", "a:b@c/d", "", 3},
        {"redis://:100%@db", "db", "6379", "", "100%", "", 0},
        {"redis://:%zz%4@db", "db", "6379", "", "%zz%4", "", 0},
        {"unix:///run/redis.sock", "", "", "", "", "/run/redis.sock", 0},
        {"unix:///a%20b@c:d", "", "", "", "", "/a%20b@c:d", 0},
    };
    for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
        struct redis_url url;
        assert_true(redis_url_parse(slice_from(good[i].text), &url));
        assert_string_equal(url.host.name, good[i].host);
        assert_string_equal(url.host.port, good[i].port);
        assert_slice(url.user, good[i].user);
        assert_slice(url.password, good[i].password);
        assert_slice(url.path, good[i].path);
        assert_int_equal(url.db, good[i].db);
        redis_url_clear(&url);
    }
}

/* A password is any bytes, also a zero. */
static void test_password_of_any_bytes(void **state)
{
    (void)state;
    struct redis_url url;
    assert_true(redis_url_parse(SLICE("redis://:%00%fF@db"), &url));
    assert_int_equal(url.password.size, 2);
    assert_memory_equal(url.password.data, "\0\xff", 2);
    redis_url_clear(&url);
}

static void test_no_urls(void **state)
{
    (void)state;
    static const char *const bad[] = {"",
                                      "redis:",
                                      "redis://",
                                      "redis://:7000",
                                      "redis://db:",
                                      "redis://db:70000",
                                      "redis://db:7x",
                                      "redis://db/x",
                                      "redis://db/1/2",
                                      "redis://db/-1",
                                      "redis://db/99999999999999999999",
                                      "redis://[::1",
                                      "redis://[]",
                                      "redis://[::1]x",
                                      "redis://me:word@",
                                      "unix:///",
                                      "unix://run/redis.sock",
                                      "http://db"};
    struct redis_url url;
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        assert_false(redis_url_parse(slice_from(bad[i]), &url));
        assert_null(url.text);
    }
    char host[300] = "redis://";
    for (size_t i = 8; i < sizeof(host) - 1; i++)
        host[i] = 'a';
    assert_false(redis_url_parse(slice_of(host, sizeof(host) - 1), &url));
    assert_false(redis_url_parse(SLICE("redis://d\0b"), &url));
}

static void test_sentinels(void **state)
{
    (void)state;
    size_t count = 0;
    struct redis_host *hosts = redis_hosts_parse(SLICE(" a, b:1 ,[::1],[::2]:7 "), "26379", &count);
    assert_int_equal(count, 4);
    assert_string_equal(hosts[0].name, "a");
    assert_string_equal(hosts[0].port, "26379");
    assert_string_equal(hosts[1].port, "1");
    assert_string_equal(hosts[2].name, "::1");
    assert_string_equal(hosts[3].port, "7");
    free(hosts);
    static const char *const none[] = {"", "  ", ",", "a,", "a,b:x", "a,,b"};
    for (size_t i = 0; i < sizeof(none) / sizeof(*none); i++) {
        assert_null(redis_hosts_parse(slice_from(none[i]), "26379", &count));
        assert_int_equal(count, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_urls),
        cmocka_unit_test(test_password_of_any_bytes),
        cmocka_unit_test(test_no_urls),
        cmocka_unit_test(test_sentinels),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
