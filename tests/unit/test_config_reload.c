/* operations.md, "Configuration": SIGHUP reloads what can change and says what needs a restart. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "config/config.h"

static char told[1000];

static void tell(void *context, const char *section, const char *name, bool is_taken)
{
    size_t used = strlen(told);
    assert_ptr_equal(context, told);
    snprintf(told + used, sizeof(told) - used, "%s%s.%s ", is_taken ? "+" : "-", section, name);
}

static struct config *load(char *const *texts, size_t count)
{
    struct config_override overrides[8] = {{0}};
    struct buffer problems = {0};
    struct config *config = NULL;
    for (size_t i = 0; i < count; i++)
        overrides[i].text = texts[i];
    assert_int_equal(config_load(NULL, overrides, count, &config, &problems), RESULT_OK);
    buffer_clear(&problems);
    return config;
}

static void test_each_kind(void **state)
{
    (void)state;
    static char body[] = "http.max_body=7 KiB", window[] = "ban.attempts=9",
                access[] = "log.access=off", status[] = "http.error_status=always_200",
                user[] = "mysql.user=other", timeout[] = "http.idle_timeout=3 s",
                password[] = "mysql.password=secret";
    char *const texts[] = {body, window, access, status, user, timeout, password};
    struct config *running = load(NULL, 0);
    struct config *loaded = load(texts, 7);
    const char *old_status = running->http.error_status;
    told[0] = '\0';
    config_reload(running, loaded, tell, told);
    assert_string_equal(
        told, "+http.error_status +http.max_body +http.idle_timeout -ban.attempts -mysql.user "
              "-mysql.password +log.access ");
    assert_int_equal(running->http.max_body, 7 * 1024);
    assert_int_equal(running->http.idle_timeout_ms, 3000);
    assert_false(running->log.access);
    assert_string_equal(running->http.error_status, "always_200");
    assert_int_equal(running->ban.attempts, 3);
    assert_string_equal(running->mysql.user, "");
    /* Who read the old text a moment ago reads on. */
    assert_ptr_equal(loaded->http.error_status, old_status);
    assert_string_equal(old_status, "real");
    assert_int_equal(loaded->http.max_body, 1024 * 1024);
    config_destroy(loaded);
    loaded = load(texts, 7);
    told[0] = '\0';
    config_reload(running, loaded, tell, told);
    assert_string_equal(told, "-ban.attempts -mysql.user -mysql.password ");
    config_destroy(loaded);
    config_destroy(running);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_each_kind)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
