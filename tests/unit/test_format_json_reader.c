/* RFC 8259, and spec/remote-api.md section 2: last name wins, limits, invalid UTF-8. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "format/value.h"

static const struct json_limits limits = {.depth = 3, .names = 6, .bytes = 64};

static enum result read_text(struct arena *arena, struct slice text, struct value **tree,
                             struct json_fault *fault)
{
    arena_init(arena);
    return json_read(arena, text, &limits, tree, fault);
}

static void assert_read(struct slice text, const char *printed)
{
    struct arena arena;
    struct buffer out;
    struct value *tree = NULL;
    struct json_fault fault;
    assert_int_equal(read_text(&arena, text, &tree, &fault), RESULT_OK);
    buffer_init(&out);
    value_print(tree, &out);
    buffer_append_char(&out, '\0');
    assert_string_equal(out.data, printed);
    buffer_clear(&out);
    arena_clear(&arena);
}

static void assert_fault(struct slice text, enum result result, const char *code, size_t line)
{
    struct arena arena;
    struct value *tree = NULL;
    struct json_fault fault;
    assert_int_equal(read_text(&arena, text, &tree, &fault), result);
    assert_null(tree);
    assert_true(slice_equal(fault.code, slice_from(code)));
    assert_int_equal(fault.line, line);
    assert_true(strlen(fault.reason) > 5);
    assert_null(strchr(fault.reason, '\n'));
    arena_clear(&arena);
}

static void test_values(void **state)
{
    (void)state;
    assert_read(SLICE(" {\"a\":[1,-2.50e+3,true,null],\"b\":\"x\"}\n "),
                "{\"a\":[1,-2.50e+3,true,null],\"b\":\"x\"}");
    assert_read(SLICE("123456789012345678901234567890"), "123456789012345678901234567890");
    assert_read(SLICE("\"\\ud83d\\ude00\\/\\u0000\""), "\"\xF0\x9F\x98\x80/\\u0000\"");
    assert_read(SLICE("[\"\\\\ud800\"]"), "[\"\\u005cud800\"]");
    assert_read(SLICE("[]"), "[]");
}

static void test_last_name_wins(void **state)
{
    (void)state;
    assert_read(SLICE("{\"a\":1,\"b\":2,\"a\":{\"c\":3}}"), "{\"b\":2,\"a\":{\"c\":3}}");
}

static void test_syntax(void **state)
{
    (void)state;
    assert_fault(SLICE(""), RESULT_INVALID, "bad_json", 1);
    assert_fault(SLICE("{\n\"a\":}"), RESULT_INVALID, "bad_json", 2);
    assert_fault(SLICE("{\"a\":1"), RESULT_INVALID, "bad_json", 1);
    assert_fault(SLICE("{} x"), RESULT_INVALID, "bad_json", 1);
    assert_fault(SLICE("{}{}"), RESULT_INVALID, "bad_json", 1);
    assert_fault(SLICE("[1,]"), RESULT_INVALID, "bad_json", 1);
    assert_fault(SLICE("/* */ 1"), RESULT_INVALID, "bad_json", 1);
    assert_fault(SLICE("01"), RESULT_INVALID, "bad_json", 1);
    assert_fault(SLICE("1."), RESULT_INVALID, "bad_json", 1);
    assert_fault(SLICE("NaN"), RESULT_INVALID, "bad_json", 1);
    assert_fault(SLICE("\"a\nb\""), RESULT_INVALID, "bad_json", 1);
    assert_fault(SLICE("{'a':1}"), RESULT_INVALID, "bad_json", 1);
}

static void test_encoding(void **state)
{
    (void)state;
    assert_fault(SLICE("\n\"\xED\xA0\x80\""), RESULT_INVALID, "bad_encoding", 2);
    assert_fault(SLICE("\"\xC0\x80\""), RESULT_INVALID, "bad_encoding", 1);
    assert_fault(SLICE("\"\\ud800\""), RESULT_INVALID, "bad_encoding", 1);
    assert_fault(SLICE("\"\\uDC00\""), RESULT_INVALID, "bad_encoding", 1);
    assert_fault(SLICE("\"\\ud83d\\u0041\""), RESULT_INVALID, "bad_encoding", 1);
}

static void test_limits(void **state)
{
    (void)state;
    assert_read(SLICE("[[[]]]"), "[[[]]]");
    assert_fault(SLICE("[[[[]]]]"), RESULT_LIMIT, "too_deep", 1);
    assert_read(SLICE("[[],[],[],[1,2]]"), "[[],[],[],[1,2]]");
    assert_fault(SLICE("[1,2,3,4,5,6,7]"), RESULT_LIMIT, "too_many_names", 1);
    assert_fault(SLICE("[                                                               ]"),
                 RESULT_LIMIT, "too_large", 1);
}

/* Members are looked up one by one, so one object's are bounded beside those of the whole. */
static void test_members(void **state)
{
    (void)state;
    const struct json_limits narrow = {.depth = 3, .names = 9, .members = 2, .bytes = 64};
    struct arena arena;
    struct value *tree = NULL;
    struct json_fault fault;
    arena_init(&arena);
    assert_int_equal(
        json_read(&arena, SLICE("[{\"a\":1,\"b\":2},{\"a\":[1,2,3]}]"), &narrow, &tree, &fault),
        RESULT_OK);
    assert_int_equal(
        json_read(&arena, SLICE("[{\"a\":1,\"b\":2,\"c\":3}]"), &narrow, &tree, &fault),
        RESULT_LIMIT);
    assert_true(slice_equal(fault.code, SLICE("too_many_names")));
    assert_int_equal(json_read(&arena, SLICE("{\"a\":1,\"a\":2,\"a\":3}"), &narrow, &tree, &fault),
                     RESULT_OK);
    arena_clear(&arena);
}

static void assert_raw(const char *json, size_t first, size_t second)
{
    struct arena arena;
    struct value *tree = NULL;
    struct json_fault fault;
    assert_int_equal(read_text(&arena, slice_from(json), &tree, &fault), RESULT_OK);
    assert_int_equal(tree->first->raw_size, first);
    assert_int_equal(tree->last->raw_size, second);
    arena_clear(&arena);
}

/* What a string takes of the text, its quotes aside, whatever stands around it. */
static void test_raw_sizes(void **state)
{
    (void)state;
    struct arena arena;
    struct value *tree = NULL;
    struct json_fault fault;
    assert_int_equal(read_text(&arena, SLICE(" \"a\\/b\" \n"), &tree, &fault), RESULT_OK);
    assert_int_equal(tree->raw_size, 4);
    arena_clear(&arena);
    assert_raw("[\"\",\"abc\"]", 0, 3);
    assert_raw("[ \"a\\/\" , 1.5, true, {}, null, \"\\u002f\\u0022\" ] ", 3, 12);
    assert_raw("[\"\\\\\",[\"x\"],\"\\\\\\\"\"]", 2, 4);
    assert_raw("[\"\xC3\xBC\",\"\\ud83d\\ude00\"]", 2, 12);
    assert_raw("{\"k\\\"\"  :  \"a\\nb\",\"l\":[7],\"\\/\":\"\\/\\/\"}", 4, 4);
    assert_raw("{\"k\":\"long ago\",\"l\":1,\"k\":\"\\/\"}", 0, 2);
}

static void test_take_and_set(void **state)
{
    (void)state;
    struct arena arena;
    struct value *tree = NULL;
    struct json_fault fault;
    assert_int_equal(read_text(&arena, SLICE("{\"a\":1,\"b\":2}"), &tree, &fault), RESULT_OK);
    struct value *b = value_take(tree, SLICE("b"));
    assert_true(slice_equal(b->text, SLICE("2")));
    assert_null(value_take(tree, SLICE("b")));
    assert_int_equal(tree->count, 1);
    assert_ptr_equal(tree->last, tree->first);
    value_set(tree, SLICE("a"), b);
    assert_int_equal(tree->count, 1);
    assert_ptr_equal(value_get(tree, SLICE("a")), b);
    assert_null(value_get(NULL, SLICE("a")));
    assert_null(value_get(b, SLICE("a")));
    arena_clear(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values),    cmocka_unit_test(test_last_name_wins),
        cmocka_unit_test(test_syntax),    cmocka_unit_test(test_encoding),
        cmocka_unit_test(test_limits),    cmocka_unit_test(test_members),
        cmocka_unit_test(test_raw_sizes), cmocka_unit_test(test_take_and_set),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
