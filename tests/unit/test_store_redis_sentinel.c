/* "Redis (Sentinel) shared": operations.md, "Failure behaviour"; redis.sentinels, redis.service. */
#include "redis_odd.h"

#include <dlfcn.h>
#include <netdb.h>

enum { MASTER, REPLICA, SENTINEL };

static void write_sentinel_file(const struct world *world, const char *path)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fprintf(file,
            "port %d\nbind 127.0.0.1\ndir %s\nsentinel monitor main 127.0.0.1 %d 1\n"
            "sentinel auth-pass main open\nsentinel down-after-milliseconds main 1000\n"
            "sentinel failover-timeout main 5000\n",
            world->servers[SENTINEL].port, world->folder, world->servers[MASTER].port);
    fclose(file);
}

static void sentinel_start(struct world *world)
{
    char path[WORLD_TEXT];
    char out[WORLD_TEXT];
    struct server *sentinel = &world->servers[SENTINEL];
    sentinel->port = world_free_port();
    snprintf(path, sizeof(path), "%.200s/sentinel.conf", world->folder);
    write_sentinel_file(world, path);
    char *words[] = {(char[]){"redis-server"}, path, (char[]){"--sentinel"}, NULL};
    server_exec(sentinel, words);
    uint64_t end_us = clock_now_us() + WORLD_WAIT_US;
    while (!server_try(sentinel, out, "PING")) {
        assert_true(clock_now_us() < end_us);
        usleep(5000);
    }
}

/* What a sentinel does not see at its first look it sees 10 s later. */
static void wait_for_replica(const struct world *world)
{
    char out[WORLD_TEXT] = "";
    redisContext *admin = server_connect(&world->servers[MASTER]);
    uint64_t end_us = clock_now_us() + WORLD_WAIT_US;
    freeReplyObject(redisCommand(admin, "AUTH open"));
    while (strcmp(out, "1") != 0) {
        assert_true(clock_now_us() < end_us);
        redisReply *reply = redisCommand(admin, "WAIT 1 100");
        snprintf(out, sizeof(out), "%lld", reply->integer);
        freeReplyObject(reply);
    }
    redisFree(admin);
}

/* A master and its replica, with a password; the client knows it, and the sentinels. */
static void start(struct world *world)
{
    char of[64];
    const char *const master[] = {
        "--requirepass", "open", "--masterauth", "open", "--repl-diskless-sync-delay", "0", NULL};
    const char *const replica[] = {
        "--requirepass", "open", "--masterauth", "open", "--replicaof", "127.0.0.1", of, NULL};
    server_start(world, MASTER, master);
    snprintf(of, sizeof(of), "%d", world->servers[MASTER].port);
    server_start(world, REPLICA, replica);
    wait_for_replica(world);
    snprintf(world->url, sizeof(world->url), "redis://:open@nowhere.invalid/2");
}

static void server_get(const struct server *server, const char *key, char *out)
{
    redisContext *admin = server_connect(server);
    freeReplyObject(redisCommand(admin, "AUTH open"));
    freeReplyObject(redisCommand(admin, "SELECT 2"));
    redisReply *reply = redisCommand(admin, "GET %s", key);
    snprintf(out, WORLD_TEXT, "%s", reply && reply->str ? reply->str : "");
    freeReplyObject(reply);
    redisFree(admin);
}

static void test_master_is_found_and_followed(void **state)
{
    char out[WORLD_TEXT];
    struct world *world = *state;
    start(world);
    sentinel_start(world);
    snprintf(world->sentinels, sizeof(world->sentinels),
             "nowhere.invalid, 127.0.0.1:1, localhost:%d", world->servers[SENTINEL].port);
    world_begin_up(world);
    world_ask(world, "SET where first");
    assert_int_equal(world->seen.errors, 0);
    server_get(&world->servers[MASTER], "where", out);
    assert_string_equal(out, "first");
    server_get(&world->servers[REPLICA], "where", out);
    for (uint64_t end_us = clock_now_us() + WORLD_WAIT_US; strcmp(out, "first") != 0;) {
        assert_true(clock_now_us() < end_us);
        world_turn_for(world, 50);
        server_get(&world->servers[REPLICA], "where", out);
    }
    server_kill(&world->servers[MASTER]);
    WORLD_UNTIL(world, world->seen.down >= 1);
    WORLD_UNTIL(world, redis_is_up(world->redis));
    assert_int_equal(world_logged(world, "redis_back"), 1);
    world_ask(world, "SET where second");
    assert_int_equal(world->seen.errors, 0);
    server_get(&world->servers[REPLICA], "where", out);
    assert_string_equal(out, "second");
}

static void test_unknown_service(void **state)
{
    struct world *world = *state;
    start(world);
    sentinel_start(world);
    world->config.service = (char[]){"other"};
    snprintf(world->sentinels, sizeof(world->sentinels), "127.0.0.1:%d",
             world->servers[SENTINEL].port);
    world_begin(world);
    WORLD_UNTIL(world, world_logged(world, "asked for other: it is unknown there"));
    assert_int_equal(world->seen.up, 0);
}

/* What a sentinel says of 127.0.0.1 and port. */
static void place_print(char *out, int port)
{
    char digits[16];
    int size = snprintf(digits, sizeof(digits), "%d", port);
    snprintf(out, WORLD_TEXT, "*2\r\n$9\r\n127.0.0.1\r\n$%d\r\n%s\r\n", size, digits);
}

/* --- names of several addresses ------------------------------------------------------------- */

typedef int look_up(const char *name, const char *port, const struct addrinfo *hints,
                    struct addrinfo **found);

int getaddrinfo(const char *name, const char *port, const struct addrinfo *hints,
                struct addrinfo **found);

/* In place of the C library's: the name "two.test" has two addresses, of which nobody listens at
 * the first. */
int getaddrinfo(const char *name, const char *port, const struct addrinfo *hints,
                struct addrinfo **found)
{
    look_up *real = NULL;
    *(void **)&real = dlsym(RTLD_NEXT, "getaddrinfo");
    if (strcmp(name, "two.test") != 0)
        return real(name, port, hints, found);
    int error = real("127.0.0.2", port, hints, found);
    return error ? error : real("127.0.0.1", port, hints, &(*found)->ai_next);
}

static void test_second_address(void **state)
{
    struct world *world = *state;
    server_start(world, MASTER, NULL);
    snprintf(world->url, sizeof(world->url), "redis://two.test:%d", world->servers[MASTER].port);
    world_begin_up(world);
    assert_int_equal(world_logged(world, "redis_lost"), 0);
}

static void test_second_address_of_sentinel(void **state)
{
    struct world *world = *state;
    char place[WORLD_TEXT];
    server_start(world, MASTER, NULL);
    place_print(place, world->servers[MASTER].port);
    struct odd odd = {.answers = {{"SENTINEL", place}}};
    odd_start(&odd);
    snprintf(world->sentinels, sizeof(world->sentinels), "two.test:%d", odd.port);
    world_begin_up(world);
    assert_int_equal(world_logged(world, "redis_lost"), 0);
    odd_stop(world, &odd);
}

/* --- sentinels that are of no use ---------------------------------------------------------- */

/* One that is cut off names an old master for ever: the next is asked at the next try. */
static void test_stale_sentinel(void **state)
{
    char old[WORLD_TEXT];
    char now[WORLD_TEXT];
    struct world *world = *state;
    start(world);
    place_print(old, world->servers[REPLICA].port);
    place_print(now, world->servers[MASTER].port);
    struct odd stale = {.answers = {{"SENTINEL", old}}};
    struct odd good = {.answers = {{"SENTINEL", now}}};
    odd_start(&stale);
    odd_start(&good);
    snprintf(world->sentinels, sizeof(world->sentinels), "127.0.0.1:%d,127.0.0.1:%d", stale.port,
             good.port);
    world_begin_up(world);
    assert_int_equal(world_logged(world, "it is a replica, not the master"), 1);
    odd_stop(world, &stale);
    odd_stop(world, &good);
}

static void test_wrong_sentinels(void **state)
{
    static const struct {
        struct odd odd;
        const char *logged;
    } cases[] = {
        {{.answers = {{"SENTINEL", "*-1\r\n"}}}, "it is unknown there"},
        {{.answers = {{"SENTINEL", "-IDONTKNOW not yet\r\n"}}}, "main: IDONTKNOW not yet"},
        {{.answers = {{"SENTINEL", ":5\r\n"}}}, "it answered something else"},
        {{.answers = {{"SENTINEL", "*0\r\n"}}}, "it answered something else"},
        {{.answers = {{"SENTINEL", "*2\r\n:1\r\n:2\r\n"}}}, "it answered something else"},
        {{.answers = {{"SENTINEL", "*2\r\n$0\r\n\r\n$1\r\n1\r\n"}}}, "it answered something else"},
        {{.answers = {{"SENTINEL", "*2\r\n$1\r\na\r\n$1\r\n0\r\n"}}}, "it answered something else"},
        {{.answers = {{"SENTINEL", "*2\r\n$1\r\na\r\n$5\r\n65536\r\n"}}},
         "it answered something else"},
        {{.answers = {{"SENTINEL", "*2\r\n$1\r\na\r\n$2\r\n-1\r\n"}}},
         "it answered something else"},
        {{.answers = {{"SENTINEL", "*2\r\n$15\r\nno-such.invalid\r\n$1\r\n1\r\n"}}},
         "no-such.invalid: "},
        {{.answers = {{"SENTINEL", ""}}}, "Server closed the connection"},
        {{.answers = {{"SENTINEL", "SSH-2.0\r\n"}}}, "Protocol error"},
        {{.answers = {{"SENTINEL", NULL}}}, "no answer within 300 ms"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct world *world = NULL;
        struct odd odd = cases[i].odd;
        assert_int_equal(world_open((void **)&world), 0);
        odd_start(&odd);
        world->config.timeout_ms = 300;
        snprintf(world->sentinels, sizeof(world->sentinels), "127.0.0.1:%d", odd.port);
        world_begin(world);
        uint64_t until_us = clock_now_us() + WORLD_WAIT_US;
        while (!world_logged(world, "redis_lost") && clock_now_us() < until_us)
            world_turn(world);
        size_t found = world_logged(world, cases[i].logged);
        odd_stop(world, &odd);
        assert_int_equal(world_close((void **)&world), 0);
        if (!found)
            fail_msg("case %zu: \"%s\" is not logged", i, cases[i].logged);
    }
    (void)state;
}

/* While a sentinel is looked up, asked, silent. */
static void test_destroyed_while_asking(void **state)
{
    struct world *world = *state;
    struct odd odd = {.answers = {{"SENTINEL", NULL}}};
    odd_start(&odd);
    snprintf(world->sentinels, sizeof(world->sentinels), "localhost:%d", odd.port);
    for (int i = 0; i < 20; i++) {
        world_begin(world);
        for (int turn = 0; turn < i; turn++)
            world_turn(world);
        redis_destroy(world->redis);
        world->redis = NULL;
    }
    odd_stop(world, &odd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(test_master_is_found_and_followed),
        WORLD_TEST(test_unknown_service),
        WORLD_TEST(test_second_address),
        WORLD_TEST(test_second_address_of_sentinel),
        WORLD_TEST(test_stale_sentinel),
        WORLD_TEST(test_wrong_sentinels),
        WORLD_TEST(test_destroyed_while_asking),
    };
    return world_has_redis() ? cmocka_run_group_tests(tests, NULL, NULL) : 0;
}
