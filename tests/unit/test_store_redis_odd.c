/*
 * Servers that speak the protocol wrongly, or not at all: a clear line in the log, a pause, another
 * try; never a crash, never a password in the log (auth-and-bans.md "Bans": "Redis away").
 */
#include "redis_odd.h"

static void begin(struct world *world, struct odd *odd)
{
    odd_start(odd);
    snprintf(world->url, sizeof(world->url), "redis://me:sesame@127.0.0.1:%d/1", odd->port);
    world_begin(world);
}

static void test_wrong_answers(void **state)
{
    static const struct {
        struct odd odd;
        const char *logged;
    } cases[] = {
        {{.answers = {{"AUTH", ":5\r\n"}}}, "AUTH: it was answered by something else"},
        {{.answers = {{"AUTH", "-ERR unknown command `AUTH`, with args beginning with: `sesame`, "
                               "\r\n"}}},
         "redis.url: ERR unknown command "},
        {{.answers = {{"AUTH", "-ERR what is sesame\r\n"}}}, "redis.url: ERR; "},
        {{.answers = {{"AUTH", "*-1\r\n"}}}, "AUTH: it was answered by something else"},
        {{.answers = {{"AUTH", ""}}}, "Server closed the connection"},
        {{.answers = {{"SELECT", "+QUEUED\r\n"}}}, "SELECT: it was answered by something else"},
        {{.answers = {{"SELECT", "-ERR no\r\n"}}}, "SELECT: ERR no"},
        {{.answers = {{"PING", "-LOADING Redis is loading\r\n"}}}, "PING: LOADING"},
        {{.answers = {{"PING", "*0\r\n"}}}, "PING: it was answered by something else"},
        {{.answers = {{"PING", "*1\r\n*1\r\n$4\r\npong\r\n"}}}, "PING: it was answered"},
        {{.answers = {{"ROLE", "*1\r\n$8\r\nsentinel\r\n"}}}, "it is a sentinel"},
        {{.answers = {{"ROLE", "*5\r\n$5\r\nslave\r\n:1\r\n:2\r\n:3\r\n:4\r\n"}}},
         "it is a replica"},
        {{.answers = {{"ROLE", "$6\r\nmaster\r\n"}}}, "ROLE: it was answered by something else"},
        {{.answers = {{"ROLE", "-BUSY no\r\n"}}}, "ROLE: BUSY no"},
        {{.answers = {{"SUBSCRIBE", "+OK\r\n"}}}, "SUBSCRIBE: it was answered by something else"},
        {{.answers = {{"SUBSCRIBE", "-ERR no\r\n"}}}, "SUBSCRIBE: ERR no"},
        {{.answers = {{"SUBSCRIBE", "*3\r\n$11\r\nunsubscribe\r\n$1\r\na\r\n:0\r\n"}}},
         "SUBSCRIBE: it was answered by something else"},
        {{.answers = {{"PING", "+PONG\r\n+PONG\r\n"}}}, "answered by something else"},
        {{.answers = {{"SELECT", "HTTP/1.1 400 Bad Request\r\n\r\n"}}}, "Protocol error"},
        {{.answers = {{"AUTH", "*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n:1\r\n"}}},
         "redis_lost"},
        {{.answers = {{"AUTH", "*9999999999999\r\n"}}}, "redis_lost"},
        {{.answers = {{"AUTH", "$-7\r\n"}}}, "redis_lost"},
        {{.greeting = "-ERR max number of clients reached\r\n"}, "max number of clients reached"},
        {.logged = NULL},
    };
    for (size_t i = 0; cases[i].logged; i++) {
        struct world *world = NULL;
        struct odd odd = cases[i].odd;
        assert_int_equal(world_open((void **)&world), 0);
        begin(world, &odd);
        uint64_t until_us = clock_now_us() + WORLD_WAIT_US;
        while (!world_logged(world, cases[i].logged) && clock_now_us() < until_us)
            world_turn(world);
        size_t found = world_logged(world, cases[i].logged);
        size_t secrets = world_logged(world, "sesame");
        size_t up = world->seen.up;
        odd_stop(world, &odd);
        assert_int_equal(world_close((void **)&world), 0);
        if (!found || secrets || up)
            fail_msg("case %zu: \"%s\" logged %zu times, the password %zu times, up %zu times", i,
                     cases[i].logged, found, secrets, up);
    }
    (void)state;
}

/* Never an answer: noticed though the connection stands, and however small the timeout. */
static void test_silence_at_login(void **state)
{
    struct world *world = *state;
    struct odd odd = {
        .answers = {
            {"AUTH", NULL}, {"SELECT", NULL}, {"PING", NULL}, {"ROLE", NULL}, {"SUBSCRIBE", NULL}}};
    world->config.timeout_ms = 1;
    begin(world, &odd);
    WORLD_UNTIL(world, world_logged(world, "within 1 ms (redis.timeout)"));
    assert_int_equal(world->seen.up, 0);
    odd_stop(world, &odd);
}

/* The commands' connection lives, the other is silent: that is a loss too. */
static void test_silent_subscription(void **state)
{
    struct world *world = *state;
    struct odd odd = {.answers = {{"PING subscribed", NULL}}};
    world->config.timeout_ms = 300;
    begin(world, &odd);
    WORLD_UNTIL(world, world->seen.down == 1);
    assert_int_equal(world_logged(world, "no answer within 300 ms (redis.timeout)"), 1);
    odd_stop(world, &odd);
}

/* It is up when both are there: a subscription that is never confirmed is none. */
static void test_unconfirmed_subscription(void **state)
{
    struct world *world = *state;
    struct odd odd = {.answers = {{"SUBSCRIBE", NULL}}};
    world->config.timeout_ms = 1000;
    begin(world, &odd);
    WORLD_UNTIL(world, world_logged(world, "no answer within 1000 ms (redis.timeout)"));
    assert_int_equal(world->seen.up, 0);
    odd_stop(world, &odd);
}

static void test_wrong_pong(void **state)
{
    struct world *world = *state;
    struct odd odd = {.answers = {{"PING subscribed", "*2\r\n:1\r\n$-1\r\n"}}};
    begin(world, &odd);
    WORLD_UNTIL(world, world->seen.down == 1);
    assert_int_equal(world_logged(world, "PING: it was answered by something else"), 1);
    odd_stop(world, &odd);
}

/* Messages for channels nobody listens to are none; what is no message, and no answer, is a loss.
 */
static void test_wrong_messages(void **state)
{
    struct world *world = *state;
    struct odd odd = {.answers = {{"SUBSCRIBE", "*3\r\n$9\r\nsubscribe\r\n$6\r\nt:news\r\n:1\r\n"
                                                "*3\r\n$7\r\nmessage\r\n$1\r\nx\r\n$1\r\ny\r\n"
                                                "*3\r\n$7\r\nmessage\r\n$6\r\nt:news\r\n$0\r\n\r\n"
                                                "*3\r\n$7\r\nmessage\r\n$6\r\nt:news\r\n:5\r\n"}}};
    begin(world, &odd);
    WORLD_UNTIL(world, world_logged(world, "an answer nobody asked for"));
    WORLD_UNTIL(world, world->seen.messages >= 1);
    assert_string_equal(world->seen.message, "");
    odd_stop(world, &odd);
}

/* As servers before Redis 7 say that they have become a replica. */
static void test_readonly_inside_a_script(void **state)
{
    struct world *world = *state;
    struct odd odd = {
        .answers = {{"EVAL", "-ERR Error running script (call to f_12): @user_script:1: "
                             "-READONLY You can't write against a read only slave.\r\n"}}};
    struct redis_script script = {.text = "return 0"};
    redis_script_init(&script);
    begin(world, &odd);
    WORLD_UNTIL(world, redis_is_up(world->redis));
    assert_int_equal(redis_eval(world->redis, &script, 0, NULL, 0, seen_reply, &world->seen),
                     RESULT_OK);
    WORLD_UNTIL(world, world->seen.replies == 1);
    assert_int_equal(world->seen.errors, 1);
    assert_int_equal(world->seen.down, 1);
    odd_stop(world, &odd);
}

static void test_answer_without_end(void **state)
{
    enum { SIZE = 20 << 20 };
    struct world *world = *state;
    char *text = malloc(SIZE);
    memset(text, 'x', SIZE);
    memcpy(text, "$500000000\r\n", 12);
    text[SIZE - 1] = '\0';
    struct odd odd = {.answers = {{"AUTH", text}}};
    world->config.timeout_ms = 60000;
    begin(world, &odd);
    WORLD_UNTIL(world, world_logged(world, "an answer without end"));
    odd_stop(world, &odd);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_wrong_answers),
        WORLD_TEST(test_silence_at_login),
        WORLD_TEST(test_silent_subscription),
        WORLD_TEST(test_unconfirmed_subscription),
        WORLD_TEST(test_wrong_pong),
        WORLD_TEST(test_wrong_messages),
        WORLD_TEST(test_readonly_inside_a_script),
        WORLD_TEST(test_answer_without_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
