/*
 * The Redis client against a real server: auth-and-bans.md "Bans" (one script, subscription,
 * "Redis away"), operations.md "Failure behaviour" (one log line, one metric, back by itself).
 */
#include "redis_world.h"

#include <pthread.h>
#include <stdatomic.h>

/* --- commands ------------------------------------------------------------------------------ */

static void use_tcp(struct world *world, const char *login, const char *db)
{
    snprintf(world->url, sizeof(world->url), "redis://%s127.0.0.1:%d%s", login,
             world->servers[0].port, db);
}

static void begin(struct world *world)
{
    server_start(world, 0, NULL);
    use_tcp(world, "", "");
    world_begin_up(world);
}

static void test_replies_come_in_order(void **state)
{
    enum { COUNT = 20000 };
    struct world *world = *state;
    begin(world);
    int64_t before = metric_get(METRIC_REDIS_COMMANDS);
    for (size_t i = 0; i < COUNT; i++)
        assert_int_equal(world_send(world, "INCR n"), RESULT_OK);
    WORLD_UNTIL(world, world->seen.replies == COUNT);
    assert_true(world->seen.is_in_order);
    assert_int_equal(world->seen.last, COUNT);
    assert_int_equal(metric_get(METRIC_REDIS_COMMANDS) - before, COUNT);
    assert_int_equal(metric_get(METRIC_REDIS_UP), 1);
    assert_int_equal(world_logged(world, "redis_lost"), 0);
}

static void test_unix_socket(void **state)
{
    struct world *world = *state;
    server_start(world, 0, NULL);
    snprintf(world->url, sizeof(world->url), "unix://%.200s", world->servers[0].socket);
    world_begin_up(world);
    world_ask(world, "ECHO here");
    assert_string_equal(world->seen.text, "here");
}

/* Words are bytes: empty, with a zero, with a line's end, long. */
static void test_any_words(void **state)
{
    struct world *world = *state;
    begin(world);
    size_t size = 3 << 20;
    char *text = malloc(size);
    memset(text, 'x', size);
    const struct slice set[] = {SLICE("SET"), SLICE("a\0\r\nb"), slice_of(NULL, 0)};
    const struct slice append[] = {SLICE("APPEND"), SLICE("a\0\r\nb"), slice_of(text, size)};
    assert_int_equal(redis_command(world->redis, set, 3, NULL, NULL), RESULT_OK);
    assert_int_equal(redis_command(world->redis, append, 3, seen_reply, &world->seen), RESULT_OK);
    WORLD_UNTIL(world, world->seen.replies == 1);
    assert_int_equal(world->seen.last, size);
    const struct slice get[] = {SLICE("GET"), SLICE("a\0\r\nb")};
    assert_int_equal(redis_command(world->redis, get, 2, seen_reply, &world->seen), RESULT_OK);
    WORLD_UNTIL(world, world->seen.replies == 2);
    assert_int_equal(strlen(world->seen.text), WORLD_TEXT - 1);
    free(text);
}

static void test_errors_are_given_as_such(void **state)
{
    struct world *world = *state;
    begin(world);
    int64_t before = metric_get(METRIC_REDIS_FAILURES);
    world_ask(world, "NOSUCH word");
    assert_int_equal(world->seen.errors, 1);
    const struct slice unheard[] = {SLICE("LPOP"), SLICE("a"), SLICE("b"), SLICE("c")};
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(redis_command(world->redis, unheard, 4, NULL, NULL), RESULT_OK);
    world_ask(world, "ECHO on");
    assert_string_equal(world->seen.text, "on");
    assert_int_equal(metric_get(METRIC_REDIS_FAILURES) - before, 4);
    assert_int_equal(world_logged(world, "a command failed: ERR wrong number of arguments"), 1);
}

static void test_database_is_selected(void **state)
{
    char out[WORLD_TEXT];
    struct world *world = *state;
    server_start(world, 0, NULL);
    use_tcp(world, "", "/5");
    world_begin_up(world);
    world_ask(world, "SET where here");
    server_say(&world->servers[0], out, "MOVE where 5");
    assert_string_equal(out, "0");
    server_say(&world->servers[0], out, "SWAPDB 0 5");
    server_say(&world->servers[0], out, "GET where");
    assert_string_equal(out, "here");
}

static void test_no_such_database(void **state)
{
    struct world *world = *state;
    server_start(world, 0, NULL);
    use_tcp(world, "", "/99");
    world_begin(world);
    WORLD_UNTIL(world, world_logged(world, "SELECT: ERR DB index is out of range"));
    world_turn_for(world, 500);
    assert_int_equal(world_logged(world, "redis_lost"), 1);
    assert_false(redis_is_up(world->redis));
}

/* --- scripts ------------------------------------------------------------------------------- */

static struct redis_script script = {
    .text = "return redis.call('INCRBY', KEYS[1], ARGV[1])",
    .sha1 = "",
};

static enum result eval(struct world *world, const struct redis_script *which)
{
    const struct slice words[] = {SLICE("n"), SLICE("1")};
    return redis_eval(world->redis, which, 1, words, 2, seen_reply, &world->seen);
}

/* Calls of a command, as the server counts them. */
static int calls(const struct world *world, const char *command)
{
    char needle[64];
    int count = 0;
    redisContext *admin = server_connect(&world->servers[0]);
    redisReply *reply = redisCommand(admin, "INFO commandstats");
    snprintf(needle, sizeof(needle), "cmdstat_%s:calls=", command);
    const char *at = strstr(reply->str, needle);
    if (at)
        count = atoi(at + strlen(needle));
    freeReplyObject(reply);
    redisFree(admin);
    return count;
}

static void test_script_goes_whole_once(void **state)
{
    struct world *world = *state;
    redis_script_init(&script);
    assert_string_equal(script.sha1, "8cd00688c05c46bde4a2e60658ef20a2e5c0b248");
    begin(world);
    for (size_t i = 0; i < 10; i++)
        assert_int_equal(eval(world, &script), RESULT_OK);
    WORLD_UNTIL(world, world->seen.replies == 10);
    assert_true(world->seen.is_in_order);
    assert_int_equal(calls(world, "eval"), 1);
    assert_int_equal(calls(world, "evalsha"), 9);
}

static void test_forgotten_script_goes_whole_again(void **state)
{
    struct world *world = *state;
    redis_script_init(&script);
    begin(world);
    assert_int_equal(eval(world, &script), RESULT_OK);
    WORLD_UNTIL(world, world->seen.replies == 1);
    server_say(&world->servers[0], NULL, "SCRIPT FLUSH");
    for (size_t i = 0; i < 5; i++)
        assert_int_equal(eval(world, &script), RESULT_OK);
    WORLD_UNTIL(world, world->seen.replies == 6);
    world_turn_for(world, 50);
    assert_int_equal(world->seen.replies, 6);
    assert_true(world->seen.is_in_order);
    assert_int_equal(world->seen.errors, 0);
    int whole = calls(world, "eval");
    assert_int_equal(eval(world, &script), RESULT_OK);
    WORLD_UNTIL(world, world->seen.replies == 7);
    assert_int_equal(calls(world, "eval"), whole);
}

static void test_wrong_script_is_an_error(void **state)
{
    struct world *world = *state;
    struct redis_script wrong = {.text = "return redis.call('NOSUCH')"};
    redis_script_init(&wrong);
    begin(world);
    for (size_t i = 1; i < 4; i++) {
        assert_int_equal(eval(world, &wrong), RESULT_OK);
        WORLD_UNTIL(world, world->seen.replies == i);
        assert_int_equal(world->seen.errors, i);
    }
    assert_true(redis_is_up(world->redis));
}

/* More scripts than are remembered as sent. */
static void test_many_scripts(void **state)
{
    enum { SCRIPTS = 50 };
    struct world *world = *state;
    struct redis_script scripts[SCRIPTS];
    char texts[SCRIPTS][64];
    begin(world);
    for (int i = 0; i < SCRIPTS; i++) {
        snprintf(texts[i], sizeof(texts[i]), "return redis.call('INCR', KEYS[1]) + 0*%d", i);
        scripts[i].text = texts[i];
        redis_script_init(&scripts[i]);
    }
    for (size_t i = 0; i < 2 * SCRIPTS; i++) {
        assert_int_equal(eval(world, &scripts[i % SCRIPTS]), RESULT_OK);
        WORLD_UNTIL(world, world->seen.replies == i + 1);
    }
    assert_int_equal(world->seen.errors, 0);
    assert_int_equal(world->seen.last, 2 * SCRIPTS);
}

/* --- subscriptions ------------------------------------------------------------------------- */

static void test_messages_are_heard(void **state)
{
    struct world *world = *state;
    struct seen other = {0};
    const struct redis_listener listeners[] = {
        {"news", seen_message, seen_up, seen_down, &other},
        {"olds", seen_message, NULL, NULL, &other},
        {NULL, NULL, seen_up, NULL, &other},
    };
    server_start(world, 0, NULL);
    use_tcp(world, "", "");
    world_begin(world);
    for (size_t i = 0; i < 3; i++)
        redis_listen(world->redis, &listeners[i]);
    WORLD_UNTIL(world, redis_is_up(world->redis));
    assert_int_equal(world->seen.up, 1);
    assert_int_equal(other.up, 2);
    server_say(&world->servers[0], NULL, "PUBLISH t:olds one");
    server_say(&world->servers[0], NULL, "PUBLISH news unheard");
    WORLD_UNTIL(world, other.messages == 1);
    assert_string_equal(other.message, "one");
    assert_int_equal(world->seen.messages, 0);
    assert_int_equal(world_send(world, "PUBLISH t:news two"), RESULT_OK);
    WORLD_UNTIL(world, world->seen.messages == 1 && other.messages == 2);
    assert_string_equal(world->seen.message, "two");
    redis_destroy(world->redis);
    world->redis = NULL;
    assert_int_equal(other.down, 1);
}

/* A list of a command that looks like a message is its reply. */
static void test_only_subscriptions_bring_messages(void **state)
{
    struct world *world = *state;
    begin(world);
    world_ask(world, "RPUSH l message t:news x");
    world_ask(world, "LRANGE l 0 -1");
    assert_int_equal(world->seen.messages, 0);
}

static void test_lost_subscription_is_a_loss(void **state)
{
    struct world *world = *state;
    begin(world);
    server_say(&world->servers[0], NULL, "CLIENT KILL TYPE pubsub");
    WORLD_UNTIL(world, world->seen.down == 1);
    WORLD_UNTIL(world, world->seen.up == 2);
    server_say(&world->servers[0], NULL, "PUBLISH t:news again");
    WORLD_UNTIL(world, world->seen.messages == 1);
    assert_int_equal(world_logged(world, "redis_lost"), 1);
    assert_int_equal(world_logged(world, "redis_back"), 1);
}

/* --- losses -------------------------------------------------------------------------------- */

/* "Redis away: everything works; one log line, one metric", and back by itself. */
static void test_refused_at_start(void **state)
{
    struct world *world = *state;
    world->servers[0].port = world_free_port();
    use_tcp(world, "", "");
    int64_t before = metric_get(METRIC_REDIS_CONNECT_ERRORS);
    world_begin(world);
    assert_int_equal(world_send(world, "PING"), RESULT_UNAVAILABLE);
    WORLD_UNTIL(world, metric_get(METRIC_REDIS_CONNECT_ERRORS) >= before + 3);
    assert_int_equal(world_send(world, "PING"), RESULT_UNAVAILABLE);
    assert_int_equal(world_logged(world, "Connection refused"), 1);
    server_start(world, 0, NULL);
    WORLD_UNTIL(world, redis_is_up(world->redis));
    assert_int_equal(world->seen.up, 1);
    assert_int_equal(world->seen.down, 0);
    assert_int_equal(world->seen.replies, 0);
    assert_int_equal(world_logged(world, "redis_lost"), 1);
    assert_int_equal(world_logged(world, "redis_back"), 1);
}

static void test_no_socket_at_start(void **state)
{
    struct world *world = *state;
    snprintf(world->url, sizeof(world->url), "unix://%.200s/0.sock", world->folder);
    world_begin(world);
    WORLD_UNTIL(world, world_logged(world, "No such file or directory"));
    server_start(world, 0, NULL);
    WORLD_UNTIL(world, redis_is_up(world->redis));
}

static void test_too_long_path(void **state)
{
    struct world *world = *state;
    snprintf(world->url, sizeof(world->url), "unix:///%0150d", 0);
    world_begin(world);
    WORLD_UNTIL(world, world_logged(world, "path in redis.url is too long"));
}

static void test_unknown_host(void **state)
{
    struct world *world = *state;
    snprintf(world->url, sizeof(world->url), "redis://no-such-host.invalid");
    world_begin(world);
    WORLD_UNTIL(world, world_logged(world, "redis_lost"));
    assert_int_equal(world_logged(world, "no-such-host.invalid: "), 1);
    assert_false(redis_is_up(world->redis));
}

/* A name with several addresses: the server listens at one of them. */
static void test_name_is_looked_up(void **state)
{
    struct world *world = *state;
    server_start(world, 0, NULL);
    snprintf(world->url, sizeof(world->url), "redis://localhost:%d", world->servers[0].port);
    world_begin_up(world);
    assert_int_equal(world_logged(world, "redis_lost"), 0);
}

/* Behind a BLPOP nothing is answered: all of it pends when the server dies. */
static void test_killed_with_commands_pending(void **state)
{
    enum { COUNT = 100 };
    struct world *world = *state;
    world->config.timeout_ms = 60000;
    begin(world);
    int64_t failures = metric_get(METRIC_REDIS_FAILURES);
    assert_int_equal(world_send(world, "BLPOP nothing 0"), RESULT_OK);
    for (size_t i = 1; i < COUNT; i++)
        assert_int_equal(world_send(world, "PING"), RESULT_OK);
    world_turn_for(world, 50);
    assert_int_equal(world->seen.replies, 0);
    server_kill(&world->servers[0]);
    WORLD_UNTIL(world, world->seen.down == 1);
    assert_int_equal(world->seen.replies, COUNT);
    assert_int_equal(world->seen.nulls, COUNT);
    assert_int_equal(metric_get(METRIC_REDIS_FAILURES) - failures, COUNT);
    assert_int_equal(metric_get(METRIC_REDIS_UP), 0);
    assert_int_equal(world_send(world, "PING"), RESULT_UNAVAILABLE);
    server_start(world, 0, NULL);
    WORLD_UNTIL(world, world->seen.up == 2);
    world_ask(world, "ECHO back");
    assert_string_equal(world->seen.text, "back");
    assert_int_equal(world->seen.nulls, COUNT);
    assert_int_equal(world_logged(world, "redis_lost"), 1);
    assert_int_equal(world_logged(world, "redis_back"), 1);
}

/* A hung server: noticed though nobody asks it anything, and back when it goes on. */
static void test_hung_is_noticed_at_rest(void **state)
{
    struct world *world = *state;
    world->config.timeout_ms = 400;
    begin(world);
    kill(world->servers[0].pid, SIGSTOP);
    WORLD_UNTIL(world, world->seen.down >= 1);
    world_turn_for(world, 1000);
    assert_false(redis_is_up(world->redis));
    assert_true(world_logged(world, "no answer within 400 ms (redis.timeout)") >= 1);
    kill(world->servers[0].pid, SIGCONT);
    WORLD_UNTIL(world, redis_is_up(world->redis));
}

static void test_hung_with_commands_pending(void **state)
{
    struct world *world = *state;
    world->config.timeout_ms = 400;
    begin(world);
    kill(world->servers[0].pid, SIGSTOP);
    for (size_t i = 0; i < 10; i++)
        assert_int_equal(world_send(world, "INCR n"), RESULT_OK);
    WORLD_UNTIL(world, world->seen.replies == 10);
    assert_int_equal(world->seen.nulls, 10);
    kill(world->servers[0].pid, SIGCONT);
    WORLD_UNTIL(world, redis_is_up(world->redis));
    assert_int_equal(world->seen.replies, 10);
}

/* That our own loop stood still is not Redis's fault. */
static void test_own_standstill_is_no_loss(void **state)
{
    struct world *world = *state;
    world->config.timeout_ms = 1000;
    begin(world);
    assert_int_equal(world_send(world, "PING"), RESULT_OK);
    world_turn(world);
    usleep(2500000);
    world_ask(world, "PING");
    assert_int_equal(world->seen.nulls, 0);
    assert_int_equal(world->seen.down, 0);
}

static void test_flushall(void **state)
{
    struct world *world = *state;
    redis_script_init(&script);
    begin(world);
    assert_int_equal(eval(world, &script), RESULT_OK);
    WORLD_UNTIL(world, world->seen.replies == 1);
    server_say(&world->servers[0], NULL, "FLUSHALL");
    assert_int_equal(eval(world, &script), RESULT_OK);
    WORLD_UNTIL(world, world->seen.replies == 2);
    assert_int_equal(world->seen.last, 1);
    assert_int_equal(world->seen.down, 0);
}

/* What cannot be sent is refused before it fills the memory. */
static void test_output_is_bounded(void **state)
{
    struct world *world = *state;
    world->config.timeout_ms = 60000;
    begin(world);
    int64_t before = metric_get(METRIC_REDIS_FULL);
    char *text = calloc(1, 64 << 10);
    const struct slice words[] = {SLICE("ECHO"), slice_of(text, 64 << 10)};
    size_t sent = 0;
    kill(world->servers[0].pid, SIGSTOP);
    while (redis_command(world->redis, words, 2, seen_reply, &world->seen) == RESULT_OK) {
        assert_in_range(++sent, 1, 1000);
        world_turn(world);
    }
    free(text);
    assert_int_equal(metric_get(METRIC_REDIS_FULL) - before, 1);
    kill(world->servers[0].pid, SIGCONT);
    WORLD_UNTIL(world, world->seen.replies == sent);
    assert_int_equal(world->seen.nulls, 0);
    world_ask(world, "PING");
}

static void test_pending_is_bounded(void **state)
{
    struct world *world = *state;
    world->config.timeout_ms = 60000;
    begin(world);
    size_t sent = 0;
    kill(world->servers[0].pid, SIGSTOP);
    while (world_send(world, "PING") == RESULT_OK)
        assert_in_range(++sent, 1, 100001);
    kill(world->servers[0].pid, SIGCONT);
    WORLD_UNTIL(world, world->seen.replies == sent);
    assert_int_equal(world->seen.nulls, 0);
}

/* --- who may ------------------------------------------------------------------------------- */

static void test_wrong_password(void **state)
{
    struct world *world = *state;
    const char *const more[] = {"--requirepass", "open/sesame", NULL};
    server_start(world, 0, more);
    use_tcp(world, ":sesame%2Fopen@", "");
    world_begin(world);
    WORLD_UNTIL(world, world_logged(world, "redis.url: WRONGPASS"));
    world_turn_for(world, 500);
    assert_false(redis_is_up(world->redis));
    assert_int_equal(world_logged(world, "redis_lost"), 1);
    assert_int_equal(world_logged(world, "sesame"), 0);
    redisContext *admin = server_connect(&world->servers[0]);
    freeReplyObject(redisCommand(admin, "AUTH open/sesame"));
    freeReplyObject(redisCommand(admin, "CONFIG SET requirepass sesame/open"));
    redisFree(admin);
    WORLD_UNTIL(world, redis_is_up(world->redis));
    assert_int_equal(world_logged(world, "redis_back"), 1);
}

static void test_missing_password(void **state)
{
    struct world *world = *state;
    const char *const more[] = {"--requirepass", "open", NULL};
    server_start(world, 0, more);
    use_tcp(world, "", "");
    world_begin(world);
    WORLD_UNTIL(world, world_logged(world, "PING: NOAUTH"));
}

/* Who may not ask for the role is served all the same. */
static void test_user_of_few_rights(void **state)
{
    struct world *world = *state;
    server_start(world, 0, NULL);
    server_say(&world->servers[0], NULL, "ACL SETUSER me on >a:b ~t:* &t:* +@all -role");
    use_tcp(world, "me:a%3Ab@", "");
    world_begin_up(world);
    world_ask(world, "SET t:a b");
    assert_int_equal(world->seen.errors, 0);
    world_ask(world, "SET a b");
    assert_int_equal(world->seen.errors, 1);
    world_turn_for(world, 500);
    assert_true(redis_is_up(world->redis));
}

static void test_channel_is_not_allowed(void **state)
{
    struct world *world = *state;
    server_start(world, 0, NULL);
    server_say(&world->servers[0], NULL, "ACL SETUSER me on >word ~* +@all resetchannels");
    use_tcp(world, "me:word@", "");
    world_begin(world);
    WORLD_UNTIL(world, world_logged(world, "SUBSCRIBE: NOPERM"));
    assert_int_equal(world->seen.up, 0);
}

static void test_too_many_clients(void **state)
{
    struct world *world = *state;
    server_start(world, 0, NULL);
    redisContext *other = server_connect(&world->servers[0]);
    freeReplyObject(redisCommand(other, "CONFIG SET maxclients 1"));
    use_tcp(world, ":word@", "");
    world_begin(world);
    WORLD_UNTIL(world, world_logged(world, "redis_lost"));
    freeReplyObject(redisCommand(other, "CONFIG SET maxclients 100"));
    freeReplyObject(redisCommand(other, "CONFIG SET requirepass word"));
    redisFree(other);
    WORLD_UNTIL(world, redis_is_up(world->redis));
}

/* --- roles --------------------------------------------------------------------------------- */

static void test_replica_is_refused(void **state)
{
    struct world *world = *state;
    const char *const more[] = {"--replicaof", "127.0.0.1 1", NULL};
    server_start(world, 0, more);
    use_tcp(world, "", "");
    world_begin(world);
    WORLD_UNTIL(world, world_logged(world, "it is a replica, not the master"));
    assert_int_equal(world->seen.up, 0);
    server_say(&world->servers[0], NULL, "REPLICAOF NO ONE");
    WORLD_UNTIL(world, redis_is_up(world->redis));
}

/* Demoted at rest: found out by asking for the role. */
static void test_demotion_at_rest(void **state)
{
    struct world *world = *state;
    begin(world);
    server_say(&world->servers[0], NULL, "REPLICAOF 127.0.0.1 1");
    WORLD_UNTIL(world, world->seen.down == 1);
    assert_int_equal(world_logged(world, "it is a replica, not the master"), 1);
    world_turn_for(world, 300);
    assert_int_equal(world->seen.up, 1);
    server_say(&world->servers[0], NULL, "REPLICAOF NO ONE");
    WORLD_UNTIL(world, world->seen.up == 2);
}

/* Demoted under one who may not ask: READONLY is given to the handler, and is a loss. */
static void test_demotion_while_writing(void **state)
{
    struct world *world = *state;
    server_start(world, 0, NULL);
    server_say(&world->servers[0], NULL, "ACL SETUSER me on >word ~* &* +@all -role");
    use_tcp(world, "me:word@", "");
    world_begin_up(world);
    server_say(&world->servers[0], NULL, "REPLICAOF 127.0.0.1 1");
    world_turn_for(world, 300);
    assert_int_equal(world->seen.down, 0);
    world_ask(world, "SET a b");
    assert_int_equal(world->seen.errors, 1);
    assert_int_equal(strncmp(world->seen.text, "READONLY", 8), 0);
    assert_int_equal(world->seen.down, 1);
    assert_int_equal(world_logged(world, "READONLY"), 1);
}

/* --- the end ------------------------------------------------------------------------------- */

static void test_destroyed_with_commands_pending(void **state)
{
    struct world *world = *state;
    redis_script_init(&script);
    world->config.timeout_ms = 60000;
    begin(world);
    assert_int_equal(world_send(world, "BLPOP nothing 0"), RESULT_OK);
    assert_int_equal(eval(world, &script), RESULT_OK);
    world_turn_for(world, 20);
    assert_int_equal(world_send(world, "SET never sent"), RESULT_OK);
    assert_int_equal(eval(world, &script), RESULT_OK);
    assert_int_equal(world->seen.replies, 0);
    redis_destroy(world->redis);
    world->redis = NULL;
    assert_int_equal(world->seen.nulls, 4);
    assert_int_equal(world->seen.replies, 4);
    assert_int_equal(world->seen.down, 1);
}

/* After 0, 1, 2, … turns of the loop: while searching, joining, up, pausing. */
static void test_destroyed_at_any_point(void **state)
{
    static const char *const hosts[] = {"127.0.0.1", "localhost", "127.0.0.1"};
    struct world *world = *state;
    server_start(world, 0, NULL);
    for (int i = 0; i < 90; i++) {
        snprintf(world->url, sizeof(world->url), "redis://%s:%d", hosts[i % 3],
                 i % 3 == 2 ? 1 : world->servers[0].port);
        world_begin(world);
        for (int turn = 0; turn < i / 3; turn++)
            world_turn(world);
        if (i % 2)
            redis_stop(world->redis);
        redis_destroy(world->redis);
        world->redis = NULL;
        for (int turn = 0; turn < i % 4; turn++)
            world_turn(world);
    }
    assert_int_equal(world->seen.up, world->seen.down);
}

static void test_none(void **state)
{
    struct world *world = *state;
    struct redis_listener listener = {0};
    char out[REDIS_KEY_BYTES];
    const struct slice word = SLICE("PING");
    const struct config_redis nothing = {.url = world->url, .sentinels = world->sentinels};
    const struct config_redis nonsense = {.url = world->folder, .sentinels = world->sentinels};
    assert_null(redis_create(&nonsense));
    assert_null(redis_create(&nothing));
    redis_listen(NULL, &listener);
    redis_start(NULL, loop_group_get(world->group, 0));
    assert_false(redis_is_up(NULL));
    assert_int_equal(redis_command(NULL, &word, 1, seen_reply, &world->seen), RESULT_UNAVAILABLE);
    assert_int_equal(redis_eval(NULL, &script, 0, NULL, 0, seen_reply, &world->seen),
                     RESULT_UNAVAILABLE);
    assert_true(slice_equal(redis_key(NULL, "a:", SLICE("b"), out), SLICE("a:b")));
    redis_stop(NULL);
    redis_destroy(NULL);
    assert_int_equal(world->seen.replies, 0);
}

static void test_keys(void **state)
{
    struct world *world = *state;
    char out[REDIS_KEY_BYTES];
    char prefix[400];
    char rest[400];
    memset(prefix, 'p', sizeof(prefix) - 1);
    memset(rest, 'r', sizeof(rest));
    prefix[sizeof(prefix) - 1] = '\0';
    world->config.url = (char[]){"redis://127.0.0.1"};
    world->redis = redis_create(&world->config);
    struct slice key = redis_key(world->redis, "fails:", SLICE("10.0.0.1"), out);
    assert_string_equal(out, "t:fails:10.0.0.1");
    assert_int_equal(key.size, strlen(out));
    key = redis_key(world->redis, "x", slice_of(rest, sizeof(rest)), out);
    assert_int_equal(key.size, REDIS_KEY_BYTES - 1);
    assert_int_equal(strlen(out), REDIS_KEY_BYTES - 1);
    redis_destroy(world->redis);
    world->config.prefix = prefix;
    world->redis = redis_create(&world->config);
    key = redis_key(world->redis, "fails:", SLICE("10.0.0.1"), out);
    assert_string_equal(out + key.size - 15, "pfails:10.0.0.1");
    assert_int_equal(world_logged(world, "redis.prefix is cut"), 1);
}

/* --- on a loop's own thread ---------------------------------------------------------------- */

enum { POSTERS = 3, POSTS = 500 };

struct threaded {
    struct redis *redis;
    struct loop *loop;
    atomic_size_t shared_answered;
    atomic_size_t shared_heard;
    atomic_bool shared_is_up;
};

struct post {
    struct loop_item item;
    struct threaded *threaded;
};

static void count_answer(void *context, const redisReply *reply)
{
    struct threaded *threaded = context;
    (void)reply;
    atomic_fetch_add(&threaded->shared_answered, 1);
}

static void run_post(struct loop_item *item)
{
    struct post *post = (struct post *)item;
    struct threaded *threaded = post->threaded;
    const struct slice words[] = {SLICE("PUBLISH"), SLICE("t:news"), SLICE("x")};
    if (redis_command(threaded->redis, words, 3, count_answer, threaded) != RESULT_OK)
        count_answer(threaded, NULL);
    free(post);
}

static void *post_commands(void *argument)
{
    struct threaded *threaded = argument;
    for (size_t i = 0; i < POSTS; i++) {
        struct post *post = malloc(sizeof(*post));
        *post = (struct post){{.run = run_post}, threaded};
        loop_post(threaded->loop, &post->item);
    }
    return NULL;
}

static void on_loop_start(struct loop *loop, void *context)
{
    redis_start(((struct threaded *)context)->redis, loop);
}

static void on_loop_stop(struct loop *loop, void *context)
{
    (void)loop;
    redis_stop(((struct threaded *)context)->redis);
}

static void note_up(void *context)
{
    atomic_store(&((struct threaded *)context)->shared_is_up, true);
}

static void note_down(void *context)
{
    atomic_store(&((struct threaded *)context)->shared_is_up, false);
}

static void note_message(void *context, struct slice message)
{
    (void)message;
    atomic_fetch_add(&((struct threaded *)context)->shared_heard, 1);
}

static void wait_until(const atomic_bool *flag)
{
    uint64_t end_us = clock_now_us() + WORLD_WAIT_US;
    while (!atomic_load(flag)) {
        assert_true(clock_now_us() < end_us);
        usleep(1000);
    }
}

static void test_on_a_thread(void **state)
{
    struct world *world = *state;
    struct threaded threaded = {.redis = NULL};
    const struct loop_hooks hooks = {
        .on_start = on_loop_start, .on_stop = on_loop_stop, .context = &threaded};
    const struct redis_listener listener = {"news", note_message, note_up, note_down, &threaded};
    pthread_t posters[POSTERS];
    server_start(world, 0, NULL);
    use_tcp(world, "", "");
    world->config.url = world->url;
    world->config.sentinels = world->sentinels;
    threaded.redis = redis_create(&world->config);
    redis_listen(threaded.redis, &listener);
    struct loop_group *group = loop_group_create(1, &hooks);
    threaded.loop = loop_group_get(group, 0);
    assert_int_equal(loop_group_start(group), RESULT_OK);
    wait_until(&threaded.shared_is_up);
    for (size_t i = 0; i < POSTERS; i++)
        pthread_create(&posters[i], NULL, post_commands, &threaded);
    for (size_t i = 0; i < POSTERS; i++)
        pthread_join(posters[i], NULL);
    loop_group_drain(group, 1);
    loop_group_destroy(group);
    redis_destroy(threaded.redis);
    assert_int_equal(atomic_load(&threaded.shared_answered), POSTERS * POSTS);
    assert_false(atomic_load(&threaded.shared_is_up));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(test_replies_come_in_order),
        WORLD_TEST(test_unix_socket),
        WORLD_TEST(test_any_words),
        WORLD_TEST(test_errors_are_given_as_such),
        WORLD_TEST(test_database_is_selected),
        WORLD_TEST(test_no_such_database),
        WORLD_TEST(test_script_goes_whole_once),
        WORLD_TEST(test_forgotten_script_goes_whole_again),
        WORLD_TEST(test_wrong_script_is_an_error),
        WORLD_TEST(test_many_scripts),
        WORLD_TEST(test_messages_are_heard),
        WORLD_TEST(test_only_subscriptions_bring_messages),
        WORLD_TEST(test_lost_subscription_is_a_loss),
        WORLD_TEST(test_refused_at_start),
        WORLD_TEST(test_no_socket_at_start),
        WORLD_TEST(test_too_long_path),
        WORLD_TEST(test_unknown_host),
        WORLD_TEST(test_name_is_looked_up),
        WORLD_TEST(test_killed_with_commands_pending),
        WORLD_TEST(test_hung_is_noticed_at_rest),
        WORLD_TEST(test_hung_with_commands_pending),
        WORLD_TEST(test_own_standstill_is_no_loss),
        WORLD_TEST(test_flushall),
        WORLD_TEST(test_output_is_bounded),
        WORLD_TEST(test_pending_is_bounded),
        WORLD_TEST(test_wrong_password),
        WORLD_TEST(test_missing_password),
        WORLD_TEST(test_user_of_few_rights),
        WORLD_TEST(test_channel_is_not_allowed),
        WORLD_TEST(test_too_many_clients),
        WORLD_TEST(test_replica_is_refused),
        WORLD_TEST(test_demotion_at_rest),
        WORLD_TEST(test_demotion_while_writing),
        WORLD_TEST(test_destroyed_with_commands_pending),
        WORLD_TEST(test_destroyed_at_any_point),
        WORLD_TEST(test_none),
        WORLD_TEST(test_keys),
        WORLD_TEST(test_on_a_thread),
    };
    return world_has_redis() ? cmocka_run_group_tests(tests, NULL, NULL) : 0;
}
