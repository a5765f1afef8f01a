/* docs/decisions.md "Downloads": what was resolved is remembered for files.cache_ttl, forgotten by
 * every write, bounded, and never kept open longer than that. */
#include <fcntl.h>
#include <unistd.h>

#include "resources/shared_file_cache.h"
#include "sample_model.h"

static const struct shared_file_fields fields = {SLICE("text/plain"), SLICE("attachment"),
                                                 SLICE("\"t\""),
                                                 SLICE("Sun, 06 Nov 1994 08:49:37 GMT")};

static struct shared_file *make_file(uint64_t size)
{
    struct blob blob = {.descriptor = open("/dev/null", O_RDONLY), .size = size, .modified_s = 7};
    assert_true(blob.descriptor >= 0);
    struct shared_file *file = shared_file_create(&blob, &fields);
    assert_non_null(file);
    return file;
}

static bool is_open(const struct shared_file *file)
{
    return fcntl(file->bytes->descriptor, F_GETFD) >= 0;
}

static void put(struct shared_file_cache *cache, struct slice key, struct model *model,
                uint64_t size)
{
    struct shared_file *file = make_file(size);
    shared_file_cache_put(cache, key, model, shared_file_cache_moment(cache), file);
    shared_file_release(file);
}

/* 0: not remembered. */
static uint64_t get(struct shared_file_cache *cache, struct slice key)
{
    struct shared_file *file = shared_file_cache_get(cache, key);
    uint64_t size = file ? file->size : 0;
    shared_file_release(file);
    return size;
}

static void test_remembers(void **state)
{
    struct model *model = ((struct sample *)*state)->model;
    struct shared_file_cache *cache = shared_file_cache_create(60000);
    assert_true(get(cache, SLICE("a")) == 0);
    put(cache, SLICE("a"), model, 5);
    put(cache, SLICE("a\0b"), model, 6);
    put(cache, SLICE(""), model, 7);
    assert_true(get(cache, SLICE("a")) == 5);
    assert_true(get(cache, SLICE("a\0b")) == 6);
    assert_true(get(cache, SLICE("a\0c")) == 0);
    assert_true(get(cache, SLICE("")) == 0);
    put(cache, SLICE("a"), model, 8);
    assert_true(get(cache, SLICE("a")) == 8);
    struct shared_file *file = shared_file_cache_get(cache, SLICE("a"));
    assert_true(slice_equal(file->fields.type, fields.type) &&
                slice_equal(file->fields.tag, fields.tag));
    assert_true(slice_equal(file->fields.disposition, fields.disposition));
    assert_true(slice_equal(file->fields.modified, fields.modified) && file->modified_s == 7);
    shared_file_cache_destroy(cache);
    assert_true(is_open(file)); /* who sends it still has it */
    shared_file_release(file);
    shared_file_cache_destroy(NULL);
}

static void test_expires_and_closes(void **state)
{
    struct model *model = ((struct sample *)*state)->model;
    struct shared_file_cache *cache = shared_file_cache_create(30);
    struct shared_file *file = make_file(5);
    int descriptor = file->bytes->descriptor;
    shared_file_cache_put(cache, SLICE("a"), model, shared_file_cache_moment(cache), file);
    shared_file_release(file);
    shared_file_cache_sweep(cache);
    assert_true(fcntl(descriptor, F_GETFD) >= 0);
    usleep(40000);
    assert_true(get(cache, SLICE("a")) == 0);
    shared_file_cache_sweep(cache);
    assert_true(fcntl(descriptor, F_GETFD) < 0);
    shared_file_cache_destroy(cache);
}

/* As old as its question, not as its answer. */
static void test_age(void **state)
{
    struct model *model = ((struct sample *)*state)->model;
    struct shared_file_cache *cache = shared_file_cache_create(30);
    struct shared_file_moment moment = shared_file_cache_moment(cache);
    struct shared_file *file = make_file(5);
    usleep(40000);
    shared_file_cache_put(cache, SLICE("a"), model, moment, file);
    assert_true(get(cache, SLICE("a")) == 0);
    shared_file_release(file);
    shared_file_cache_destroy(cache);
}

static void test_a_write_forgets(void **state)
{
    struct model *model = ((struct sample *)*state)->model;
    struct shared_file_cache *cache = shared_file_cache_create(60000);
    struct shared_file *file = make_file(5);
    int descriptor = file->bytes->descriptor;
    struct shared_file_moment before = shared_file_cache_moment(cache);
    shared_file_cache_put(cache, SLICE("a"), model, before, file);
    shared_file_release(file);
    shared_file_cache_forget(cache);
    assert_true(get(cache, SLICE("a")) == 0);
    assert_true(fcntl(descriptor, F_GETFD) < 0);
    file = make_file(6);
    shared_file_cache_put(cache, SLICE("a"), model, before, file); /* resolved beside the write */
    assert_true(get(cache, SLICE("a")) == 0);
    shared_file_cache_put(cache, SLICE("a"), model, shared_file_cache_moment(cache), file);
    assert_true(get(cache, SLICE("a")) == 6);
    shared_file_release(file);
    shared_file_cache_destroy(cache);
    shared_file_cache_forget(NULL);
}

static void test_is_bounded(void **state)
{
    struct model *model = ((struct sample *)*state)->model;
    struct shared_file_cache *cache = shared_file_cache_create(60000);
    static char long_key[5000];
    char key[32];
    struct shared_file *file = make_file(5);
    for (unsigned i = 0; i < 2000; i++) {
        struct slice text = slice_of(key, (size_t)snprintf(key, sizeof(key), "%u", i));
        shared_file_cache_put(cache, text, model, shared_file_cache_moment(cache), file);
    }
    assert_int_equal(atomic_load(&file->references), 1 + 1024);
    assert_true(get(cache, SLICE("0")) == 0 && get(cache, SLICE("975")) == 0);
    assert_true(get(cache, SLICE("976")) == 5 && get(cache, SLICE("1999")) == 5);
    memset(long_key, 'k', sizeof(long_key));
    shared_file_cache_put(cache, slice_of(long_key, sizeof(long_key)), model,
                          shared_file_cache_moment(cache), file);
    assert_true(get(cache, slice_of(long_key, sizeof(long_key))) == 0);
    shared_file_cache_destroy(cache);
    assert_int_equal(atomic_load(&file->references), 1);
    shared_file_release(file);
}

static void test_off(void **state)
{
    struct model *model = ((struct sample *)*state)->model;
    struct shared_file_cache *cache = shared_file_cache_create(0);
    put(cache, SLICE("a"), model, 5);
    assert_true(get(cache, SLICE("a")) == 0);
    shared_file_cache_sweep(cache);
    shared_file_cache_destroy(cache);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SAMPLE_TEST(test_remembers),  SAMPLE_TEST(test_expires_and_closes),
        SAMPLE_TEST(test_age),        SAMPLE_TEST(test_a_write_forgets),
        SAMPLE_TEST(test_is_bounded), SAMPLE_TEST(test_off),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
