/* What was read is written again as it was: names, order, numbers to the digit. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "format/value.h"
#include "format/writer.h"

static struct value *read_text(struct arena *arena, const char *text)
{
    static const struct json_limits limits = {.depth = 32, .names = 1000, .bytes = SIZE_MAX};
    struct json_fault fault;
    struct value *value = NULL;
    assert_int_equal(json_read(arena, slice_from(text), &limits, &value, &fault), RESULT_OK);
    return value;
}

static void assert_written(enum format format, const char *text, const char *expected)
{
    struct writer *writer = writer_create(format);
    struct arena arena;
    struct buffer out;
    arena_init(&arena);
    buffer_init(&out);
    writer_start(writer, &out);
    writer_key(writer, SLICE("it"));
    value_write(writer, read_text(&arena, text));
    writer_finish(writer);
    assert_false(out.has_failed);
    assert_int_equal(out.size, strlen(expected));
    assert_memory_equal(out.data, expected, out.size);
    buffer_clear(&out);
    arena_clear(&arena);
    writer_destroy(writer);
}

static void test_json(void **state)
{
    static const struct {
        const char *text;
        const char *written;
    } rows[] = {
        {"null", "\"it\":null"},
        {" true ", "\"it\":true"},
        {"false", "\"it\":false"},
        {"18446744073709551615", "\"it\":18446744073709551615"},
        {"-0.10", "\"it\":-0.10"},
        {"\"\"", "\"it\":\"\""},
        {"\"a\\\"\\u00fc\\n\"", "\"it\":\"a\\\"\xc3\xbc\\n\""},
        {"[]", "\"it\":[]"},
        {"{}", "\"it\":{}"},
        {"[1,[2,{}],null]", "\"it\":[1,[2,{}],null]"},
        {"{\"z\":1,\"a\":{\"b\":[]},\"\":false}", "\"it\":{\"z\":1,\"a\":{\"b\":[]},\"\":false}"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        assert_written(FORMAT_JSON, rows[i].text, rows[i].written);
}

/* Lists of no name have items. */
static void test_xml(void **state)
{
    (void)state;
    assert_written(FORMAT_XML, "{\"a\":[1,null],\"b\":\"<\"}",
                   "<it><a list=\"true\"><item>1</item><item nil=\"true\" /></a><b>&lt;</b></it>");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_json), cmocka_unit_test(test_xml)};
    return cmocka_run_group_tests_name("format/value_write", tests, NULL, NULL);
}
