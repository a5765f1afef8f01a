/* remote-api.md, section 8: the document is made once a model, and kept as it is sent. */
#include <pthread.h>

#include "endpoints/shared_openapi.h"
#include "sample_model.h"

enum { THREADS = 8 };

struct world {
    struct sample *sample;
    struct config *config;
    struct shared_openapi *shared;
};

static int setup(void **state)
{
    static struct world world;
    struct buffer problems;
    buffer_init(&problems);
    world.sample = sample_create();
    assert_int_equal(config_load(NULL, NULL, 0, &world.config, &problems), RESULT_OK);
    buffer_clear(&problems);
    world.shared = shared_openapi_create(world.config);
    assert_non_null(world.shared);
    *state = &world;
    return 0;
}

static int teardown(void **state)
{
    struct world *world = *state;
    shared_openapi_destroy(world->shared);
    config_destroy(world->config);
    sample_destroy(world->sample);
    return 0;
}

static bool is_there(struct world *world, const struct model *model, enum http_coding coding)
{
    struct openapi_copy copy = {0};
    if (!shared_openapi_get(world->shared, model, NULL, coding, &copy))
        return false;
    assert_int_equal(copy.coding, coding);
    assert_true(http_body_size(copy.body) > 1000);
    assert_true(copy.tag[0] == '"' && strlen(copy.tag) > 20);
    http_body_release(copy.body);
    return true;
}

static void test_it_is_made_when_it_is_asked_for(void **state)
{
    struct world *world = *state;
    const struct model *model = world->sample->model;
    assert_false(is_there(world, model, HTTP_CODING_IDENTITY));
    assert_int_equal(shared_openapi_make(world->shared, world->sample->model, NULL), RESULT_OK);
    assert_true(is_there(world, model, HTTP_CODING_IDENTITY));
    assert_true(is_there(world, model, HTTP_CODING_GZIP));
    assert_true(is_there(world, model, HTTP_CODING_BROTLI));
}

/* The next one drops it; who is sending it keeps his copy. */
static void test_another_model_has_another(void **state)
{
    struct world *world = *state;
    struct sample *other = sample_create();
    struct openapi_copy copy;
    assert_int_equal(shared_openapi_make(world->shared, world->sample->model, NULL), RESULT_OK);
    assert_true(
        shared_openapi_get(world->shared, world->sample->model, NULL, HTTP_CODING_GZIP, &copy));
    assert_false(is_there(world, other->model, HTTP_CODING_IDENTITY));
    assert_int_equal(shared_openapi_make(world->shared, other->model, NULL), RESULT_OK);
    assert_true(is_there(world, other->model, HTTP_CODING_IDENTITY));
    assert_false(is_there(world, world->sample->model, HTTP_CODING_IDENTITY));
    assert_true(http_body_size(copy.body) > 1000);
    http_body_release(copy.body);
    shared_openapi_destroy(world->shared);
    world->shared = NULL;
    sample_destroy(other);
}

static void *ask(void *context)
{
    struct world *world = context;
    for (int i = 0; i < 20; i++) {
        assert_int_equal(shared_openapi_make(world->shared, world->sample->model, NULL), RESULT_OK);
        assert_true(is_there(world, world->sample->model, HTTP_CODING_BROTLI));
    }
    return NULL;
}

static void test_many_may_make_it_at_once(void **state)
{
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, ask, *state), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_it_is_made_when_it_is_asked_for, setup, teardown),
        cmocka_unit_test_setup_teardown(test_another_model_has_another, setup, teardown),
        cmocka_unit_test_setup_teardown(test_many_may_make_it_at_once, setup, teardown),
    };
    return cmocka_run_group_tests_name("endpoints/shared_openapi", tests, NULL, NULL);
}
