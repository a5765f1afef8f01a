/* spec/remote-api.md section 7, config: what gateways leave each other in Redis, and what they
 * believe of what they find there. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "whmcs/settings_reading.h"

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

static struct setting rows[] = {
    {SLICE("api_active"), SLICE("on"), &rows[1]},
    {SLICE("project_prefix"), SLICE("PRJ\xe2\x80\x93"), &rows[2]},
    {SLICE("project_prefix"), SLICE(""), &rows[3]}, /* tbladdonmodules may hold a name twice */
    {SLICE("Na\"me\\"), SLICE("\x01\0\x7f\n\t\"\\/ \xf0\x9f\x98\x80"), NULL},
};

static struct settings_reading *reading_of(const struct setting *list)
{
    struct settings_reading *reading = settings_reading_create(list);
    assert_non_null(reading);
    return reading;
}

static enum result parse(struct slice text, struct settings_reading **reading)
{
    struct settings_reading *known = reading_of(rows);
    uint64_t read_at_ms = 0;
    enum result result = settings_reading_parse(text, known, &read_at_ms, reading);
    settings_reading_release(known);
    assert_true((result == RESULT_OK) == (*reading != NULL));
    return result;
}

static enum result refused(struct slice text)
{
    struct settings_reading *reading = NULL;
    enum result result = parse(text, &reading);
    settings_reading_release(reading);
    return result;
}

static void assert_same(const struct setting *list, const struct setting *wanted)
{
    for (; wanted; wanted = wanted->next, list = list->next) {
        assert_non_null(list);
        assert_true(slice_equal(list->name, wanted->name));
        assert_true(slice_equal(list->value, wanted->value));
    }
    assert_null(list);
}

static void test_comes_back_as_it_went(void **state)
{
    (void)state;
    struct settings_reading *reading = reading_of(rows);
    struct settings_reading *back = NULL;
    struct buffer text;
    uint64_t read_at_ms = 0;
    buffer_init(&text);
    assert_same(reading->rows, rows);
    assert_true(settings_reading_print(reading, 1767225600123, &text));
    assert_int_equal(settings_reading_parse(buffer_slice(&text), reading, &read_at_ms, &back),
                     RESULT_OK);
    assert_true(read_at_ms == 1767225600123);
    assert_true(back->expires_us == 0);
    assert_same(back->rows, rows);
    settings_reading_release(settings_reading_share(back));
    settings_reading_release(back);
    settings_reading_release(reading);
    settings_reading_release(NULL);
    buffer_clear(&text);
}

static void test_its_form(void **state)
{
    (void)state;
    static struct setting two[] = {{SLICE("a"), SLICE("1"), &two[1]},
                                   {SLICE("b"), SLICE(""), NULL}};
    struct settings_reading *reading = reading_of(two);
    struct settings_reading *none = reading_of(NULL);
    struct settings_reading *back = NULL;
    struct buffer text;
    buffer_init(&text);
    assert_true(settings_reading_print(reading, 5, &text));
    assert_true(slice_equal(buffer_slice(&text),
                            SLICE("{\"read_at\":5,\"rows\":[[\"a\",\"1\"],[\"b\",\"\"]]}")));
    text.size = 0;
    assert_true(settings_reading_print(none, 0, &text));
    uint64_t read_at_ms = 7;
    assert_int_equal(settings_reading_parse(buffer_slice(&text), none, &read_at_ms, &back),
                     RESULT_OK);
    assert_null(back->rows);
    assert_true(read_at_ms == 0);
    settings_reading_release(back);
    settings_reading_release(reading);
    settings_reading_release(none);
    buffer_clear(&text);
}

static void test_cut_at_every_byte(void **state)
{
    (void)state;
    struct settings_reading *reading = reading_of(rows);
    struct buffer text;
    buffer_init(&text);
    assert_true(settings_reading_print(reading, 1767225600123, &text));
    assert_int_equal(refused(buffer_slice(&text)), RESULT_OK);
    for (size_t size = 0; size < text.size; size++) {
        char *cut = malloc(size + 1); /* of its own, so that a read past the end is seen */
        memcpy(cut, text.data, size);
        assert_int_not_equal(refused(slice_of(cut, size)), RESULT_OK);
        free(cut);
    }
    assert_int_not_equal(refused(slice_of(NULL, 0)), RESULT_OK);
    settings_reading_release(reading);
    buffer_clear(&text);
}

/* Each byte in turn becomes each other: no crash, and never a name that is not known. */
static void test_every_byte_wrong(void **state)
{
    (void)state;
    static const char good[] = "{\"read_at\":7,\"rows\":[[\"api_active\",\"on\"]]}";
    struct settings_reading *known = reading_of(rows);
    char text[sizeof(good)];
    uint64_t read_at_ms = 0;
    for (size_t at = 0; at < sizeof(good) - 1; at++) {
        for (int byte = 0; byte < 256; byte++) {
            struct settings_reading *reading = NULL;
            memcpy(text, good, sizeof(good));
            text[at] = (char)byte;
            if (settings_reading_parse(slice_of(text, sizeof(good) - 1), known, &read_at_ms,
                                       &reading) == RESULT_OK)
                assert_true(!reading->rows ||
                            slice_equal(reading->rows->name, SLICE("api_active")));
            settings_reading_release(reading);
        }
    }
    settings_reading_release(known);
}

static void test_wrong_types(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        " ",
        "null",
        "7",
        "\"text\"",
        "[]",
        "{}",
        "{\"rows\":[]}",
        "{\"read_at\":7}",
        "{\"read_at\":7,\"rows\":[],\"more\":1}",
        "{\"read_at\":7,\"Rows\":[]}",
        "{\"read_at\":\"7\",\"rows\":[]}",
        "{\"read_at\":-7,\"rows\":[]}",
        "{\"read_at\":7.5,\"rows\":[]}",
        "{\"read_at\":7e3,\"rows\":[]}",
        "{\"read_at\":18446744073709551616,\"rows\":[]}",
        "{\"read_at\":null,\"rows\":[]}",
        "{\"read_at\":7,\"rows\":{}}",
        "{\"read_at\":7,\"rows\":null}",
        "{\"read_at\":7,\"rows\":\"api_active\"}",
        "{\"read_at\":7,\"rows\":[\"api_active\",\"on\"]}",
        "{\"read_at\":7,\"rows\":[{\"api_active\":\"on\"}]}",
        "{\"read_at\":7,\"rows\":[{\"name\":\"api_active\",\"value\":\"on\"}]}",
        "{\"read_at\":7,\"rows\":[[]]}",
        "{\"read_at\":7,\"rows\":[[\"api_active\"]]}",
        "{\"read_at\":7,\"rows\":[[\"api_active\",\"on\",\"\"]]}",
        "{\"read_at\":7,\"rows\":[[\"api_active\",1]]}",
        "{\"read_at\":7,\"rows\":[[\"api_active\",null]]}",
        "{\"read_at\":7,\"rows\":[[\"api_active\",[]]]}",
        "{\"read_at\":7,\"rows\":[[1,\"on\"]]}",
        "{\"read_at\":7,\"rows\":[[\"api_active\",\"on\"],null]}",
        "{\"read_at\":7,\"rows\":[[\"api_active\",\"on\"]]}}",
        "{\"read_at\":7,\"rows\":[[\"api_active\",\"on\"]]} {}",
        "{\"read_at\":7,\"rows\":[[\"api_active\",[[[[[[[[\"on\"]]]]]]]]]]}",
    };
    for (size_t i = 0; i < LENGTH(bad); i++) {
        enum result result = refused(slice_from(bad[i]));
        if (result != RESULT_INVALID && result != RESULT_LIMIT)
            fail_msg("%d: %s", (int)result, bad[i]);
    }
}

static void test_invalid_utf8(void **state)
{
    (void)state;
    static const struct slice bad[] = {
        SLICE("{\"read_at\":7,\"rows\":[[\"api_active\",\"\xff\"]]}"),
        SLICE("{\"read_at\":7,\"rows\":[[\"api_active\",\"\xc0\xaf\"]]}"),
        SLICE("{\"read_at\":7,\"rows\":[[\"api_active\",\"\xed\xa0\x80\"]]}"),
        SLICE("{\"read_at\":7,\"rows\":[[\"api_active\",\"\\ud800\"]]}"),
        SLICE("{\"read_at\":7,\"rows\":[[\"api_active\",\"\xe2\x82\"]]}"),
        SLICE("{\"read_at\":7,\"rows\":[[\"api_active\xff\",\"on\"]]}"),
        SLICE("{\"read_at\":7,\"rows\":[[\"api_active\",\"o\0n\"]]}"),
        SLICE("\xef\xbb\xbf{\"read_at\":7,\"rows\":[]}"),
    };
    for (size_t i = 0; i < LENGTH(bad); i++)
        assert_int_equal(refused(bad[i]), RESULT_INVALID);
}

/* "A name outside is 404, whether it exists or not: secrets stay inside." One refuses the whole. */
static void test_names_not_allowed(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "{\"read_at\":7,\"rows\":[[\"access\",\"1\"]]}",
        "{\"read_at\":7,\"rows\":[[\"api_active\",\"on\"],[\"SMTPPassword\",\"x\"]]}",
        "{\"read_at\":7,\"rows\":[[\"API_ACTIVE\",\"on\"]]}",
        "{\"read_at\":7,\"rows\":[[\"api_active \",\"on\"]]}",
        "{\"read_at\":7,\"rows\":[[\"api_active\\u0000\",\"on\"]]}",
        "{\"read_at\":7,\"rows\":[[\"\",\"on\"]]}",
    };
    for (size_t i = 0; i < LENGTH(bad); i++)
        assert_int_equal(refused(slice_from(bad[i])), RESULT_DENIED);
    assert_int_equal(refused(SLICE("{\"read_at\":7,\"rows\":[[\"\\u0061pi_active\",\"on\"]]}")),
                     RESULT_OK);
}

/* "what decides access … is never taken from Redis": not even to be shown */
static void test_what_decides_access(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum result result;
    } cases[] = {
        {"[\"api_active\",\"on\"],[\"project_prefix\",\"other\"]", RESULT_OK},
        {"[\"api_active\",\"off\"]", RESULT_DENIED},
        {"[\"api_active\",\"on\"],[\"api_active\",\"off\"]", RESULT_DENIED},
        {"[\"project_prefix\",\"other\"]", RESULT_DENIED},
        {"", RESULT_DENIED},
        {"[\"api_active\",\"on\"],[\"admin_super_roles\",\"1,2\"]", RESULT_DENIED},
    };
    char text[256];
    for (size_t i = 0; i < LENGTH(cases); i++) {
        snprintf(text, sizeof(text), "{\"read_at\":7,\"rows\":[%s]}", cases[i].text);
        assert_int_equal(refused(slice_from(text)), cases[i].result);
    }
}

static void append_rows(struct buffer *text, size_t count)
{
    buffer_append_slice(text, SLICE("{\"read_at\":7,\"rows\":["));
    for (size_t i = 0; i < count; i++)
        buffer_printf(text, "%s[\"api_active\",\"on\"]", i ? "," : "");
    buffer_append_slice(text, SLICE("]}"));
}

static void test_too_much(void **state)
{
    (void)state;
    struct buffer text;
    buffer_init(&text);
    append_rows(&text, SETTINGS_READING_MOST_ROWS);
    assert_int_equal(refused(buffer_slice(&text)), RESULT_OK);
    text.size = 0;
    append_rows(&text, SETTINGS_READING_MOST_ROWS + 1);
    assert_int_equal(refused(buffer_slice(&text)), RESULT_LIMIT);
    text.size = 0;
    buffer_append_slice(
        &text, SLICE("{\"read_at\":7,\"rows\":[[\"api_active\",\"on\"],[\"project_prefix\",\""));
    while (text.size < SETTINGS_READING_MOST_BYTES - 4)
        buffer_append_char(&text, 'x');
    buffer_append_slice(&text, SLICE("\"]]}"));
    assert_int_equal(refused(buffer_slice(&text)), RESULT_OK);
    buffer_append_char(&text, ' ');
    assert_int_equal(refused(buffer_slice(&text)), RESULT_LIMIT);
    text.size = 0;
    for (size_t i = 0; i < SETTINGS_READING_MOST_BYTES; i++)
        buffer_append_char(&text, '[');
    assert_int_equal(refused(buffer_slice(&text)), RESULT_LIMIT);
    buffer_clear(&text);
}

/* What would be refused is not sent either. */
static void test_too_much_of_our_own(void **state)
{
    (void)state;
    enum { MANY = SETTINGS_READING_MOST_ROWS + 1 };
    static char large[SETTINGS_READING_MOST_BYTES];
    struct setting *many = calloc(MANY, sizeof(*many));
    memset(large, 'x', sizeof(large));
    for (size_t i = 0; i < MANY; i++)
        many[i] = (struct setting){SLICE("a"), SLICE(""), i + 1 < MANY ? &many[i + 1] : NULL};
    const struct setting one = {SLICE("a"), slice_of(large, sizeof(large)), NULL};
    struct settings_reading *too_many = reading_of(many);
    struct settings_reading *most = reading_of(many + 1);
    struct settings_reading *too_large = reading_of(&one);
    struct buffer text;
    buffer_init(&text);
    assert_false(settings_reading_print(too_many, 7, &text));
    text.size = 0;
    assert_true(settings_reading_print(most, 7, &text));
    text.size = 0;
    assert_false(settings_reading_print(too_large, 7, &text));
    buffer_clear(&text);
    settings_reading_release(too_many);
    settings_reading_release(most);
    settings_reading_release(too_large);
    free(many);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_comes_back_as_it_went),
        cmocka_unit_test(test_its_form),
        cmocka_unit_test(test_cut_at_every_byte),
        cmocka_unit_test(test_every_byte_wrong),
        cmocka_unit_test(test_wrong_types),
        cmocka_unit_test(test_invalid_utf8),
        cmocka_unit_test(test_names_not_allowed),
        cmocka_unit_test(test_what_decides_access),
        cmocka_unit_test(test_too_much),
        cmocka_unit_test(test_too_much_of_our_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
