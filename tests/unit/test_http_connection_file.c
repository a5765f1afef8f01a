/*
 * Answers made of files, over loopback and a unix socket: spec/remote-api.md section 7 (download:
 * sent by the kernel), spec/http.md "Connections" (order, write stall).
 */
#include <arpa/inet.h>
#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "http/http.h"
#include "http/server.h"

enum { FILE_BYTES = 5 * 1024 * 1024 + 13, ROOM = 4 * FILE_BYTES };

struct fixture {
    struct config_http limits;
    struct config_server config;
    struct http_route route;
    struct http_server *server;
    struct loop_group *group;
    int port;
    char path[32];
    int file; /* FILE_BYTES of a pattern; the test's own descriptor */
    atomic_uint requests, sents;
    atomic_uint_fast64_t sent_bytes; /* of the last request that ended */
    char *heard;
    size_t heard_size;
};

static char byte_at(size_t position)
{
    return (char)((position * 2654435761U) >> 13);
}

static int make_file(char *path)
{
    char *bytes = malloc(FILE_BYTES);
    strcpy(path, "/tmp/portcullis-file-XXXXXX");
    int file = mkstemp(path);
    for (size_t i = 0; i < FILE_BYTES; i++)
        bytes[i] = byte_at(i);
    assert_int_equal(write(file, bytes, FILE_BYTES), FILE_BYTES);
    free(bytes);
    return file;
}

static void respond(struct http_request *request, const struct http_file_part *parts, size_t count,
                    struct slice end)
{
    struct fixture *fixture = http_context(request);
    struct http_response response = {.status = 200,
                                     .file = http_file_create(open(fixture->path, O_RDONLY)),
                                     .parts = parts,
                                     .part_count = count,
                                     .end = end};
    assert_non_null(response.file);
    http_respond(request, &response);
}

static enum http_verdict on_head(struct http_request *request)
{
    atomic_fetch_add(&((struct fixture *)http_context(request))->requests, 1);
    return HTTP_COLLECT;
}

static void on_end(struct http_request *request)
{
    static const struct http_file_part whole[] = {{.size = FILE_BYTES}};
    static const struct http_file_part small[] = {{.offset = 100, .size = 1000}};
    static const struct http_file_part none[] = {{.size = 0}};
    static const struct http_file_part beyond[] = {{.size = FILE_BYTES + 1}};
    static const struct http_file_part several[] = {{SLICE("<one>"), 7, 1},
                                                    {SLICE("<two>"), 0, 3 * 1024 * 1024},
                                                    {SLICE("<three>"), FILE_BYTES - 1, 1}};
    if (slice_equal(request->path, SLICE("/whole")))
        respond(request, whole, 1, slice_of("", 0));
    else if (slice_equal(request->path, SLICE("/small")))
        respond(request, small, 1, slice_of("", 0));
    else if (slice_equal(request->path, SLICE("/none")))
        respond(request, none, 1, slice_of("", 0));
    else if (slice_equal(request->path, SLICE("/beyond")))
        respond(request, beyond, 1, slice_of("", 0));
    else if (slice_equal(request->path, SLICE("/several")))
        respond(request, several, 3, SLICE("<end>"));
    else {
        struct http_response response = {.status = 200, .body = http_body_create()};
        buffer_append_slice(&response.body->rest, request->path);
        http_respond(request, &response);
    }
}

static void on_fault(struct http_request *request, const struct http_fault *fault,
                     struct http_response *response)
{
    (void)request;
    (void)fault;
    (void)response;
}

static void on_sent(struct http_request *request)
{
    struct fixture *fixture = http_context(request);
    atomic_store(&fixture->sent_bytes, request->sent_bytes);
    atomic_fetch_add(&fixture->sents, 1);
}

static const struct http_handler handler = {on_head, NULL, on_end, NULL, on_fault, on_sent};

static void hook_start(struct loop *loop, void *context)
{
    http_server_loop_start(((struct fixture *)context)->server, loop);
}

static void hook_tick(struct loop *loop, void *context)
{
    http_server_loop_tick(((struct fixture *)context)->server, loop);
}

static void hook_drain(struct loop *loop, void *context)
{
    http_server_loop_drain(((struct fixture *)context)->server, loop);
}

static void hook_stop(struct loop *loop, void *context)
{
    http_server_loop_stop(((struct fixture *)context)->server, loop);
}

static struct fixture *begin_at(struct slice address, uint64_t write_timeout_ms)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));
    fixture->file = make_file(fixture->path);
    fixture->heard = malloc(ROOM + 1);
    fixture->config = (struct config_server){.backlog = 128, .max_connections = 100};
    fixture->limits = (struct config_http){
        .max_head = 16384,
        .max_target = 65536,
        .max_fields = 100,
        .max_body = 100000,
        .max_pipelined = 32,
        .head_timeout_ms = 10000,
        .body_grace_ms = 10000,
        .idle_timeout_ms = 75000,
        .write_timeout_ms = write_timeout_ms,
    };
    fixture->route = (struct http_route){SLICE(""), &handler};
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
    return fixture;
}

static struct fixture *begin(void)
{
    return begin_at(SLICE("127.0.0.1:0"), 30000);
}

static void end(struct fixture *fixture)
{
    loop_group_drain(fixture->group, 500);
    loop_group_destroy(fixture->group);
    http_server_destroy(fixture->server);
    unlink(fixture->path);
    close(fixture->file);
    free(fixture->heard);
    free(fixture);
}

static int connect_to(struct fixture *fixture, int receive_buffer)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)fixture->port)};
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int client = socket(AF_INET, SOCK_STREAM, 0);
    if (receive_buffer > 0)
        setsockopt(client, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof(receive_buffer));
    assert_int_equal(connect(client, (struct sockaddr *)&to, sizeof(to)), 0);
    return client;
}

static void say(int client, const char *text)
{
    assert_int_equal(send(client, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

/* Reads until that many bytes have come in all; false at the end of the connection. */
static bool hear_bytes(struct fixture *fixture, int client, size_t wanted)
{
    struct pollfd poller = {.fd = client, .events = POLLIN};
    while (fixture->heard_size < wanted) {
        if (poll(&poller, 1, 20000) <= 0)
            return false;
        ssize_t count =
            recv(client, fixture->heard + fixture->heard_size, wanted - fixture->heard_size, 0);
        if (count <= 0)
            return false;
        fixture->heard_size += (size_t)count;
    }
    return true;
}

/* Reads one answer's head; the bytes behind it are left to be read. Returns Content-Length. */
static size_t hear_head(struct fixture *fixture, int client)
{
    fixture->heard_size = 0;
    do {
        assert_true(hear_bytes(fixture, client, fixture->heard_size + 1));
        fixture->heard[fixture->heard_size] = '\0';
    } while (strstr(fixture->heard, "\r\n\r\n") == NULL);
    assert_ptr_equal(strstr(fixture->heard, "HTTP/1.1 200 OK\r\n"), fixture->heard);
    return strtoul(strstr(fixture->heard, "Content-Length: ") + 16, NULL, 10);
}

static void assert_file(const char *bytes, size_t offset, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (bytes[i] != byte_at(offset + i))
            fail_msg("byte %zu of the file is wrong", offset + i);
}

static void hear_file(struct fixture *fixture, int client, size_t offset, size_t size)
{
    assert_int_equal(hear_head(fixture, client), size);
    fixture->heard_size = 0;
    assert_true(hear_bytes(fixture, client, size));
    assert_file(fixture->heard, offset, size);
}

static void hear_text(struct fixture *fixture, int client, const char *text)
{
    assert_int_equal(hear_head(fixture, client), strlen(text));
    fixture->heard_size = 0;
    assert_true(hear_bytes(fixture, client, strlen(text)));
    assert_memory_equal(fixture->heard, text, strlen(text));
}

static void wait_until(atomic_uint *value, unsigned wanted)
{
    for (int i = 0; i < 20000 && atomic_load(value) < wanted; i++)
        usleep(1000);
    assert_int_equal(atomic_load(value), wanted);
}

/* Once the server is at work. */
static size_t count_descriptors(void)
{
    size_t count = 0;
    DIR *folder = opendir("/proc/self/fd");
    while (readdir(folder) != NULL)
        count++;
    closedir(folder);
    return count;
}

#define GET(path) "GET " path " HTTP/1.1\r\nHost: a\r\n\r\n"

static void hear_everything(struct fixture *fixture, int client)
{
    say(client, GET("/whole") GET("/json") GET("/several") GET("/none") GET("/small") GET("/last"));
    hear_file(fixture, client, 0, FILE_BYTES);
    hear_text(fixture, client, "/json");
    size_t middle = 3 * 1024 * 1024;
    size_t size = hear_head(fixture, client);
    assert_int_equal(size, strlen("<one>?<two><three>?<end>") + middle);
    fixture->heard_size = 0;
    assert_true(hear_bytes(fixture, client, size));
    assert_memory_equal(fixture->heard, "<one>", 5);
    assert_file(fixture->heard + 5, 7, 1);
    assert_memory_equal(fixture->heard + 6, "<two>", 5);
    assert_file(fixture->heard + 11, 0, middle);
    assert_memory_equal(fixture->heard + 11 + middle, "<three>", 7);
    assert_file(fixture->heard + 18 + middle, FILE_BYTES - 1, 1);
    assert_memory_equal(fixture->heard + 19 + middle, "<end>", 5);
    assert_int_equal(hear_head(fixture, client), 0);
    hear_file(fixture, client, 100, 1000);
    hear_text(fixture, client, "/last");
}

/* Texts, stretches and other answers, in the order of asking. */
static void test_files_among_others(void **state)
{
    (void)state;
    struct fixture *fixture = begin();
    int client = connect_to(fixture, 0);
    hear_everything(fixture, client);
    close(client);
    end(fixture);
}

static void test_unix_socket(void **state)
{
    (void)state;
    char address[128];
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    snprintf(to.sun_path, sizeof(to.sun_path), "/tmp/portcullis-file-%d.sock", (int)getpid());
    snprintf(address, sizeof(address), "unix:%s", to.sun_path);
    struct fixture *fixture = begin_at(slice_from(address), 30000);
    int client = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(connect(client, (struct sockaddr *)&to, sizeof(to)), 0);
    hear_everything(fixture, client);
    close(client);
    end(fixture);
}

/* HEAD tells the length and sends nothing; 1.0 is closed behind the file. */
static void test_head_and_1_0(void **state)
{
    (void)state;
    struct fixture *fixture = begin();
    int client = connect_to(fixture, 0);
    say(client, "HEAD /whole HTTP/1.1\r\nHost: a\r\n\r\nGET /small HTTP/1.0\r\n\r\n");
    assert_int_equal(hear_head(fixture, client), FILE_BYTES);
    hear_file(fixture, client, 100, 1000);
    assert_false(hear_bytes(fixture, client, 1001));
    assert_int_equal(fixture->heard_size, 1000);
    close(client);
    end(fixture);
}

/* The head and the first bytes share a packet: one read finds both. */
static void test_one_packet(void **state)
{
    (void)state;
    struct fixture *fixture = begin();
    int client = connect_to(fixture, 0);
    for (int i = 0; i < 20; i++) {
        char packet[4096];
        say(client, GET("/small"));
        ssize_t count = recv(client, packet, sizeof(packet), 0);
        assert_true(count > 1000);
        assert_file(packet + count - 1000, 100, 1000);
    }
    close(client);
    end(fixture);
}

/* One who reads nothing is cut after http.write_timeout, and counted with what he was sent. */
static void test_a_stalled_client_is_cut(void **state)
{
    (void)state;
    struct fixture *fixture = begin_at(SLICE("127.0.0.1:0"), 400);
    int64_t cut = metric_get(METRIC_TIMEOUT_WRITE);
    int64_t before = metric_get(METRIC_SENT_BYTES);
    int client = connect_to(fixture, 4096);
    for (int i = 0; i < 4; i++)
        say(client, GET("/whole"));
    wait_until(&fixture->sents, 2); /* 64 KiB queued: no third */
    assert_int_equal(atomic_load(&fixture->requests), 2);
    assert_int_equal(metric_get(METRIC_TIMEOUT_WRITE), cut + 1);
    int64_t sent = metric_get(METRIC_SENT_BYTES) - before;
    assert_true(sent > 0 && sent < 4 * (int64_t)FILE_BYTES);
    close(client);
    end(fixture);
}

/* One who reads slowly is not, though he needs many times that. */
static void test_a_slow_client_is_not(void **state)
{
    (void)state;
    struct fixture *fixture = begin_at(SLICE("127.0.0.1:0"), 1000);
    int client = connect_to(fixture, 4096);
    say(client, GET("/whole"));
    size_t size = hear_head(fixture, client);
    fixture->heard_size = 0;
    for (int i = 0; i < 30; i++) {
        usleep(100000);
        assert_true(hear_bytes(fixture, client, fixture->heard_size + 2000));
    }
    assert_true(hear_bytes(fixture, client, size));
    assert_file(fixture->heard, 0, FILE_BYTES);
    close(client);
    end(fixture);
}

/* A client that goes leaves no descriptor behind: not its own, not the dup, not the file's. */
static void test_clients_that_go(void **state)
{
    (void)state;
    struct fixture *fixture = begin();
    int first = connect_to(fixture, 0);
    say(first, GET("/json"));
    hear_text(fixture, first, "/json");
    size_t before = count_descriptors();
    for (unsigned i = 1; i <= 20; i++) {
        int client = connect_to(fixture, 4096);
        struct linger reset = {.l_onoff = i % 2, .l_linger = 0};
        say(client, GET("/whole") GET("/whole"));
        hear_head(fixture, client);
        setsockopt(client, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
        close(client);
    }
    for (int i = 0; i < 10000 && count_descriptors() != before; i++)
        usleep(1000);
    assert_int_equal(count_descriptors(), before);
    assert_int_equal(atomic_load(&fixture->sents), atomic_load(&fixture->requests));
    close(first);
    end(fixture);
}

/* The promised length cannot be kept: the connection ends, and nothing else is sent on it. */
static void test_a_file_that_is_shorter(void **state)
{
    (void)state;
    struct fixture *fixture = begin();
    int64_t cut = metric_get(METRIC_FILES_CUT);
    int client = connect_to(fixture, 0);
    say(client, GET("/beyond") GET("/json"));
    assert_int_equal(hear_head(fixture, client), FILE_BYTES + 1);
    fixture->heard_size = 0;
    assert_false(hear_bytes(fixture, client, FILE_BYTES + 1));
    assert_int_equal(fixture->heard_size, FILE_BYTES);
    assert_int_equal(metric_get(METRIC_FILES_CUT), cut + 1);
    close(client);
    end(fixture);
}

static void test_a_file_that_shrinks(void **state)
{
    (void)state;
    struct fixture *fixture = begin();
    int client = connect_to(fixture, 4096);
    say(client, GET("/whole"));
    size_t size = hear_head(fixture, client);
    assert_int_equal(ftruncate(fixture->file, 1000), 0);
    fixture->heard_size = 0;
    assert_false(hear_bytes(fixture, client, size));
    assert_true(fixture->heard_size < size);
    close(client);
    end(fixture);
}

/* What is not in memory comes from the disk beside the loop; a file system that cannot tell is
 * taken for one where nothing is in memory. */
static void test_cold_files(void **state)
{
    (void)state;
    struct fixture *fixture = begin();
    int client = connect_to(fixture, 0);
    int64_t before = metric_get(METRIC_FILE_FETCHES);
    fsync(fixture->file);
    posix_fadvise(fixture->file, 0, 0, POSIX_FADV_DONTNEED);
    say(client, GET("/whole") GET("/json"));
    hear_file(fixture, client, 0, FILE_BYTES);
    hear_text(fixture, client, "/json");
    assert_true(metric_get(METRIC_FILE_FETCHES) > before);
    close(client);
    end(fixture);
}

/* The client goes, or the process ends, while pages are fetched. */
static void test_cold_files_abandoned(void **state)
{
    (void)state;
    struct fixture *fixture = begin();
    int first = connect_to(fixture, 0);
    say(first, GET("/json"));
    hear_text(fixture, first, "/json");
    size_t before = count_descriptors();
    fsync(fixture->file);
    for (unsigned i = 1; i <= 30; i++) {
        int client = connect_to(fixture, 4096);
        struct linger reset = {.l_onoff = 1, .l_linger = 0};
        posix_fadvise(fixture->file, 0, 0, POSIX_FADV_DONTNEED);
        say(client, GET("/whole"));
        usleep(100 * (i % 10));
        setsockopt(client, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
        close(client);
    }
    for (int i = 0; i < 10000 && count_descriptors() != before; i++)
        usleep(1000);
    assert_int_equal(count_descriptors(), before);
    posix_fadvise(fixture->file, 0, 0, POSIX_FADV_DONTNEED);
    int client = connect_to(fixture, 4096);
    say(client, GET("/whole"));
    end(fixture);
    close(client);
    close(first);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_files_among_others),
        cmocka_unit_test(test_unix_socket),
        cmocka_unit_test(test_head_and_1_0),
        cmocka_unit_test(test_one_packet),
        cmocka_unit_test(test_a_stalled_client_is_cut),
        cmocka_unit_test(test_a_slow_client_is_not),
        cmocka_unit_test(test_clients_that_go),
        cmocka_unit_test(test_a_file_that_is_shorter),
        cmocka_unit_test(test_a_file_that_shrinks),
        cmocka_unit_test(test_cold_files),
        cmocka_unit_test(test_cold_files_abandoned),
    };
    signal(SIGPIPE, SIG_IGN); /* as serve does: sendfile knows no MSG_NOSIGNAL */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
