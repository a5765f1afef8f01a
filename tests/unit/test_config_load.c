/* Settings: spec/operations.md "Configuration" and "Limits (defaults)". */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "config/config.h"

/* The stored example lies two folders above this source. */
static const char *example_path(void)
{
    static char text[4096];
    const char *source = __FILE__;
    const char *slash = strrchr(source, '/');
    snprintf(text, sizeof(text), "%.*s/../../portcullis.ini.example",
             slash ? (int)(slash - source) : 1, slash ? source : ".");
    return text;
}

static char path[] = "/tmp/portcullis-config-XXXXXX";

/* Loads a file of this content; returns the problems, which the caller clears. */
static struct buffer load(const char *content, size_t size, const char *option,
                          struct config **config)
{
    struct config_override override = {(char *)option};
    struct buffer problems = {0};
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fwrite(content, 1, size, file);
    fclose(file);
    config_load(path, &override, option ? 1 : 0, config, &problems);
    buffer_append_char(&problems, '\0');
    return problems;
}

static void assert_good(const char *content, size_t size)
{
    struct config *config = NULL;
    struct buffer problems = load(content, size, NULL, &config);
    assert_string_equal(problems.data, "");
    assert_non_null(config);
    config_destroy(config);
    buffer_clear(&problems);
}

/* Every one of the texts, up to NULL, is told, and no configuration comes out. */
static void assert_told(const char *content, size_t size, const char *option, ...)
{
    struct config *config = NULL;
    struct buffer problems = load(content, size, option, &config);
    assert_null(config);
    va_list texts;
    va_start(texts, option);
    for (const char *text; (text = va_arg(texts, const char *));)
        if (!strstr(problems.data, text))
            fail_msg("\"%s\" is not in:\n%s", text, problems.data);
    va_end(texts);
    buffer_clear(&problems);
}
#define TEXT(literal) (literal), sizeof(literal) - 1

static void test_defaults(void **state)
{
    (void)state;
    struct config *config = NULL;
    struct buffer problems = {0};
    assert_int_equal(config_load(NULL, NULL, 0, &config, &problems), RESULT_OK);
    assert_int_equal(config->http.max_head, 16 * 1024);
    assert_int_equal(config->http.max_target, 64 * 1024);
    assert_int_equal(config->http.max_body, 1024 * 1024);
    assert_int_equal(config->http.head_timeout_ms, 10000);
    assert_int_equal(config->http.idle_timeout_ms, 75000);
    assert_int_equal(config->http.body_min_rate, 1024);
    assert_int_equal(config->server.max_connections, 10000);
    assert_int_equal(config->mysql.queue, 1024);
    assert_int_equal(config->mysql.request_deadline_ms, 30000);
    assert_int_equal(config->mysql.read_deadline_ms, 5000);
    assert_int_equal(config->remote.max_limit, 500);
    assert_string_equal(config->admin.listen, "127.0.0.1:9180");
    assert_string_equal(config->remote.base, "/modules/addons/wbteampro");
    assert_true(config->log.access);
    assert_false(config->log.cores);
    config_destroy(config);
    buffer_clear(&problems);
}

static void test_ugly_files_that_are_fine(void **state)
{
    (void)state;
    assert_good(TEXT(""));
    assert_good(TEXT("\n\n# c\n; c\n   \n"));
    assert_good(TEXT("\xef\xbb\xbf[server]\r\n  loops = 2\r\n\tbacklog=5\r\n"));
    assert_good(TEXT("[mysql]\npassword = a ; b # c"));
    assert_good(TEXT("[log]\n[server]\nmax_lag = 0\n[log]\nlevel=debug"));
    assert_good(TEXT("[rate]\nper_address=4294967295/second\nper_admin=5/second burst 60\n"));
    assert_good(TEXT("[server]\nlisten=[::1]:80, unix:/run/p.sock\n"));
    assert_good(TEXT("[server]\nlisten=1.2.3.4:80  proxy_protocol=on , unix:/p proxy_protocol=off\n"
                     "[admin]\nlisten=[::1]:81 proxy_protocol=on\n"));
}

static void test_every_problem_has_its_line(void **state)
{
    (void)state;
    assert_told(TEXT("[server]\nloops = 99\nbacklog = x\nfoo = 1\nnonsense\n[x]\na=1\n[mysql\n"),
                NULL, ":2: server.loops: \"99\" is out of range; allowed is 0 to 64",
                ":3: server.backlog: \"x\"", ":4: server.foo: no such key", ":5: neither",
                ":6: [x]: no such section", ":8: a section", NULL);
    assert_told(TEXT("[server]\nloops=1\n\nloops=1\n"), NULL, ":4: server.loops: given twice",
                "first in line 2", NULL);
    assert_told(TEXT("loops=1\n"), NULL, ":1: loops: stands before any", NULL);
    assert_told(TEXT("[server]\nloops\0=1\n"), NULL, ":2: holds a NUL byte", NULL);
    assert_told(TEXT("[http]\nmax_head=12 KB\nhead_timeout=5\nidle_timeout=1 d\n"), NULL,
                ":2: http.max_head", "16 KiB", ":3: http.head_timeout", ":4: http.idle_timeout",
                NULL);
    assert_told(TEXT("[log]\naccess=yes\nlevel=loud\n"), NULL, "on or off",
                "debug info warning error", NULL);
    assert_told(TEXT("[server]\nlisten=localhost\n"), NULL, ":2: server.listen", NULL);
    assert_told(TEXT("[server]\nlisten=\n"), NULL, "at least one address", NULL);
    assert_told(TEXT("[server]\nlisten=1.2.3.4:80, 1.2.3.4:81 proxy_protocol=yes\n"
                     "[admin]\nlisten=proxy_protocol=on\n"),
                NULL, ":2: server.listen", "part 2", "proxy_protocol=on or off", ":4: admin.listen",
                NULL);
    assert_told(TEXT("[server]\nmax_memory=99999999999999999999999\nmax_lag=-1 s\n"), NULL,
                ":2:", ":3:", NULL);
    assert_told(TEXT("[http]\ntrusted_proxies=10.0.0.0/33\n"), NULL, ":2: http.trusted_proxies",
                NULL);
    assert_told(TEXT("[rate]\nper_address=4294967296/second\nper_admin=0/second\n"), NULL,
                ":2: rate.per_address", ":3: rate.per_admin", NULL);
    assert_told(TEXT("[rate]\nper_address=4294967296/second burst 5\nper_admin=5/second burst 0\n"),
                NULL, ":2: rate.per_address", ":3: rate.per_admin", NULL);
    assert_told(TEXT("[files]\nroot=/x ; y\n"), NULL, ":2: files.root: a comment", NULL);
    assert_told(TEXT(""), "server.loops", "-o server.loops: no value", NULL);
    assert_told(TEXT(""), "loops=1", "-o loops: no such key", NULL);
}

static void test_a_huge_line_is_told_and_the_next_ones_read(void **state)
{
    (void)state;
    static char content[20000];
    memset(content, 'a', sizeof(content));
    memcpy(content, "[mysql]\npassword=", 17);
    memcpy(content + sizeof(content) - 10, "\nfoo=1\n   ", 10);
    assert_told(content, sizeof(content), NULL, ":2: longer than", ":3: mysql.foo", NULL);
}

static void test_a_secret_is_never_told(void **state)
{
    (void)state;
    struct config *config = NULL;
    struct buffer problems = load(TEXT("[redis]\nurl=http://hunter2@x\n"), NULL, &config);
    assert_non_null(strstr(problems.data, ":2: redis.url"));
    assert_null(strstr(problems.data, "hunter2"));
    buffer_clear(&problems);
}

static void test_later_sources_win(void **state)
{
    (void)state;
    struct config *config = NULL;
    setenv("PORTCULLIS_SERVER_LOOPS", "3", 1);
    setenv("PORTCULLIS_MYSQL_USER", "env", 1);
    struct buffer problems =
        load(TEXT("[server]\nloops=2\nbacklog=7\n[mysql]\nuser=ini\n"), "server.loops=4", &config);
    assert_string_equal(problems.data, "");
    assert_int_equal(config->server.loops, 4);
    assert_int_equal(config->server.backlog, 7);
    assert_string_equal(config->mysql.user, "env");
    config_destroy(config);
    buffer_clear(&problems);
    unsetenv("PORTCULLIS_SERVER_LOOPS");
    unsetenv("PORTCULLIS_MYSQL_USER");
}

static void test_secret_in_a_file(void **state)
{
    (void)state;
    struct config *config = NULL;
    struct buffer problems = {0};
    struct buffer ignored = load(TEXT("top secret \n\n"), NULL, &config); /* writes the file */
    buffer_clear(&ignored);
    setenv("PORTCULLIS_MYSQL_PASSWORD_FILE", path, 1);
    assert_int_equal(config_load(NULL, NULL, 0, &config, &problems), RESULT_OK);
    assert_string_equal(config->mysql.password, "top secret \n");
    config_destroy(config);
    setenv("PORTCULLIS_MYSQL_PASSWORD", "x", 1);
    assert_int_equal(config_load(NULL, NULL, 0, &config, &problems), RESULT_INVALID);
    unsetenv("PORTCULLIS_MYSQL_PASSWORD");
    setenv("PORTCULLIS_MYSQL_PASSWORD_FILE", "/nonexistent/x", 1);
    assert_int_equal(config_load(NULL, NULL, 0, &config, &problems), RESULT_INVALID);
    unsetenv("PORTCULLIS_MYSQL_PASSWORD_FILE");
    buffer_clear(&problems);
}

static void test_unknown_variables_are_told_but_for_others_own(void **state)
{
    (void)state;
    struct config *config = NULL;
    struct buffer problems = {0};
    setenv("PORTCULLIS_SERVICE_HOST", "10.0.0.1", 1);
    setenv("PORTCULLIS_PORT_8080_TCP_ADDR", "10.0.0.1", 1);
    assert_int_equal(config_load(NULL, NULL, 0, &config, &problems), RESULT_OK);
    config_destroy(config);
    setenv("PORTCULLIS_MYSQL_PASWORD", "x", 1);
    assert_int_equal(config_load(NULL, NULL, 0, &config, &problems), RESULT_INVALID);
    buffer_append_char(&problems, '\0');
    assert_non_null(strstr(problems.data, "environment PORTCULLIS_MYSQL_PASWORD"));
    unsetenv("PORTCULLIS_MYSQL_PASWORD");
    buffer_clear(&problems);
}

/* "every key documented in portcullis.ini.example with its unit and default" */
static void test_the_example_is_true(void **state)
{
    (void)state;
    struct buffer example = {0};
    config_print_example(&example);
    FILE *file = fopen(example_path(), "r");
    assert_non_null(file);
    static char stored[65536];
    size_t size = fread(stored, 1, sizeof(stored), file);
    fclose(file);
    assert_int_equal(size, example.size);
    assert_memory_equal(stored, example.data, size);
    for (size_t i = 0; i < size; i++)
        if (stored[i] == ';' && stored[i - 1] == '\n')
            stored[i] = ' ';
    assert_good(stored, size);
    buffer_clear(&example);
}

/* auth-and-bans.md: secrets reach no list of processes. */
static void test_secrets_are_starred_over(void **state)
{
    char secret[] = "mysql.password=pass=word";
    char spaced[] = " redis.url =redis://:x@h";
    char plain[] = "mysql.user=root";
    char unknown[] = "mysql.nothing=word";
    char cut[] = "mysql.password";
    (void)state;
    config_override_hide(secret);
    config_override_hide(spaced);
    config_override_hide(plain);
    config_override_hide(unknown);
    config_override_hide(cut);
    assert_string_equal(secret, "mysql.password=*********");
    assert_string_equal(spaced, " redis.url =************");
    assert_string_equal(plain, "mysql.user=root");
    assert_string_equal(unknown, "mysql.nothing=word");
    assert_string_equal(cut, "mysql.password");
}

int main(void)
{
    int file = mkstemp(path);
    if (file < 0)
        return 1;
    close(file);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_ugly_files_that_are_fine),
        cmocka_unit_test(test_every_problem_has_its_line),
        cmocka_unit_test(test_a_huge_line_is_told_and_the_next_ones_read),
        cmocka_unit_test(test_a_secret_is_never_told),
        cmocka_unit_test(test_later_sources_win),
        cmocka_unit_test(test_secret_in_a_file),
        cmocka_unit_test(test_unknown_variables_are_told_but_for_others_own),
        cmocka_unit_test(test_the_example_is_true),
        cmocka_unit_test(test_secrets_are_starred_over),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    unlink(path);
    return failed;
}
