/* spec/remote-api.md section 4: total "may lag up to cache.count_ttl behind". Bounded. */
#include <unistd.h>

#include "resources/shared_count_cache.h"
#include "sample_model.h"

static struct slice key_of(char *text, size_t size, unsigned number)
{
    return slice_of(text, (size_t)snprintf(text, size, "SELECT COUNT(*) %u", number));
}

static void test_remembers(void **state)
{
    (void)state;
    struct shared_count_cache *cache = shared_count_cache_create(60000);
    uint64_t total = 9;
    assert_false(shared_count_cache_get(cache, SLICE("a"), &total));
    assert_true(total == 0);
    shared_count_cache_put(cache, SLICE("a"), 0, 5);
    shared_count_cache_put(cache, SLICE("a\0b"), 0, UINT64_MAX);
    assert_true(shared_count_cache_get(cache, SLICE("a"), &total) && total == 5);
    assert_true(shared_count_cache_get(cache, SLICE("a\0b"), &total) && total == UINT64_MAX);
    assert_false(shared_count_cache_get(cache, SLICE("a\0c"), &total));
    shared_count_cache_put(cache, SLICE("a"), 0, 6);
    assert_true(shared_count_cache_get(cache, SLICE("a"), &total) && total == 6);
    shared_count_cache_destroy(cache);
    shared_count_cache_destroy(NULL);
}

static void test_expires(void **state)
{
    (void)state;
    struct shared_count_cache *cache = shared_count_cache_create(30);
    uint64_t total = 0;
    shared_count_cache_put(cache, SLICE("a"), 0, 5);
    usleep(40000);
    assert_false(shared_count_cache_get(cache, SLICE("a"), &total));
    assert_true(total == 0);
    shared_count_cache_put(cache, SLICE("a"), 0, 7);
    assert_true(shared_count_cache_get(cache, SLICE("a"), &total) && total == 7);
    shared_count_cache_destroy(cache);
}

static void test_off(void **state)
{
    (void)state;
    struct shared_count_cache *cache = shared_count_cache_create(0);
    uint64_t total = 0;
    shared_count_cache_put(cache, SLICE("a"), 0, 5);
    assert_false(shared_count_cache_get(cache, SLICE("a"), &total));
    shared_count_cache_destroy(cache);
}

/* "Bounded; when full, what is oldest goes": 4096 entries, keys of at most 4096 bytes. */
static void test_bound(void **state)
{
    (void)state;
    enum { BOUND = 4096, MORE = 10 };
    char text[BOUND + 1];
    uint64_t total = 0;
    struct shared_count_cache *cache = shared_count_cache_create(60000);
    for (unsigned i = 0; i < BOUND + MORE; i++)
        shared_count_cache_put(cache, key_of(text, sizeof(text), i), 0, i);
    for (unsigned i = 0; i < BOUND + MORE; i++)
        assert_true(shared_count_cache_get(cache, key_of(text, sizeof(text), i), &total) ==
                    (i >= MORE));
    memset(text, 'k', sizeof(text));
    shared_count_cache_put(cache, slice_of(text, BOUND), 0, 1);
    shared_count_cache_put(cache, slice_of(text, BOUND + 1), 0, 1);
    assert_true(shared_count_cache_get(cache, slice_of(text, BOUND), &total));
    assert_false(shared_count_cache_get(cache, slice_of(text, BOUND + 1), &total));
    shared_count_cache_destroy(cache);
}

static void test_write_makes_totals_void(void **state)
{
    /* remote-api.md 4: `total` is never behind a write made through this gateway */
    uint64_t total;
    struct shared_count_cache *cache = shared_count_cache_create(60000);
    (void)state;
    uint64_t before = shared_count_cache_epoch(cache);
    shared_count_cache_put(cache, SLICE("a"), before, 5);
    shared_count_cache_forget(cache);
    assert_false(shared_count_cache_get(cache, SLICE("a"), &total));
    /* counted while the write was under way */
    shared_count_cache_put(cache, SLICE("a"), before, 5);
    assert_false(shared_count_cache_get(cache, SLICE("a"), &total));
    shared_count_cache_put(cache, SLICE("a"), shared_count_cache_epoch(cache), 6);
    assert_true(shared_count_cache_get(cache, SLICE("a"), &total) && total == 6);
    shared_count_cache_destroy(cache);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_remembers),
        cmocka_unit_test(test_expires),
        cmocka_unit_test(test_off),
        cmocka_unit_test(test_bound),
        cmocka_unit_test(test_write_makes_totals_void),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
