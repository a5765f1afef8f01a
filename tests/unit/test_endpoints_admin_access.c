/* spec/auth-and-bans.md, Bans: "The admin port asks for admin.token wherever it listens beyond
 * loopback, and checks Host". */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "endpoints/admin_access.h"

#define TOKEN "0123456789abcdef"

struct asked {
    const char *method;        /* GET where NULL */
    const char *host;          /* 127.0.0.1:9180 where NULL */
    const char *origin;        /* NULL: none */
    const char *authorization; /* NULL: none */
    const char *peer;          /* NULL: a unix socket */
    bool is_beyond;            /* by a listener beyond loopback */
    bool is_open_page;
};

/* 0: let in, else the status. */
static int ask(const struct asked *asked, const char *token, struct slice *code)
{
    struct arena arena;
    struct problem problem;
    struct http_field fields[2];
    struct http_request request = {.fields = fields, .is_local = !asked->is_beyond};
    arena_init(&arena);
    problem_init(&problem, &arena);
    const char *method = asked->method ? asked->method : "GET";
    request.method = strcmp(method, "GET") == 0    ? HTTP_GET
                     : strcmp(method, "HEAD") == 0 ? HTTP_HEAD
                     : strcmp(method, "POST") == 0 ? HTTP_POST
                                                   : HTTP_DELETE;
    request.host = slice_from(asked->host ? asked->host : "127.0.0.1:9180");
    if (asked->peer)
        assert_true(network_address_parse(slice_from(asked->peer), &request.peer));
    if (asked->origin)
        fields[request.field_count++] =
            (struct http_field){SLICE("Origin"), slice_from(asked->origin)};
    if (asked->authorization)
        fields[request.field_count++] =
            (struct http_field){SLICE("Authorization"), slice_from(asked->authorization)};
    bool is_in = admin_access_check(&request, token, asked->is_open_page, &problem);
    assert_int_equal(is_in, !problem_is_set(&problem));
    *code = problem.first ? problem.first->code : SLICE("");
    arena_clear(&arena);
    return problem.status;
}

static void expect(const struct asked *asked, const char *token, int status)
{
    struct slice code;
    assert_int_equal(ask(asked, token, &code), status);
}

static void test_on_loopback_nothing_is_asked_for(void **state)
{
    (void)state;
    static const char *const peers[] = {NULL, "127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"};
    for (size_t i = 0; i < sizeof(peers) / sizeof(peers[0]); i++) {
        expect(&(struct asked){.peer = peers[i]}, NULL, 0);
        expect(&(struct asked){.peer = peers[i]}, "", 0);
        expect(&(struct asked){.peer = peers[i]}, TOKEN, 0);
        expect(&(struct asked){.peer = peers[i], .method = "POST"}, "", 0);
        expect(&(struct asked){.peer = peers[i], .method = "DELETE"}, "", 0);
    }
}

/* Whoever is on the machine may read; what changes something is asked for the token that is set. */
static void test_a_token_that_is_set_guards_changes_on_loopback(void **state)
{
    (void)state;
    struct asked asked = {.peer = "127.0.0.1", .method = "POST"};
    expect(&asked, TOKEN, 401);
    asked.authorization = "Bearer " TOKEN;
    expect(&asked, TOKEN, 0);
    asked.method = "DELETE";
    expect(&asked, TOKEN, 0);
    asked.authorization = NULL;
    expect(&asked, TOKEN, 401);
    asked.method = "HEAD";
    expect(&asked, TOKEN, 0);
}

static void test_beyond_loopback_the_token_is_asked_for(void **state)
{
    (void)state;
    static const struct {
        const char *authorization;
        int status;
    } rows[] = {
        {"Bearer " TOKEN, 0},
        {"bearer " TOKEN, 0},
        {"BEARER   " TOKEN, 0},
        {NULL, 401},
        {"", 401},
        {"Bearer", 401},
        {"Bearer ", 401},
        {TOKEN, 401},
        {"Basic " TOKEN, 401},
        {"Bearer 0123456789abcdeF", 401},
        {"Bearer 0123456789abcde", 401},
        {"Bearer 0123456789abcdef0", 401},
        {"Bearer " TOKEN " x", 401},
        {"Bearer," TOKEN, 401},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct asked asked = {
            .peer = "10.0.0.9", .is_beyond = true, .authorization = rows[i].authorization};
        expect(&asked, TOKEN, rows[i].status);
        /* The listener decides, not who comes. */
        asked.peer = "127.0.0.1";
        expect(&asked, TOKEN, rows[i].status);
        asked.is_open_page = true;
        expect(&asked, TOKEN, 0);
    }
}

static void test_beyond_loopback_without_a_token_only_open_pages(void **state)
{
    (void)state;
    struct slice code;
    struct asked asked = {.peer = "10.0.0.9", .is_beyond = true};
    assert_int_equal(ask(&asked, "", &code), 403);
    assert_true(slice_equal(code, SLICE("token_not_set")));
    asked.authorization = "Bearer ";
    expect(&asked, "", 403);
    expect(&asked, NULL, 403);
    asked.is_open_page = true;
    expect(&asked, "", 0);
}

/* A PROXY header on a loopback listener that names somebody else. */
static void test_a_proxy_does_not_make_strangers_local(void **state)
{
    (void)state;
    expect(&(struct asked){.peer = "198.18.0.1"}, "", 403);
    expect(&(struct asked){.peer = "198.18.0.1"}, TOKEN, 401);
    expect(&(struct asked){.peer = "198.18.0.1", .authorization = "Bearer " TOKEN}, TOKEN, 0);
}

static void test_host_is_an_address_or_localhost(void **state)
{
    (void)state;
    static const char *const good[] = {"127.0.0.1",  "127.0.0.1:9180", "localhost", "LOCALHOST:1",
                                       "[::1]:9180", "[::1]",          "10.0.0.7",  ""};
    static const char *const bad[] = {"evil.example", "127.0.0.1.evil.example:9180",
                                      "localhost.evil:9180", "1"};
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        expect(&(struct asked){.host = good[i]}, "", 0);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        expect(&(struct asked){.host = bad[i]}, "", 421);
        expect(&(struct asked){.host = bad[i], .is_open_page = true}, "", 421);
        expect(&(struct asked){.host = bad[i], .is_beyond = true, .authorization = "Bearer " TOKEN},
               TOKEN, 421);
    }
}

/* A form on a stranger's page, posted by the browser of somebody who may reach this listener. */
static void test_pages_of_others_change_nothing(void **state)
{
    (void)state;
    static const char *const others[] = {"http://evil.example",
                                         "null",
                                         "http://127.0.0.1",
                                         "http://127.0.0.1:9181",
                                         "ftp://127.0.0.1:9180",
                                         "127.0.0.1:9180",
                                         "http://127.0.0.1:9180/x",
                                         "",
                                         "https://evil.example?http://127.0.0.1:9180"};
    static const char *const methods[] = {"POST", "DELETE"};
    for (size_t m = 0; m < 2; m++) {
        for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
            expect(&(struct asked){.method = methods[m], .origin = others[i]}, "", 403);
        expect(&(struct asked){.method = methods[m], .origin = "http://127.0.0.1:9180"}, "", 0);
        expect(&(struct asked){.method = methods[m], .origin = "https://127.0.0.1:9180"}, "", 0);
        /* Holding the token makes no difference: a browser may keep it for a page. */
        expect(&(struct asked){.method = methods[m],
                               .origin = others[0],
                               .authorization = "Bearer " TOKEN},
               TOKEN, 403);
    }
    expect(&(struct asked){.origin = others[0]}, "", 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_on_loopback_nothing_is_asked_for),
        cmocka_unit_test(test_a_token_that_is_set_guards_changes_on_loopback),
        cmocka_unit_test(test_beyond_loopback_the_token_is_asked_for),
        cmocka_unit_test(test_beyond_loopback_without_a_token_only_open_pages),
        cmocka_unit_test(test_a_proxy_does_not_make_strangers_local),
        cmocka_unit_test(test_host_is_an_address_or_localhost),
        cmocka_unit_test(test_pages_of_others_change_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
