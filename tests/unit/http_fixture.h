/*
 * Shared by the tests of connections: a server on a loop of its own with one handler, which each
 * test file defines, and a client that says and hears bytes over loopback.
 */
#ifndef PORTCULLIS_TESTS_HTTP_FIXTURE_H
#define PORTCULLIS_TESTS_HTTP_FIXTURE_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "http/http.h"
#include "http/server.h"

enum { ANSWER_BYTES = 5 * 1024 * 1024 };

/* The test file's own. */
static const struct http_handler handler;

struct fixture {
    struct config_http limits;
    struct config_server config;
    struct http_route route;
    struct http_server *server;
    struct loop_group *group;
    int port;
    /* What the handler saw; shared with the loop's thread. */
    atomic_uint requests, aborts, sents, streamed, most_at_once, at_once;
    struct http_request *_Atomic parked; /* waits for the test to release it */
    atomic_uint released;
    struct loop_item release;
    char answer[ANSWER_BYTES];
    size_t answer_size;
};

static inline struct fixture *fixture_of(const struct http_request *request)
{
    return http_context(request);
}

static inline void answer(struct http_request *request, int status, struct slice text)
{
    struct http_response response = {.status = status, .body = http_body_create()};
    buffer_append_slice(&response.body->rest, text);
    http_response_field(&response, SLICE("Content-Type"), SLICE("text/plain"));
    http_respond(request, &response);
}

static inline void hook_start(struct loop *loop, void *context)
{
    http_server_loop_start(((struct fixture *)context)->server, loop);
}

static inline void hook_tick(struct loop *loop, void *context)
{
    http_server_loop_tick(((struct fixture *)context)->server, loop);
}

static inline void hook_drain(struct loop *loop, void *context)
{
    http_server_loop_drain(((struct fixture *)context)->server, loop);
}

static inline void hook_stop(struct loop *loop, void *context)
{
    http_server_loop_stop(((struct fixture *)context)->server, loop);
}

static inline struct fixture *make(void)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));
    fixture->config = (struct config_server){.backlog = 128, .max_connections = 100};
    fixture->limits = (struct config_http){
        .max_head = 16384,
        .max_target = 65536,
        .max_fields = 100,
        .max_body = 100000,
        .max_pipelined = 32,
        .head_timeout_ms = 10000,
        .body_grace_ms = 10000,
        .body_min_rate = 1024,
        .idle_timeout_ms = 75000,
        .write_timeout_ms = 30000,
    };
    fixture->route = (struct http_route){SLICE(""), &handler};
    return fixture;
}

static inline void start(struct fixture *fixture, struct slice address)
{
    struct http_server_options options = {
        .limits = &fixture->limits,
        .server = &fixture->config,
        .routes = &fixture->route,
        .route_count = 1,
        .context = fixture,
    };
    struct loop_hooks hooks = {hook_start, hook_tick, hook_drain, hook_stop, fixture};
    fixture->server = http_server_create(&options);
    fixture->group = loop_group_create(1, &hooks);
    assert_int_equal(http_server_bind(fixture->server, address, 1), RESULT_OK);
    const struct sockaddr_in *bound =
        (const struct sockaddr_in *)&fixture->server->listeners[0].address.socket;
    fixture->port = ntohs(bound->sin_port);
    assert_int_equal(loop_group_start(fixture->group), RESULT_OK);
}

static inline struct fixture *begin(void)
{
    struct fixture *fixture = make();
    start(fixture, SLICE("127.0.0.1:0"));
    return fixture;
}

static inline void end(struct fixture *fixture)
{
    loop_group_drain(fixture->group, 500);
    loop_group_destroy(fixture->group);
    http_server_destroy(fixture->server);
    free(fixture);
}

static inline int connect_to(struct fixture *fixture)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)fixture->port)};
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int client = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(connect(client, (struct sockaddr *)&to, sizeof(to)), 0);
    return client;
}

static inline void say(int client, const char *text)
{
    assert_int_equal(send(client, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

/* Reads until the text has come `times` times, the server closed, or a while passed. False unless
 * it came. */
static inline bool hear(struct fixture *fixture, int client, const char *text, unsigned times)
{
    uint64_t until_us = clock_now_us() + 8000000;
    for (;;) {
        fixture->answer[fixture->answer_size] = '\0';
        unsigned found = 0;
        for (const char *at = strstr(fixture->answer, text); at; at = strstr(at + 1, text))
            found++;
        struct pollfd poller = {.fd = client, .events = POLLIN};
        if (found >= times)
            return true;
        if (clock_now_us() > until_us || poll(&poller, 1, 8000) <= 0)
            return false;
        ssize_t count = recv(client, fixture->answer + fixture->answer_size,
                             ANSWER_BYTES - 1 - fixture->answer_size, 0);
        if (count <= 0)
            return false;
        fixture->answer_size += (size_t)count;
    }
}

/* Reads to the end; true when the server closed in order, without a reset. */
static inline bool hear_all(struct fixture *fixture, int client)
{
    ssize_t count = 1;
    struct pollfd poller = {.fd = client, .events = POLLIN};
    while (count > 0 && poll(&poller, 1, 8000) > 0) {
        count = recv(client, fixture->answer + fixture->answer_size,
                     ANSWER_BYTES - 1 - fixture->answer_size, 0);
        if (count > 0)
            fixture->answer_size += (size_t)count;
    }
    fixture->answer[fixture->answer_size] = '\0';
    return count == 0;
}

static inline bool has(const struct fixture *fixture, const char *text)
{
    return strstr(fixture->answer, text) != NULL;
}

static inline void wait_until(atomic_uint *value, unsigned wanted)
{
    for (int i = 0; i < 8000 && atomic_load(value) < wanted; i++)
        usleep(1000);
    assert_int_equal(atomic_load(value), wanted);
}

static inline struct http_request *wait_parked(struct fixture *fixture)
{
    for (int i = 0; i < 8000 && atomic_load(&fixture->parked) == NULL; i++)
        usleep(1000);
    struct http_request *request = atomic_exchange(&fixture->parked, NULL);
    assert_non_null(request);
    return request;
}

#define GET(path) "GET " path " HTTP/1.1\r\nHost: a\r\n\r\n"

#endif
