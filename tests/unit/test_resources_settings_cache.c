/* spec/remote-api.md section 7, config, cache.config_ttl and remote.config_allow: which gateways
 * share a reading. */
#include "base/clock.h"
#include "redis_by_hand.h"
#include "resources/settings_cache.h"
#include "sample_model.h"

static struct slice names[] = {SLICE("CompanyName"), SLICE("DateFormat"), SLICE("CompanyNameDate"),
                               SLICE("Format")};

struct gateway {
    struct config config;
    struct catalog_names allow;
    const struct catalog *catalog;
};

static struct gateway gateway_of(const struct sample *sample)
{
    return (struct gateway){
        .config = {.mysql = {.socket = "", .hosts = "db1,db2", .database = "whmcs"},
                   .cache.config_ttl_ms = 60000},
        .allow = {names, 2},
        .catalog = sample->catalog,
    };
}

static struct settings_cache *create(const struct gateway *gateway, struct redis *redis,
                                     struct loop *loop)
{
    struct settings_cache *cache = NULL;
    const struct settings_cache_options options = {gateway->catalog, &gateway->allow,
                                                   &gateway->config, redis, loop};
    assert_int_equal(settings_cache_create(&options, &cache), RESULT_OK);
    return cache;
}

/* The key under which it leaves what it reads. */
static void read_key(const struct gateway *gateway, char key[REDIS_KEY_BYTES])
{
    struct redis redis = {.is_up = true};
    struct loop loop = {0};
    struct settings_cache *cache = create(gateway, &redis, &loop);
    shared_settings_put(cache->memory, NULL, clock_now_us());
    assert_int_equal(by_hand_run(&loop), 1);
    snprintf(key, REDIS_KEY_BYTES, "%.*s", SLICE_ARGS(buffer_slice(&redis.words[0])));
    settings_cache_tick(cache);
    settings_cache_destroy(cache);
    by_hand_clear(&redis);
}

static void test_who_shares(void **state)
{
    struct gateway gateways[8];
    char keys[SAMPLE_LENGTH(gateways)][REDIS_KEY_BYTES];
    char again[REDIS_KEY_BYTES];
    for (size_t i = 0; i < SAMPLE_LENGTH(gateways); i++)
        gateways[i] = gateway_of(*state);
    gateways[1].config.mysql.hosts = "db1,db3";
    gateways[2].config.mysql.socket = "/run/mysqld.sock";
    gateways[3].config.mysql.database = "other";
    gateways[4].config.cache.config_ttl_ms = 60001;
    gateways[5].allow.count = 1;
    gateways[6].allow = (struct catalog_names){names + 2, 2}; /* joined, the same letters */
    gateways[7].allow.count = 0;
    for (size_t i = 0; i < SAMPLE_LENGTH(gateways); i++) {
        read_key(&gateways[i], keys[i]);
        for (size_t j = 0; j < i; j++)
            assert_string_not_equal(keys[i], keys[j]);
        read_key(&gateways[i], again);
        assert_string_equal(keys[i], again);
    }
}

static void test_off(void **state)
{
    struct redis redis = {.is_up = true};
    struct gateway gateway = gateway_of(*state);
    struct catalog empty = {.resource_count = 0};
    gateway.config.cache.config_ttl_ms = 0;
    assert_null(create(&gateway, &redis, NULL));
    gateway = gateway_of(*state);
    gateway.catalog = &empty;
    assert_null(create(&gateway, &redis, NULL));
    assert_null(redis.listener.channel);
    settings_cache_tick(NULL);
    settings_cache_destroy(NULL);
}

static void test_without_redis(void **state)
{
    struct gateway gateway = gateway_of(*state);
    struct settings_cache *cache = create(&gateway, NULL, NULL);
    assert_true(slice_equal(cache->resource->name, SLICE("config")));
    assert_null(cache->share);
    shared_settings_put(cache->memory, NULL, clock_now_us());
    struct settings_reading *reading = shared_settings_get(cache->memory);
    assert_non_null(reading);
    settings_reading_release(reading);
    settings_cache_tick(cache);
    settings_cache_destroy(cache);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SAMPLE_TEST(test_who_shares),
        SAMPLE_TEST(test_off),
        SAMPLE_TEST(test_without_redis),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
