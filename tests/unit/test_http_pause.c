/*
 * Bodies that are streamed, paused and bounded: spec/http.md "Connections" and "Limits and
 * timeouts"; remote-api.md 7, files ("streamed to disk, never held whole in memory, after the
 * caller is logged in and admitted").
 */
#include "http_fixture.h"

#include <errno.h>

enum { MOST = 64 * 1024 * 1024, SMALL = 1000 };

/* What the handler saw beyond the fixture's counts; shared with the loop's thread. */
static atomic_uint pieces, ends, faults, called_while_paused;
static atomic_bool is_paused;

static bool is_at(const struct http_request *request, const char *path)
{
    return slice_equal(request->path, slice_from(path));
}

static void park(struct http_request *request)
{
    atomic_store(&is_paused, true);
    http_pause(request);
    http_pause(request);
    atomic_store(&fixture_of(request)->parked, request);
}

/* What a test has the loop do with a request. */
struct act {
    struct loop_item item;
    struct http_request *request;
    int status; /* 0: go on */
};

static void run_act(struct loop_item *item)
{
    struct act *act = (struct act *)item;
    atomic_store(&is_paused, false);
    if (act->status == 0)
        http_resume(act->request);
    else
        answer(act->request, act->status, SLICE("early"));
    free(act);
}

static void post_act(struct fixture *fixture, struct http_request *request, int status)
{
    struct act *act = malloc(sizeof(*act));
    *act = (struct act){{.run = run_act}, request, status};
    loop_post(loop_group_get(fixture->group, 0), &act->item);
}

/* "/head" pauses before the body, "/first" after its first piece, "/each" after every one. */
static enum http_verdict on_head(struct http_request *request)
{
    atomic_fetch_add(&fixture_of(request)->requests, 1);
    request->most_body = is_at(request, "/small") ? SMALL : MOST;
    if (is_at(request, "/head"))
        park(request);
    return request->method == HTTP_GET ? HTTP_COLLECT : HTTP_STREAM;
}

static void on_body(struct http_request *request, struct slice piece)
{
    struct fixture *fixture = fixture_of(request);
    atomic_fetch_add(&called_while_paused, atomic_load(&is_paused));
    atomic_fetch_add(&fixture->streamed, (unsigned)piece.size);
    bool is_first = atomic_fetch_add(&pieces, 1) == 0;
    if (is_at(request, "/first") && is_first)
        park(request);
    if (!is_at(request, "/each"))
        return;
    atomic_store(&is_paused, true);
    http_pause(request);
    post_act(fixture, request, 0);
}

static void on_end(struct http_request *request)
{
    char text[64];
    atomic_fetch_add(&called_while_paused, atomic_load(&is_paused));
    atomic_fetch_add(&ends, 1);
    snprintf(text, sizeof(text), "%.*s has %u of %llu", SLICE_ARGS(request->path),
             atomic_load(&fixture_of(request)->streamed),
             request->has_content_length ? (unsigned long long)request->content_length : 0ULL);
    answer(request, 200, slice_from(text));
}

static void on_abort(struct http_request *request)
{
    atomic_fetch_add(&fixture_of(request)->aborts, 1);
    answer(request, 500, SLICE("nobody hears this"));
}

static void on_fault(struct http_request *request, const struct http_fault *fault,
                     struct http_response *response)
{
    (void)request;
    atomic_fetch_add(&faults, 1);
    response->body = http_body_create();
    buffer_append_slice(&response->body->rest, fault->code);
}

static void on_sent(struct http_request *request)
{
    atomic_fetch_add(&fixture_of(request)->sents, 1);
}

static const struct http_handler handler = {on_head, on_body, on_end, on_abort, on_fault, on_sent};

static void reset(void)
{
    atomic_store(&pieces, 0);
    atomic_store(&ends, 0);
    atomic_store(&faults, 0);
    atomic_store(&called_while_paused, 0);
    atomic_store(&is_paused, false);
}

static struct fixture *begin_anew(void)
{
    reset();
    return begin();
}

static void finish(struct fixture *fixture, int client)
{
    close(client);
    end(fixture);
    assert_int_equal(atomic_load(&called_while_paused), 0);
}

#define POST(path, length) "POST " path " HTTP/1.1\r\nHost: a\r\nContent-Length: " length "\r\n\r\n"
#define CHUNKED(path)      "POST " path " HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"

/* Sends until the kernel has taken nothing for a while, or all; returns what it took. */
static size_t send_while_taken(int client, size_t size)
{
    static char block[65536];
    size_t sent = 0;
    struct pollfd poller = {.fd = client, .events = POLLOUT};
    while (sent < size && poll(&poller, 1, 500) > 0) {
        size_t part = size - sent < sizeof(block) ? size - sent : sizeof(block);
        ssize_t taken = send(client, block, part, MSG_NOSIGNAL | MSG_DONTWAIT);
        assert_true(taken > 0 || errno == EAGAIN);
        sent += taken > 0 ? (size_t)taken : 0;
    }
    return sent;
}

/* "Back-pressure from disk to socket": what is not read stays with the client. */
static void test_a_paused_body_stays_with_the_client(void **state)
{
    (void)state;
    struct fixture *fixture = begin_anew();
    int client = connect_to(fixture);
    say(client, POST("/first", "60000000"));
    size_t sent = send_while_taken(client, 60000000);
    assert_true(sent < 60000000);
    struct http_request *request = wait_parked(fixture);
    unsigned streamed = atomic_load(&fixture->streamed);
    assert_in_range(streamed, 1, HTTP_READ_BYTES);
    assert_int_equal(atomic_load(&pieces), 1);
    post_act(fixture, request, 0);
    while (sent < 60000000)
        sent += send_while_taken(client, 60000000 - sent);
    assert_true(hear(fixture, client, "/first has 60000000 of 60000000", 1));
    finish(fixture, client);
}

/* However many chunks one packet brings, each pause is kept. */
static void test_a_pause_holds_between_the_chunks_of_one_packet(void **state)
{
    (void)state;
    struct fixture *fixture = begin_anew();
    int client = connect_to(fixture);
    say(client,
        CHUNKED("/each") "1\r\na\r\n2;x=y\r\nbc\r\n1\r\nd\r\n3\r\nefg\r\n0\r\n\r\n" GET("/after"));
    assert_true(hear(fixture, client, "/after has 7", 1));
    assert_true(has(fixture, "/each has 7 of 0"));
    assert_int_equal(atomic_load(&pieces), 4);
    finish(fixture, client);
}

/* A body that came whole with its head is not over before its pause is; the next request waits. */
static void test_the_end_and_the_next_request_wait(void **state)
{
    (void)state;
    struct fixture *fixture = begin_anew();
    int client = connect_to(fixture);
    say(client, POST("/first", "5") "12345" GET("/next"));
    struct http_request *request = wait_parked(fixture);
    usleep(200000);
    assert_int_equal(atomic_load(&ends), 0);
    assert_int_equal(atomic_load(&fixture->requests), 1);
    post_act(fixture, request, 0);
    assert_true(hear(fixture, client, "/next has 5", 1));
    assert_true(strstr(fixture->answer, "/first has 5 of 5") < strstr(fixture->answer, "/next"));
    finish(fixture, client);
}

/* "never when the final answer is already known": it is not before the admission. */
static void test_continue_waits_for_the_admission(void **state)
{
    (void)state;
    struct fixture *fixture = begin_anew();
    int client = connect_to(fixture);
    const char *head = "PUT /head HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n"
                       "Expect: 100-continue\r\n\r\n";
    say(client, head);
    struct http_request *request = wait_parked(fixture);
    struct pollfd poller = {.fd = client, .events = POLLIN};
    assert_int_equal(poll(&poller, 1, 200), 0);
    post_act(fixture, request, 0);
    assert_true(hear(fixture, client, "HTTP/1.1 100 Continue\r\n\r\n", 1));
    say(client, "abc");
    assert_true(hear(fixture, client, "/head has 3 of 3", 1));

    fixture->answer_size = 0;
    say(client, head);
    post_act(fixture, wait_parked(fixture), 403);
    assert_true(hear_all(fixture, client));
    assert_ptr_equal(strstr(fixture->answer, "HTTP/1.1 403 "), fixture->answer);
    finish(fixture, client);
}

/* "body at least 1 KiB/s after 10 s grace": the time of a pause is ours, not the client's. */
static void test_paused_time_is_not_the_clients(void **state)
{
    (void)state;
    struct fixture *fixture = make();
    reset();
    fixture->limits.body_grace_ms = 3000;
    start(fixture, SLICE("127.0.0.1:0"));
    int client = connect_to(fixture);
    say(client, POST("/first", "10") "12345");
    struct http_request *request = wait_parked(fixture);
    int64_t received = metric_get(METRIC_RECEIVED_BYTES);
    say(client, "678");
    usleep(3500000);
    assert_int_equal(atomic_load(&faults), 0);
    assert_int_equal(metric_get(METRIC_RECEIVED_BYTES), received);
    post_act(fixture, request, 0);
    wait_until(&fixture->streamed, 8);
    usleep(500000);
    say(client, "90");
    assert_true(hear(fixture, client, "/first has 10 of 10", 1));

    fixture->answer_size = 0; /* after a pause the limit holds as before it */
    atomic_store(&pieces, 0);
    say(client, POST("/first", "10") "12345");
    post_act(fixture, wait_parked(fixture), 0);
    assert_true(hear(fixture, client, "body_timeout", 1));
    finish(fixture, client);
}

static void expect_gone(struct fixture *fixture, const char *text, bool resets)
{
    unsigned aborts = atomic_load(&fixture->aborts);
    struct linger linger = {.l_onoff = resets, .l_linger = 0};
    int client = connect_to(fixture);
    atomic_store(&pieces, 0);
    say(client, text);
    wait_parked(fixture);
    setsockopt(client, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
    close(client);
    wait_until(&fixture->aborts, aborts + 1);
    atomic_store(&is_paused, false);
}

/* Nothing is read, and yet the client's going is seen. */
static void test_a_client_that_goes_during_a_pause(void **state)
{
    (void)state;
    struct fixture *fixture = begin_anew();
    expect_gone(fixture, POST("/first", "10") "12345", false);
    expect_gone(fixture, POST("/first", "10") "12345", true);
    expect_gone(fixture, POST("/head", "10") "12345", false);
    expect_gone(fixture, POST("/first", "5") "12345", true);
    wait_until(&fixture->sents, 4);
    finish(fixture, connect_to(fixture));
}

/* "After an error answer with unread body the gateway closes lingering ... so the client sees the
 * answer"; where nothing is left to read, the connection stays. */
static void test_an_answer_during_a_pause(void **state)
{
    (void)state;
    struct fixture *fixture = begin_anew();
    int client = connect_to(fixture);
    static char rest[200000];
    say(client, POST("/first", "1000000") "12345");
    struct http_request *request = wait_parked(fixture);
    post_act(fixture, request, 422);
    send(client, rest, sizeof(rest), MSG_NOSIGNAL);
    assert_true(hear_all(fixture, client));
    assert_ptr_equal(strstr(fixture->answer, "HTTP/1.1 422 "), fixture->answer);
    assert_true(has(fixture, "Connection: close\r\n"));
    assert_int_equal(atomic_load(&fixture->streamed), 5);
    close(client);

    fixture->answer_size = 0;
    atomic_store(&pieces, 0);
    client = connect_to(fixture);
    say(client, POST("/first", "5") "12345" GET("/next"));
    post_act(fixture, wait_parked(fixture), 422);
    assert_true(hear(fixture, client, "/next has", 1));
    assert_true(has(fixture, "HTTP/1.1 422 "));
    finish(fixture, client);
}

/* "413, decided from Content-Length before reading, or as soon as chunks pass it", each request by
 * its own bound. */
static void test_streamed_bodies_are_bounded(void **state)
{
    (void)state;
    struct fixture *fixture = begin_anew();
    int client = connect_to(fixture);
    int64_t before = metric_get(METRIC_LIMIT_BODY);
    say(client, POST("/small", "1000"));
    assert_int_equal(send_while_taken(client, SMALL), SMALL);
    assert_true(hear(fixture, client, "/small has 1000 of 1000", 1));
    say(client, "POST /small HTTP/1.1\r\nHost: a\r\nContent-Length: 1001\r\n"
                "Expect: 100-continue\r\n\r\n");
    assert_true(hear_all(fixture, client));
    assert_true(has(fixture, "HTTP/1.1 413 ") && has(fixture, "too_large"));
    assert_false(has(fixture, "100 Continue"));
    assert_int_equal(atomic_load(&fixture->streamed), SMALL);
    close(client);

    fixture->answer_size = 0;
    client = connect_to(fixture);
    say(client, CHUNKED("/small") "3e8\r\n");
    assert_int_equal(send_while_taken(client, SMALL), SMALL);
    say(client, "\r\n1\r\nx\r\n1\r\ny\r\n0\r\n\r\n");
    assert_true(hear_all(fixture, client));
    assert_ptr_equal(strstr(fixture->answer, "HTTP/1.1 413 "), fixture->answer);
    assert_int_equal(atomic_load(&fixture->streamed), 2 * SMALL);
    assert_int_equal(metric_get(METRIC_LIMIT_BODY), before + 2);
    assert_int_equal(atomic_load(&faults), 2);
    finish(fixture, client);
}

/* operations.md, SIGTERM: what is not done when server.drain is over is given up. */
static void test_the_end_of_the_process_ends_a_pause(void **state)
{
    (void)state;
    struct fixture *fixture = begin_anew();
    int client = connect_to(fixture);
    say(client, POST("/first", "10") "12345");
    wait_parked(fixture);
    loop_group_drain(fixture->group, 300);
    assert_int_equal(atomic_load(&fixture->aborts), 1);
    assert_int_equal(atomic_load(&fixture->sents), 1);
    finish(fixture, client);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_paused_body_stays_with_the_client),
        cmocka_unit_test(test_a_pause_holds_between_the_chunks_of_one_packet),
        cmocka_unit_test(test_the_end_and_the_next_request_wait),
        cmocka_unit_test(test_continue_waits_for_the_admission),
        cmocka_unit_test(test_paused_time_is_not_the_clients),
        cmocka_unit_test(test_a_client_that_goes_during_a_pause),
        cmocka_unit_test(test_an_answer_during_a_pause),
        cmocka_unit_test(test_streamed_bodies_are_bounded),
        cmocka_unit_test(test_the_end_of_the_process_ends_a_pause),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
