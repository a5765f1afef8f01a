/*
 * A private redis-server or two, the client on a loop that the test itself turns, and the log in a
 * file: what the tests of store/redis share.
 */
#ifndef PORTCULLIS_TEST_REDIS_WORLD_H
#define PORTCULLIS_TEST_REDIS_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "loop/loop.h"
#include "observe/metrics.h"
#include "store/redis.h"

enum { WORLD_WAIT_US = 120000000, WORLD_TEXT = 256, WORLD_MOST_SERVERS = 3 };

struct server {
    pid_t pid; /* 0: does not run */
    int port;
    char socket[WORLD_TEXT];
};

/* What the handlers and the listener have seen. */
struct seen {
    size_t replies;
    size_t nulls;
    size_t errors;
    long long last; /* integer */
    bool is_in_order;
    char text[WORLD_TEXT]; /* of the last string, status or error */
    size_t up;
    size_t down;
    size_t messages;
    char message[WORLD_TEXT];
};

struct world {
    char folder[WORLD_TEXT];
    struct server servers[WORLD_MOST_SERVERS];
    struct config_redis config;
    char url[WORLD_TEXT];
    char sentinels[WORLD_TEXT];
    struct loop_group *group;
    struct redis *redis;
    struct seen seen;
    int old_stdout;
};

/* --- servers ------------------------------------------------------------------------------- */

static inline bool world_has_redis(void)
{
    return system("redis-server --version >/dev/null 2>&1") == 0;
}

/* Free a moment ago: nobody else is given it again soon. */
static inline int world_free_port(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t size = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
    close(fd);
    return ntohs(address.sin_port);
}

static inline redisContext *server_connect(const struct server *server)
{
    struct timeval patience = {.tv_sec = 20};
    redisContext *admin = redisConnectWithTimeout("127.0.0.1", server->port, patience);
    if (admin && !admin->err) {
        redisSetTimeout(admin, patience);
        return admin;
    }
    if (admin)
        redisFree(admin);
    return NULL;
}

/* A command of another client; its reply as text or number, in out (WORLD_TEXT bytes). */
static inline bool server_vsay(const struct server *server, char *out, const char *format,
                               va_list arguments)
{
    redisContext *admin = server_connect(server);
    redisReply *reply = admin ? redisvCommand(admin, format, arguments) : NULL;
    bool is_good = reply && reply->type != REDIS_REPLY_ERROR;
    out[0] = '\0';
    if (reply && reply->str)
        snprintf(out, WORLD_TEXT, "%s", reply->str);
    else if (reply && reply->type == REDIS_REPLY_INTEGER)
        snprintf(out, WORLD_TEXT, "%lld", reply->integer);
    freeReplyObject(reply);
    if (admin)
        redisFree(admin);
    return is_good;
}

static inline void server_say(const struct server *server, char *out, const char *format, ...)
{
    char own[WORLD_TEXT];
    va_list arguments;
    va_start(arguments, format);
    bool is_good = server_vsay(server, out ? out : own, format, arguments);
    va_end(arguments);
    if (!is_good)
        fail_msg("%s: %s", format, out ? out : own);
}

static inline bool server_try(const struct server *server, char *out, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    bool is_good = server_vsay(server, out, format, arguments);
    va_end(arguments);
    return is_good;
}

static inline void server_exec(struct server *server, char *const *words)
{
    pid_t parent = getpid();
    server->pid = fork();
    assert_true(server->pid >= 0);
    if (server->pid > 0)
        return;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    int null = open("/dev/null", O_WRONLY);
    dup2(null, STDOUT_FILENO);
    if (getppid() == parent)
        execvp(words[0], words);
    _exit(127);
}

/* Where it was before, if it was. more: further words of its command line, NULL-terminated. */
static inline void server_start(struct world *world, size_t index, const char *const *more)
{
    struct server *server = &world->servers[index];
    char port[16];
    char path[WORLD_TEXT];
    char *words[32] = {"redis-server", "--port", port, "--bind",       "127.0.0.1",   "--dir",
                       world->folder,  "--save", "",   "--unixsocket", server->socket};
    size_t count = 11;
    char out[WORLD_TEXT];
    if (!server->port)
        server->port = world_free_port();
    snprintf(port, sizeof(port), "%d", server->port);
    snprintf(path, sizeof(path), "%.200s/%zu.sock", world->folder, index);
    memcpy(server->socket, path, sizeof(path));
    while (more && *more && count < 31)
        words[count++] = (char *)(uintptr_t)*more++;
    server_exec(server, words);
    uint64_t end_us = clock_now_us() + WORLD_WAIT_US;
    while (!server_try(server, out, "PING") && strncmp(out, "NOAUTH", 6) != 0) {
        assert_true(clock_now_us() < end_us);
        usleep(5000);
    }
}

static inline void server_kill(struct server *server)
{
    if (!server->pid)
        return;
    kill(server->pid, SIGKILL);
    waitpid(server->pid, NULL, 0);
    server->pid = 0;
}

/* --- the client ---------------------------------------------------------------------------- */

static inline void seen_up(void *context)
{
    ((struct seen *)context)->up++;
}

static inline void seen_down(void *context)
{
    ((struct seen *)context)->down++;
}

static inline void seen_message(void *context, struct slice message)
{
    struct seen *seen = context;
    seen->messages++;
    snprintf(seen->message, sizeof(seen->message), "%.*s", SLICE_ARGS(message));
}

static inline void seen_reply(void *context, const redisReply *reply)
{
    struct seen *seen = context;
    seen->replies++;
    seen->nulls += !reply;
    if (!reply)
        return;
    seen->errors += reply->type == REDIS_REPLY_ERROR;
    if (reply->str)
        snprintf(seen->text, sizeof(seen->text), "%s", reply->str);
    if (reply->type != REDIS_REPLY_INTEGER)
        return;
    seen->is_in_order = seen->is_in_order && reply->integer == seen->last + 1;
    seen->last = reply->integer;
}

static inline void world_turn(struct world *world)
{
    uv_run(loop_uv(loop_group_get(world->group, 0)), UV_RUN_NOWAIT);
    usleep(500);
}

#define WORLD_UNTIL(world, condition)                                                              \
    do {                                                                                           \
        uint64_t until_us = clock_now_us() + WORLD_WAIT_US;                                        \
        while (!(condition)) {                                                                     \
            if (clock_now_us() > until_us)                                                         \
                fail_msg("never: " #condition);                                                    \
            world_turn(world);                                                                     \
        }                                                                                          \
    } while (0)

static inline void world_turn_for(struct world *world, uint64_t ms)
{
    uint64_t until_us = clock_now_us() + ms * 1000;
    while (clock_now_us() < until_us)
        world_turn(world);
}

/* world->url and world->sentinels say where; the listener hears channel "news". */
static inline void world_begin(struct world *world)
{
    const struct redis_listener listener = {"news", seen_message, seen_up, seen_down, &world->seen};
    world->config.url = world->url;
    world->config.sentinels = world->sentinels;
    world->redis = redis_create(&world->config);
    assert_non_null(world->redis);
    redis_listen(world->redis, &listener);
    redis_start(world->redis, loop_group_get(world->group, 0));
}

static inline void world_begin_up(struct world *world)
{
    world_begin(world);
    WORLD_UNTIL(world, redis_is_up(world->redis));
}

/* The words of text, separated by blanks. */
static inline enum result world_send(struct world *world, const char *text)
{
    struct slice words[64];
    struct slice rest = slice_from(text);
    size_t count = 0;
    while (count < 64 && slice_split(&rest, ' ', &words[count]))
        count++;
    return redis_command(world->redis, words, count, seen_reply, &world->seen);
}

static inline void world_ask(struct world *world, const char *text)
{
    size_t before = world->seen.replies;
    assert_int_equal(world_send(world, text), RESULT_OK);
    WORLD_UNTIL(world, world->seen.replies == before + 1);
}

/* --- the log ------------------------------------------------------------------------------- */

static inline void world_log_path(const struct world *world, char *out)
{
    snprintf(out, WORLD_TEXT, "%.200s/log", world->folder);
}

/* How often it has text. */
static inline size_t world_logged(const struct world *world, const char *text)
{
    static char log[1 << 20];
    char path[WORLD_TEXT];
    size_t count = 0;
    world_log_path(world, path);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    log[fread(log, 1, sizeof(log) - 1, file)] = '\0';
    fclose(file);
    for (const char *at = log; (at = strstr(at, text)); at++)
        count++;
    return count;
}

/* --- one a test ---------------------------------------------------------------------------- */

static inline int world_open(void **state)
{
    static const struct loop_hooks hooks = {0};
    char log[WORLD_TEXT];
    struct world *world = calloc(1, sizeof(*world));
    *state = world;
    signal(SIGPIPE, SIG_IGN);
    snprintf(world->folder, sizeof(world->folder), "/tmp/portcullis-unit-redis-XXXXXX");
    if (!mkdtemp(world->folder))
        return -1;
    world->seen.is_in_order = true;
    static char prefix[] = "t:";
    static char service[] = "main";
    world->config = (struct config_redis){.timeout_ms = 5000, .prefix = prefix, .service = service};
    world->group = loop_group_create(1, &hooks);
    world_log_path(world, log);
    fflush(stdout);
    world->old_stdout = dup(STDOUT_FILENO);
    int file = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    dup2(file, STDOUT_FILENO);
    close(file);
    return world->group ? 0 : -1;
}

static inline int world_remove(const char *path, const struct stat *info, int type,
                               struct FTW *walk)
{
    (void)info, (void)type, (void)walk;
    return remove(path);
}

/* Ends what the test has left; a handle left open by the client is a failure. */
static inline int world_close(void **state)
{
    struct world *world = *state;
    redis_destroy(world->redis);
    loop_group_destroy(world->group);
    size_t open_handles = world_logged(world, "open handles");
    fflush(stdout);
    dup2(world->old_stdout, STDOUT_FILENO);
    close(world->old_stdout);
    for (size_t i = 0; i < WORLD_MOST_SERVERS; i++)
        server_kill(&world->servers[i]);
    nftw(world->folder, world_remove, 8, FTW_DEPTH | FTW_PHYS);
    free(world);
    return open_handles ? -1 : 0;
}

#define WORLD_TEST(test) cmocka_unit_test_setup_teardown(test, world_open, world_close)

#endif
