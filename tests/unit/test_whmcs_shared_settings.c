/* spec/remote-api.md section 7, config: "Cached … for cache.config_ttl", in memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <pthread.h>
#include <unistd.h>

#include "base/clock.h"
#include "observe/metrics.h"
#include "whmcs/shared_settings.h"

enum { MINUTE_MS = 60000 };

static const struct setting old = {SLICE("version"), SLICE("old"), NULL};
static const struct setting new = {SLICE("version"), SLICE("new"), NULL};

static bool holds(struct shared_settings *shared, const struct setting *row)
{
    struct settings_reading *reading = shared_settings_get(shared);
    bool is_there = reading && slice_equal(reading->rows->value, row->value);
    settings_reading_release(reading);
    return is_there;
}

static struct settings_reading *theirs(const struct setting *row, uint64_t expires_us)
{
    struct settings_reading *reading = settings_reading_create(row);
    assert_non_null(reading);
    reading->expires_us = expires_us;
    return reading;
}

static void test_fresh(void **state)
{
    (void)state;
    struct shared_settings *shared = shared_settings_create(MINUTE_MS);
    int64_t hits = metric_get(METRIC_CONFIG_CACHE_HITS);
    int64_t misses = metric_get(METRIC_CONFIG_CACHE_MISSES);
    assert_null(shared_settings_get(shared));
    assert_null(shared_settings_own(shared));
    shared_settings_put(shared, &old, clock_now_us());
    assert_true(holds(shared, &old));
    shared_settings_put(shared, &new, clock_now_us());
    assert_true(holds(shared, &new));
    assert_int_equal(metric_get(METRIC_CONFIG_CACHE_HITS) - hits, 2);
    assert_int_equal(metric_get(METRIC_CONFIG_CACHE_MISSES) - misses, 1);
    shared_settings_destroy(shared);
    shared_settings_destroy(NULL);
}

static void test_empty_is_an_answer_too(void **state)
{
    (void)state;
    struct shared_settings *shared = shared_settings_create(MINUTE_MS);
    shared_settings_put(shared, NULL, clock_now_us());
    struct settings_reading *reading = shared_settings_get(shared);
    assert_non_null(reading);
    assert_null(reading->rows);
    settings_reading_release(reading);
    shared_settings_destroy(shared);
}

/* Its age counts from before the database was asked. */
static void test_stale(void **state)
{
    (void)state;
    struct shared_settings *shared = shared_settings_create(30);
    uint64_t now_us = clock_now_us();
    shared_settings_put(shared, &old, now_us - 30000);
    assert_null(shared_settings_get(shared));
    struct settings_reading *own = shared_settings_own(shared);
    assert_non_null(own); /* the names are still known */
    settings_reading_release(own);
    shared_settings_put(shared, &new, clock_now_us());
    usleep(31000);
    assert_null(shared_settings_get(shared));
    shared_settings_destroy(shared);
}

/* A worker that read slowly, or a gateway that did, puts nothing old over something new. */
static void test_the_newer_stays(void **state)
{
    (void)state;
    struct shared_settings *shared = shared_settings_create(MINUTE_MS);
    uint64_t now_us = clock_now_us();
    uint64_t expires_us = now_us + MINUTE_MS * 1000ULL;
    shared_settings_put(shared, &new, now_us);
    shared_settings_put(shared, &old, now_us - 1000);
    assert_true(holds(shared, &new));
    assert_false(shared_settings_take(shared, theirs(&old, expires_us - 1)));
    assert_false(shared_settings_take(shared, theirs(&old, expires_us)));
    assert_true(holds(shared, &new));
    assert_true(shared_settings_take(shared, theirs(&old, expires_us + 1)));
    assert_true(holds(shared, &old));
    struct settings_reading *own = shared_settings_own(shared);
    assert_true(slice_equal(own->rows->value, new.value)); /* theirs teaches us no names */
    settings_reading_release(own);
    shared_settings_destroy(shared);
}

static void count(void *context, const struct settings_reading *reading)
{
    assert_non_null(reading->rows);
    ++*(size_t *)context;
}

static void test_who_listens_hears_our_own_readings(void **state)
{
    (void)state;
    struct shared_settings *shared = shared_settings_create(MINUTE_MS);
    size_t heard = 0;
    uint64_t now_us = clock_now_us();
    shared_settings_listen(shared, count, &heard);
    shared_settings_put(shared, &new, now_us);
    assert_int_equal(heard, 1);
    shared_settings_put(shared, &old, now_us - 1000); /* old news */
    shared_settings_take(shared, theirs(&new, now_us + 2 * MINUTE_MS * 1000ULL));
    assert_int_equal(heard, 1);
    shared_settings_destroy(shared);
}

static void *work(void *context)
{
    struct shared_settings *shared = context;
    for (size_t i = 0; i < 2000; i++) {
        struct settings_reading *reading = shared_settings_get(shared);
        if (reading && reading->rows->value.size != 3)
            return shared;
        settings_reading_release(reading);
        if (i % 5 == 0)
            shared_settings_put(shared, i % 2 ? &old : &new, clock_now_us());
        if (i % 7 == 0)
            shared_settings_take(shared, theirs(&old, clock_now_us() + MINUTE_MS * 1000ULL));
        settings_reading_release(shared_settings_own(shared));
    }
    return NULL;
}

static void test_threads(void **state)
{
    (void)state;
    struct shared_settings *shared = shared_settings_create(MINUTE_MS);
    pthread_t threads[4];
    void *fault = NULL;
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, work, shared), 0);
    for (size_t i = 0; i < 4; i++) {
        pthread_join(threads[i], &fault);
        assert_null(fault);
    }
    assert_true(holds(shared, &old) || holds(shared, &new));
    shared_settings_destroy(shared);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fresh),
        cmocka_unit_test(test_empty_is_an_answer_too),
        cmocka_unit_test(test_stale),
        cmocka_unit_test(test_the_newer_stays),
        cmocka_unit_test(test_who_listens_hears_our_own_readings),
        cmocka_unit_test(test_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
