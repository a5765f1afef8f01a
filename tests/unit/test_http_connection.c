/*
 * Connections over loopback, with a tiny handler: spec/http.md "Connections" and "Limits and
 * timeouts, each its own test".
 */
#include <fcntl.h>
#include <sys/un.h>

#include "http_fixture.h"

enum { BIG = 4 * 1024 * 1024 };

static void answer_big(struct http_request *request)
{
    struct http_response response = {.status = 200, .body = http_body_create()};
    memset(buffer_reserve(&response.body->rest, BIG), 'b', BIG);
    response.body->rest.size = BIG;
    http_respond(request, &response);
}

/* 300,000 bytes of the alphabet, over and over. */
static struct http_file *make_alphabet(void)
{
    char path[] = "/tmp/portcullis-test-XXXXXX";
    int file = mkstemp(path);
    unlink(path);
    char block[1000];
    for (size_t i = 0; i < sizeof(block); i++)
        block[i] = (char)('a' + i % 26);
    for (int i = 0; i < 300; i++)
        assert_int_equal(pwrite(file, block, sizeof(block), i * 1000), sizeof(block));
    return http_file_create(file);
}

static void answer_file(struct http_request *request)
{
    static const struct http_file_part part = {.offset = 26000, .size = 260000};
    struct http_response response = {
        .status = 200, .file = make_alphabet(), .parts = &part, .part_count = 1};
    http_respond(request, &response);
}

static enum http_verdict on_head(struct http_request *request)
{
    struct fixture *fixture = fixture_of(request);
    atomic_fetch_add(&fixture->requests, 1);
    unsigned now = atomic_fetch_add(&fixture->at_once, 1) + 1;
    if (now > atomic_load(&fixture->most_at_once))
        atomic_store(&fixture->most_at_once, now);
    if (slice_equal(request->path, SLICE("/no"))) {
        answer(request, 401, SLICE("no"));
        return HTTP_ANSWERED;
    }
    return slice_equal(request->path, SLICE("/stream")) ? HTTP_STREAM : HTTP_COLLECT;
}

static void on_body(struct http_request *request, struct slice piece)
{
    atomic_fetch_add(&fixture_of(request)->streamed, (unsigned)piece.size);
}

static void on_end(struct http_request *request)
{
    if (slice_equal(request->path, SLICE("/park")))
        atomic_store(&fixture_of(request)->parked, request);
    else if (slice_equal(request->path, SLICE("/big")))
        answer_big(request);
    else if (slice_equal(request->path, SLICE("/file")))
        answer_file(request);
    else if (slice_equal(request->path, SLICE("/none")))
        http_respond(request, &(struct http_response){.status = 204});
    else
        answer(request, 200, request->body.size > 0 ? request->body : request->target);
}

static void on_abort(struct http_request *request)
{
    atomic_fetch_add(&fixture_of(request)->aborts, 1);
}

static void on_fault(struct http_request *request, const struct http_fault *fault,
                     struct http_response *response)
{
    (void)request;
    response->body = http_body_create();
    buffer_append_slice(&response->body->rest, fault->code);
}

static void on_sent(struct http_request *request)
{
    atomic_fetch_add(&fixture_of(request)->sents, 1);
    atomic_fetch_sub(&fixture_of(request)->at_once, 1);
}

static const struct http_handler handler = {on_head, on_body, on_end, on_abort, on_fault, on_sent};

struct release {
    struct loop_item item;
    struct http_request *request;
};

static void run_release(struct loop_item *item)
{
    struct release *release = (struct release *)item;
    struct fixture *fixture = fixture_of(release->request);
    answer(release->request, 200, SLICE("released"));
    atomic_fetch_add(&fixture->released, 1);
    free(release);
}

static void release(struct fixture *fixture, struct http_request *request)
{
    struct release *posted = malloc(sizeof(*posted));
    *posted = (struct release){{.run = run_release}, request};
    loop_post(loop_group_get(fixture->group, 0), &posted->item);
}

static void test_answers_have_their_fields(void **state)
{
    (void)state;
    struct fixture *fixture = begin();
    int client = connect_to(fixture);
    say(client, GET("/a?b"));
    assert_true(hear(fixture, client, "/a?b", 1));
    assert_ptr_equal(strstr(fixture->answer, "HTTP/1.1 200 OK\r\n"), fixture->answer);
    assert_true(has(fixture, "\r\nServer: portcullis\r\n"));
    assert_true(has(fixture, "\r\nContent-Length: 4\r\n"));
    assert_true(has(fixture, "\r\nContent-Type: text/plain\r\n"));
    assert_true(has(fixture, " GMT\r\n"));
    assert_false(has(fixture, "Connection:"));
    say(client, GET("/second"));
    assert_true(hear(fixture, client, "/second", 1));
    close(client);
    end(fixture);
}

static void test_head_204_and_close(void **state)
{
    (void)state;
    struct fixture *fixture = begin();
    int client = connect_to(fixture);
    say(client, "HEAD /12345 HTTP/1.1\r\nHost: a\r\n\r\n" GET("/none"));
    say(client, "GET /bye HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    assert_true(hear_all(fixture, client));
    assert_true(has(fixture, "\r\nContent-Length: 6\r\n"));
    assert_false(has(fixture, "/12345"));
    const char *none = strstr(fixture->answer, "HTTP/1.1 204 No Content\r\n");
    const char *bye = strstr(fixture->answer, "\r\nConnection: close\r\n");
    assert_true(none != NULL && bye > none);
    assert_true(has(fixture, "/bye"));
    close(client);
    end(fixture);
}

static void test_http_1_0_stays_only_when_asked(void **state)
{
    (void)state;
    struct fixture *fixture = begin();
    int client = connect_to(fixture);
    say(client, "GET /x HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    assert_true(hear(fixture, client, "Connection: keep-alive\r\n", 1));
    say(client, "GET /y HTTP/1.0\r\n\r\n");
    assert_true(hear_all(fixture, client));
    assert_true(has(fixture, "Connection: close\r\n"));
    close(client);
    end(fixture);
}

/* "pipelining with answers in order", also when the first is the slowest. */
static void test_pipelined_answers_keep_their_order(void **state)
{
    (void)state;
    struct fixture *fixture = begin();
    int client = connect_to(fixture);
    say(client, GET("/park") GET("/two") GET("/three"));
    struct http_request *request = wait_parked(fixture);
    wait_until(&fixture->requests, 3);
    assert_int_equal(recv(client, fixture->answer, 1, MSG_DONTWAIT), -1);
    release(fixture, request);
    assert_true(hear(fixture, client, "/three", 1));
    assert_true(strstr(fixture->answer, "released") < strstr(fixture->answer, "/two"));
    assert_true(strstr(fixture->answer, "/two") < strstr(fixture->answer, "/three"));
    close(client);
    end(fixture);
}

static void check_pipelining(unsigned most)
{
    struct fixture *fixture = make();
    fixture->limits.max_pipelined = most;
    start(fixture, SLICE("127.0.0.1:0"));
    int client = connect_to(fixture);
    say(client, GET("/park"));
    for (unsigned i = 0; i < most + 16; i++)
        say(client, GET("/n"));
    struct http_request *request = wait_parked(fixture);
    wait_until(&fixture->requests, most);
    usleep(200000);
    assert_int_equal(atomic_load(&fixture->requests), most);
    release(fixture, request);
    assert_true(hear(fixture, client, "HTTP/1.1 200 OK", most + 17));
    assert_int_equal(atomic_load(&fixture->most_at_once), most);
    close(client);
    end(fixture);
}

/* "at most 32 requests of one connection in flight, then reading stops"; http.max_pipelined, up to
 * its highest value. */
static void test_pipelining_is_bounded(void **state)
{
    (void)state;
    check_pipelining(4);
    check_pipelining(256);
    check_pipelining(CONFIG_MOST_PIPELINED);
}

/* RFC 9112 9.3.2: what follows an unsafe method waits for its answer, and it for those before. */
static void test_unsafe_methods_run_alone(void **state)
{
    (void)state;
    struct fixture *fixture = begin();
    int client = connect_to(fixture);
    say(client,
        GET("/park") "POST /post HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi" GET("/after"));
    struct http_request *request = wait_parked(fixture);
    usleep(100000);
    assert_int_equal(atomic_load(&fixture->requests), 1);
    release(fixture, request);
    assert_true(hear(fixture, client, "/after", 1));
    assert_int_equal(atomic_load(&fixture->most_at_once), 1);
    close(client);
    end(fixture);
}

static void test_bodies_arrive_in_pieces(void **state)
{
    (void)state;
    struct fixture *fixture = begin();
    int client = connect_to(fixture);
    say(client, "POST /c HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2");
    usleep(50000);
    say(client,
        "\r\nde\r\n0\r\n\r\nPOST /stream HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n12");
    usleep(50000);
    say(client, "345");
    assert_true(hear(fixture, client, "/stream", 1));
    assert_true(has(fixture, "abcde"));
    assert_int_equal(atomic_load(&fixture->streamed), 5);
    close(client);
    end(fixture);
}

/* "never when the final answer is already known". */
static void test_continue_is_sent_when_the_body_is_wanted(void **state)
{
    (void)state;
    struct fixture *fixture = begin();
    int client = connect_to(fixture);
    const char *expect = "Content-Length: 3\r\nExpect: 100-continue\r\n\r\n";
    say(client, "POST /yes HTTP/1.1\r\nHost: a\r\n");
    say(client, expect);
    assert_true(hear(fixture, client, "HTTP/1.1 100 Continue\r\n\r\n", 1));
    say(client, "abc");
    assert_true(hear(fixture, client, "\r\n\r\nabc", 1));
    fixture->answer_size = 0;
    say(client, "POST /no HTTP/1.1\r\nHost: a\r\n");
    say(client, expect);
    assert_true(hear_all(fixture, client));
    assert_ptr_equal(strstr(fixture->answer, "HTTP/1.1 401 "), fixture->answer);
    assert_true(has(fixture, "Connection: close\r\n"));
    close(client);
    end(fixture);
}

/* "so the client sees the answer": it goes on sending while we refuse. */
static void test_too_large_bodies_are_refused_lingering(void **state)
{
    (void)state;
    struct fixture *fixture = begin();
    int client = connect_to(fixture);
    int64_t before = metric_get(METRIC_LIMIT_BODY);
    static char block[100000];
    memset(block, 'x', sizeof(block));
    say(client, "POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 200000\r\n\r\n");
    usleep(100000);
    send(client, block, sizeof(block), MSG_NOSIGNAL);
    send(client, block, sizeof(block), MSG_NOSIGNAL);
    assert_true(hear(fixture, client, "too_large", 1));
    assert_true(has(fixture, "HTTP/1.1 413 "));
    assert_int_equal(metric_get(METRIC_LIMIT_BODY), before + 1);
    close(client);

    fixture->answer_size = 0;
    client = connect_to(fixture);
    say(client, "POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n186a1\r\n");
    send(client, block, sizeof(block), MSG_NOSIGNAL);
    say(client, "x\r\n");
    assert_true(hear(fixture, client, "HTTP/1.1 413 ", 1));
    close(client);
    end(fixture);
}

static void test_faults_are_answered_and_closed(void **state)
{
    (void)state;
    struct fixture *fixture = begin();
    int client = connect_to(fixture);
    say(client, GET("/before") "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n" GET("/never"));
    assert_true(hear_all(fixture, client));
    assert_true(strstr(fixture->answer, "/before") < strstr(fixture->answer, "HTTP/1.1 400 "));
    assert_int_equal(atomic_load(&fixture->requests), 1);
    close(client);
    end(fixture);
}

static void test_slow_heads_bodies_and_idlers(void **state)
{
    (void)state;
    struct fixture *fixture = make();
    fixture->limits.head_timeout_ms = 300;
    fixture->limits.body_grace_ms = 300;
    fixture->limits.idle_timeout_ms = 300;
    start(fixture, SLICE("127.0.0.1:0"));
    int client = connect_to(fixture);
    for (int i = 0; i < 5; i++) { /* in total, not per byte */
        say(client, &"G\0E\0T\0 \0/"[2 * i]);
        usleep(100000);
    }
    assert_true(hear(fixture, client, "HTTP/1.1 408 ", 1));
    close(client);

    fixture->answer_size = 0;
    client = connect_to(fixture);
    say(client, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nx");
    assert_true(hear(fixture, client, "body_timeout", 1));
    close(client);

    fixture->answer_size = 0;
    client = connect_to(fixture);
    int64_t idle = metric_get(METRIC_TIMEOUT_IDLE);
    assert_true(hear_all(fixture, client));
    assert_int_equal(fixture->answer_size, 0);
    assert_int_equal(metric_get(METRIC_TIMEOUT_IDLE), idle + 1);
    close(client);
    end(fixture);
}

/* "Writes to a client that does not read are bounded (...; stalled 30 s: closed)". */
static void test_stalled_writes_are_closed(void **state)
{
    (void)state;
    struct fixture *fixture = make();
    fixture->limits.write_timeout_ms = 300;
    start(fixture, SLICE("127.0.0.1:0"));
    int client = connect_to(fixture);
    int64_t stalls = metric_get(METRIC_TIMEOUT_WRITE);
    say(client, GET("/big") GET("/big") GET("/big") GET("/big"));
    wait_until(&fixture->sents, 2);
    assert_int_equal(metric_get(METRIC_TIMEOUT_WRITE), stalls + 1);
    assert_int_equal(atomic_load(&fixture->requests), 2); /* 64 KiB queued: no third */
    close(client);
    end(fixture);
}

static void test_big_answers_and_files_arrive_whole(void **state)
{
    (void)state;
    struct fixture *fixture = begin();
    int client = connect_to(fixture);
    say(client, GET("/file") GET("/after"));
    assert_true(hear(fixture, client, "/after", 1));
    const char *bytes = strstr(fixture->answer, "\r\n\r\n") + 4;
    for (size_t i = 0; i < 260000; i++)
        assert_int_equal(bytes[i], 'a' + (i % 1000) % 26);
    fixture->answer_size = 0;
    say(client, "GET /big HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    usleep(50000);
    assert_true(hear_all(fixture, client));
    assert_int_equal(strlen(strstr(fixture->answer, "\r\n\r\n") + 4), BIG);
    close(client);
    end(fixture);
}

static void test_a_client_that_goes_aborts_its_request(void **state)
{
    (void)state;
    struct fixture *fixture = begin();
    int client = connect_to(fixture);
    say(client, GET("/park"));
    struct http_request *request = wait_parked(fixture);
    close(client);
    wait_until(&fixture->aborts, 1);
    assert_int_equal(atomic_load(&fixture->sents), 0);
    release(fixture, request);
    wait_until(&fixture->sents, 1);
    end(fixture);
}

static void test_one_connection_too_many(void **state)
{
    (void)state;
    struct fixture *fixture = make();
    fixture->config.max_per_address = 1;
    start(fixture, SLICE("127.0.0.1:0"));
    int client = connect_to(fixture);
    say(client, GET("/a"));
    assert_true(hear(fixture, client, "/a", 1));
    int second = connect_to(fixture);
    fixture->answer_size = 0;
    assert_true(hear(fixture, second, "overloaded", 1));
    assert_true(has(fixture, "HTTP/1.1 503 "));
    assert_true(has(fixture, "Retry-After: 1\r\n"));
    close(second);
    close(client);
    end(fixture);
}

static void test_memory_sheds(void **state)
{
    (void)state;
    struct fixture *fixture = make();
    fixture->config.max_memory = 1;
    start(fixture, SLICE("127.0.0.1:0"));
    usleep(300000);
    int client = connect_to(fixture);
    int64_t shed = metric_get(METRIC_SHED);
    say(client, GET("/a"));
    assert_true(hear(fixture, client, "overloaded", 1));
    assert_int_equal(metric_get(METRIC_SHED), shed + 1);
    close(client);
    end(fixture);
}

static void *drain_thread(void *argument)
{
    loop_group_drain(((struct fixture *)argument)->group, 5000);
    return NULL;
}

/* operations.md, SIGTERM: "requests in flight finish", with Connection: close. */
static void test_drain_finishes_what_is_in_flight(void **state)
{
    (void)state;
    struct fixture *fixture = begin();
    int idle = connect_to(fixture);
    int client = connect_to(fixture);
    say(client, GET("/park"));
    struct http_request *request = wait_parked(fixture);
    pthread_t thread;
    pthread_create(&thread, NULL, drain_thread, fixture);
    assert_true(hear_all(fixture, idle));
    release(fixture, request);
    assert_true(hear_all(fixture, client));
    assert_true(has(fixture, "Connection: close\r\n"));
    assert_true(has(fixture, "released"));
    pthread_join(thread, NULL);
    close(idle);
    close(client);
    end(fixture);
}

struct drain {
    struct fixture *fixture;
    struct http_request *parked; /* the first request of all, in flight */
    int client;
    pthread_t thread;
};

/* What the client has said is read, and the loop drains by then. */
static struct drain begin_drain(uint64_t most_pipelined, const char *said, unsigned requests)
{
    struct drain drain = {.fixture = make()};
    drain.fixture->limits.max_pipelined = most_pipelined;
    start(drain.fixture, SLICE("127.0.0.1:0"));
    int idle = connect_to(drain.fixture);
    drain.client = connect_to(drain.fixture);
    say(drain.client, said);
    drain.parked = wait_parked(drain.fixture);
    wait_until(&drain.fixture->requests, requests);
    pthread_create(&drain.thread, NULL, drain_thread, drain.fixture);
    assert_true(hear_all(drain.fixture, idle)); /* it is closed by the drain's first step */
    close(idle);
    return drain;
}

/* The connection ends in order, and says so in its last answer, of that text. */
static void end_drain(struct drain *drain, const char *last, unsigned answers)
{
    struct fixture *fixture = drain->fixture;
    assert_true(hear_all(fixture, drain->client));
    close(drain->client);
    const char *closing = strstr(fixture->answer, "Connection: close\r\n");
    assert_non_null(closing);
    assert_non_null(strstr(closing, last));
    assert_null(strstr(closing, "HTTP/1.1"));
    assert_int_equal(atomic_load(&fixture->sents), answers);
    pthread_join(drain->thread, NULL);
    end(fixture);
}

/* operations.md, SIGTERM: "No request of which a byte was read is lost"; http.md: "`Connection:
 * close` … sent on the last answer". */
static void test_drain_answers_all_that_was_read(void **state)
{
    (void)state;
    static const struct {
        uint64_t most_pipelined;
        const char *said;
        unsigned begun; /* requests, while the first is not answered */
        unsigned answers;
    } rows[] = {
        {32, GET("/park") GET("/two") GET("/three"), 3, 3},
        {32, GET("/park") GET("/file") GET("/none") GET("/three"), 2, 4},
        {2, GET("/park") GET("/two") GET("/two") GET("/two") GET("/three"), 2, 5},
        {1, GET("/park") GET("/file") GET("/three"), 1, 3},
        {32, GET("/park") "POST /p HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\np" GET("/three"),
         1, 3},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct drain drain = begin_drain(rows[i].most_pipelined, rows[i].said, rows[i].begun);
        release(drain.fixture, drain.parked);
        end_drain(&drain, "/three", rows[i].answers);
    }
}

/* The same of one that was read in part. */
static void test_drain_waits_for_a_request_that_has_begun(void **state)
{
    (void)state;
    struct drain drain = begin_drain(32, GET("/park") "GET /th", 1);
    release(drain.fixture, drain.parked);
    assert_true(hear(drain.fixture, drain.client, "released", 1));
    assert_false(has(drain.fixture, "Connection: close\r\n"));
    say(drain.client, "ree HTTP/1.1\r\nHost: a\r\n\r\n");
    end_drain(&drain, "/three", 2);
}

/* Empty lines are of no request, and hold nothing up. */
static void test_drain_does_not_wait_for_empty_lines(void **state)
{
    (void)state;
    struct drain drain = begin_drain(32, GET("/park") "\r\n\r\n", 1);
    release(drain.fixture, drain.parked);
    end_drain(&drain, "released", 1);
}

/* A client that goes on asking is not served for ever, nor reset while it has answers to read. */
static void test_drain_reads_no_more_than_it_must(void **state)
{
    (void)state;
    struct drain drain = begin_drain(32, GET("/park") GET("/two"), 2);
    say(drain.client, GET("/three"));
    wait_until(&drain.fixture->requests, 3);
    say(drain.client, GET("/four"));
    release(drain.fixture, drain.parked);
    end_drain(&drain, "/three", 3);
}

/* On a unix socket; gives a client of it. */
static int start_unix(struct fixture *fixture, struct sockaddr_un *to)
{
    char address[64];
    snprintf(address, sizeof(address), "unix:/tmp/portcullis-test-%d.sock", (int)getpid());
    start(fixture, slice_from(address));
    *to = (struct sockaddr_un){.sun_family = AF_UNIX};
    snprintf(to->sun_path, sizeof(to->sun_path), "%s", address + 5);
    int client = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(connect(client, (struct sockaddr *)to, sizeof(*to)), 0);
    return client;
}

static void test_unix_sockets(void **state)
{
    (void)state;
    struct sockaddr_un to;
    struct fixture *fixture = make();
    int client = start_unix(fixture, &to);
    say(client, GET("/u"));
    assert_true(hear(fixture, client, "/u", 1));
    close(client);
    end(fixture);
    assert_int_equal(access(to.sun_path, F_OK), -1);
}

/* A client that has ended its side gets what is being sent to it, and what is ready by then; the
 * rest is nobody's. (A unix socket: the kernel takes less of an answer than there is.) */
static void check_half_closed(bool is_ready_in_time)
{
    struct sockaddr_un to;
    struct fixture *fixture = make();
    int client = start_unix(fixture, &to);
    say(client, GET("/big") GET("/park") GET("/after"));
    struct http_request *request = wait_parked(fixture);
    wait_until(&fixture->requests, 3);
    shutdown(client, SHUT_WR);
    usleep(100000);
    if (is_ready_in_time) {
        release(fixture, request);
        wait_until(&fixture->released, 1);
    }
    assert_true(hear_all(fixture, client));
    const char *body = strstr(fixture->answer, "\r\n\r\n");
    assert_non_null(body);
    assert_int_equal(strspn(body + 4, "b"), BIG);
    assert_int_equal(has(fixture, "released"), is_ready_in_time);
    assert_int_equal(has(fixture, "/after"), is_ready_in_time);
    wait_until(&fixture->aborts, is_ready_in_time ? 0 : 1);
    if (!is_ready_in_time)
        release(fixture, request);
    wait_until(&fixture->sents, 3);
    close(client);
    end(fixture);
}

static void test_half_closed(void **state)
{
    (void)state;
    check_half_closed(true);
    check_half_closed(false);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_answers_have_their_fields),
        cmocka_unit_test(test_head_204_and_close),
        cmocka_unit_test(test_http_1_0_stays_only_when_asked),
        cmocka_unit_test(test_pipelined_answers_keep_their_order),
        cmocka_unit_test(test_pipelining_is_bounded),
        cmocka_unit_test(test_unsafe_methods_run_alone),
        cmocka_unit_test(test_bodies_arrive_in_pieces),
        cmocka_unit_test(test_continue_is_sent_when_the_body_is_wanted),
        cmocka_unit_test(test_too_large_bodies_are_refused_lingering),
        cmocka_unit_test(test_faults_are_answered_and_closed),
        cmocka_unit_test(test_slow_heads_bodies_and_idlers),
        cmocka_unit_test(test_stalled_writes_are_closed),
        cmocka_unit_test(test_big_answers_and_files_arrive_whole),
        cmocka_unit_test(test_a_client_that_goes_aborts_its_request),
        cmocka_unit_test(test_one_connection_too_many),
        cmocka_unit_test(test_memory_sheds),
        cmocka_unit_test(test_drain_finishes_what_is_in_flight),
        cmocka_unit_test(test_drain_answers_all_that_was_read),
        cmocka_unit_test(test_drain_waits_for_a_request_that_has_begun),
        cmocka_unit_test(test_drain_does_not_wait_for_empty_lines),
        cmocka_unit_test(test_drain_reads_no_more_than_it_must),
        cmocka_unit_test(test_unix_sockets),
        cmocka_unit_test(test_half_closed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
