/* spec/remote-api.md section 7, config: a fresh reading answers without a database. */
#include "base/clock.h"
#include "resources/settings_cache.h"
#include "resources/settings_resource.h"
#include "sample_model.h"
#include "whmcs/shared_settings.h"

static struct setting rows[] = {
    {SLICE("version"), SLICE("3.1.4"), &rows[1]},
    {SLICE("CompanyName"), SLICE("B<&>\xc3\xbc"), NULL},
};

static const struct config_mysql nobody = {
    .socket = "/nonexistent/mysql.sock", .user = "", .password = "", .database = "", .tls = ""};

/* Over a database that is away, so that whoever asks it is seen. */
static enum result answer(struct sample *sample, const char *path, enum format format,
                          struct settings_cache *cache, struct buffer *out)
{
    const struct execute_options options = {.settings = cache};
    struct writer *writer = writer_create(format);
    struct database *database = database_create(&nobody);
    struct execute_context context = {
        .database = database, .writer = writer, .options = &options, .arena = &sample->arena};
    buffer_clear(out);
    assert_int_equal(sample_compile(sample, path, "{}"), RESULT_OK);
    writer_start(writer, out);
    enum result result = settings_resource_write(&context, &sample->set, &sample->problem);
    writer_finish(writer);
    writer_destroy(writer);
    database_destroy(database);
    assert_false(out->has_failed);
    return result;
}

static void assert_text(const struct buffer *out, const char *wanted)
{
    if (!slice_equal(buffer_slice(out), slice_from(wanted)))
        fail_msg("%.*s", SLICE_ARGS(buffer_slice(out)));
}

static void test_from_memory(void **state)
{
    struct sample *sample = *state;
    struct buffer out;
    buffer_init(&out);
    assert_int_equal(sample_parse(sample, "v1/config/json"), RESULT_OK);
    struct settings_cache cache = {.resource = chain_last(&sample->chain)->resource->catalog,
                                   .memory = shared_settings_create(60000)};
    shared_settings_put(cache.memory, rows, clock_now_us());
    assert_int_equal(answer(sample, "v1/config/json", FORMAT_JSON, &cache, &out), RESULT_OK);
    assert_text(&out, "\"config\":{\"version\":\"3.1.4\",\"CompanyName\":\"B<&>\xc3\xbc\"}");
    assert_int_equal(answer(sample, "v1/config/CompanyName/json", FORMAT_JSON, &cache, &out),
                     RESULT_OK);
    assert_text(&out, "\"config\":{\"CompanyName\":\"B<&>\xc3\xbc\"}");
    assert_int_equal(answer(sample, "v1/config/version/xml", FORMAT_XML, &cache, &out), RESULT_OK);
    assert_text(&out, "<config><version>3.1.4</version></config>");
    shared_settings_destroy(cache.memory);
    buffer_clear(&out);
}

/* "A name outside is 404, whether it exists or not" */
static void test_a_name_outside(void **state)
{
    struct sample *sample = *state;
    struct buffer out;
    buffer_init(&out);
    assert_int_equal(sample_parse(sample, "v1/config/json"), RESULT_OK);
    struct settings_cache cache = {.resource = chain_last(&sample->chain)->resource->catalog,
                                   .memory = shared_settings_create(60000)};
    shared_settings_put(cache.memory, rows, clock_now_us());
    static const char *const paths[] = {"v1/config/access/json", "v1/config/SMTPPassword/json",
                                        "v1/config/Version/json", "v1/config/version%20/json"};
    for (size_t i = 0; i < SAMPLE_LENGTH(paths); i++) {
        assert_int_equal(answer(sample, paths[i], FORMAT_JSON, &cache, &out), RESULT_NOT_FOUND);
        assert_int_equal(sample->problem.status, 404);
    }
    shared_settings_destroy(cache.memory);
    buffer_clear(&out);
}

/* Not there, not fresh, or another resource's: the database is asked, and its absence is told. */
static void test_not_from_memory(void **state)
{
    struct sample *sample = *state;
    struct buffer out;
    buffer_init(&out);
    assert_int_equal(sample_parse(sample, "v1/config/json"), RESULT_OK);
    const struct catalog_resource *resource = chain_last(&sample->chain)->resource->catalog;
    struct settings_cache cache = {.resource = resource, .memory = shared_settings_create(60000)};
    const char *path = "v1/config/json";
    assert_int_equal(answer(sample, path, FORMAT_JSON, NULL, &out), RESULT_UNAVAILABLE);
    assert_int_equal(answer(sample, path, FORMAT_JSON, &cache, &out), RESULT_UNAVAILABLE);
    shared_settings_put(cache.memory, rows, clock_now_us() - 60000000);
    assert_int_equal(answer(sample, path, FORMAT_JSON, &cache, &out), RESULT_UNAVAILABLE);
    shared_settings_put(cache.memory, rows, clock_now_us());
    assert_int_equal(answer(sample, path, FORMAT_JSON, &cache, &out), RESULT_OK);
    cache.resource = &sample->catalog->resources[0] == resource ? resource + 1 : resource - 1;
    assert_int_equal(answer(sample, path, FORMAT_JSON, &cache, &out), RESULT_UNAVAILABLE);
    shared_settings_destroy(cache.memory);
    buffer_clear(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SAMPLE_TEST(test_from_memory),
        SAMPLE_TEST(test_a_name_outside),
        SAMPLE_TEST(test_not_from_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
