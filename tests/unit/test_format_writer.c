/* spec/remote-api.md section 5: exact bytes of both formats, hostile text, and reading back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "format/writer.h"

typedef void (*script_run)(struct writer *writer);

/* The writer is used twice, since it is made for many answers. */
static void assert_written(enum format format, bool as_strings, script_run run,
                           struct slice expected)
{
    struct writer *writer = writer_create(format);
    assert_non_null(writer);
    writer->numbers_as_strings = as_strings;
    for (int i = 0; i < 2; i++) {
        struct buffer out;
        buffer_init(&out);
        writer_start(writer, &out);
        run(writer);
        writer_finish(writer);
        assert_false(out.has_failed);
        buffer_append_char(&out, '\0');
        assert_string_equal(out.data, expected.data);
        assert_int_equal(out.size, expected.size + 1);
        buffer_clear(&out);
    }
    writer_destroy(writer);
}

static void assert_both(script_run run, struct slice json, struct slice xml)
{
    assert_written(FORMAT_JSON, false, run, json);
    assert_written(FORMAT_XML, false, run, xml);
}

static void write_nothing(struct writer *w)
{
    (void)w;
}

static void test_nothing(void **state)
{
    (void)state;
    assert_both(write_nothing, SLICE(""), SLICE(""));
}

static void write_envelope(struct writer *w)
{
    writer_key(w, SLICE("data"));
    writer_object_begin(w);
    writer_member_integer(w, SLICE("total"), INT64_MIN);
    writer_key(w, SLICE("filters"));
    writer_object_begin(w);
    writer_object_end(w);
    writer_object_end(w);
    writer_key(w, SLICE("whmcstickets"));
    writer_list_begin(w, SLICE("whmcsticket"));
    writer_object_begin(w);
    writer_key(w, SLICE("price"));
    writer_number(w, SLICE("12.50"));
    writer_key(w, SLICE("is_open"));
    writer_boolean(w, false);
    writer_member_null(w, SLICE("due"));
    writer_member_string(w, SLICE("text"), SLICE(""));
    writer_key(w, SLICE("ids"));
    writer_list_begin(w, SLICE("id"));
    writer_integer(w, 7);
    writer_null(w);
    writer_list_end(w);
    writer_object_end(w);
    writer_object_begin(w);
    writer_object_end(w);
    writer_list_end(w);
    writer_key(w, SLICE("none"));
    writer_list_begin(w, SLICE(""));
    writer_list_end(w);
}

static void test_envelope(void **state)
{
    (void)state;
    assert_both(write_envelope,
                SLICE("\"data\":{\"total\":-9223372036854775808,\"filters\":{}},"
                      "\"whmcstickets\":[{\"price\":12.50,\"is_open\":false,\"due\":null,"
                      "\"text\":\"\",\"ids\":[7,null]},{}],\"none\":[]"),
                SLICE("<data><total>-9223372036854775808</total><filters /></data>"
                      "<whmcstickets list=\"true\"><whmcsticket><price>12.50</price>"
                      "<is_open>false</is_open><due nil=\"true\" /><text />"
                      "<ids list=\"true\"><id>7</id><id nil=\"true\" /></ids></whmcsticket>"
                      "<whmcsticket /></whmcstickets><none list=\"true\"></none>"));
}

static void test_numbers_as_strings(void **state)
{
    (void)state;
    assert_written(FORMAT_JSON, true, write_envelope,
                   SLICE("\"data\":{\"total\":\"-9223372036854775808\",\"filters\":{}},"
                         "\"whmcstickets\":[{\"price\":\"12.50\",\"is_open\":\"false\","
                         "\"due\":null,\"text\":\"\",\"ids\":[\"7\",null]},{}],\"none\":[]"));
}

static void write_hostile_text(struct writer *w)
{
    writer_member_string(w, SLICE("a"), SLICE("</a>&\"'\\/ \xC3\xBC\xF0\x9F\x98\x80"));
    writer_member_string(w, SLICE("b"), SLICE("x\xC3y\xED\xA0\x80\xFF"));
    writer_member_string(w, SLICE("c"), SLICE("\t\n\r\x01\0z\x7F"));
    writer_member_string(w, SLICE("d"), SLICE("\xEF\xBF\xBE\xEF\xBF\xBF\xEF\xBF\xBD"));
    writer_member_string(w, SLICE("e"), SLICE("  ]]> "));
}

#define BAD "\xEF\xBF\xBD"

static void test_hostile_text(void **state)
{
    (void)state;
    assert_both(write_hostile_text,
                SLICE("\"a\":\"</a>&\\\"'\\\\/ \xC3\xBC\xF0\x9F\x98\x80\","
                      "\"b\":\"x" BAD "y" BAD BAD BAD BAD
                      "\",\"c\":\"\\t\\n\\r\\u0001\\u0000z\x7F\","
                      "\"d\":\"\xEF\xBF\xBE\xEF\xBF\xBF\xEF\xBF\xBD\",\"e\":\"  ]]> \""),
                SLICE("<a>&lt;/a&gt;&amp;&quot;'\\/ \xC3\xBC\xF0\x9F\x98\x80</a>"
                      "<b>x" BAD "y" BAD BAD BAD BAD "</b><c>\t\n&#13;" BAD BAD "z\x7F</c>"
                      "<d>" BAD BAD BAD "</d><e>  ]]&gt; </e>"));
}

static void write_hostile_names(struct writer *w)
{
    writer_member_integer(w, SLICE("1a"), 1);
    writer_member_integer(w, SLICE("a b\"<&>"), 2);
    writer_member_integer(w, SLICE("?xml"), 3);
    writer_member_integer(w, SLICE("a:b"), 4);
    writer_member_integer(w,
                          SLICE("gr\xC3\xB6\xC3\x9F"
                                "e-1.x_"),
                          5);
    writer_member_integer(w, SLICE("\xFF"), 6);
    writer_member_integer(w, SLICE(""), 7);
    writer_key(w, SLICE("!--"));
    writer_list_begin(w, SLICE("-"));
    writer_null(w);
    writer_list_end(w);
}

/* "a name that XML forbids becomes <item name="…">" */
static void test_hostile_names(void **state)
{
    (void)state;
    assert_both(write_hostile_names,
                SLICE("\"1a\":1,\"a b\\\"<&>\":2,\"?xml\":3,\"a:b\":4,\"gr\xC3\xB6\xC3\x9F"
                      "e-1.x_\":5,\"" BAD "\":6,\"\":7,\"!--\":[null]"),
                SLICE("<item name=\"1a\">1</item><item name=\"a b&quot;&lt;&amp;&gt;\">2</item>"
                      "<item name=\"?xml\">3</item><item name=\"a:b\">4</item>"
                      "<gr\xC3\xB6\xC3\x9F"
                      "e-1.x_>5</gr\xC3\xB6\xC3\x9F"
                      "e-1.x_>"
                      "<item name=\"" BAD "\">6</item><item>7</item>"
                      "<item name=\"!--\" list=\"true\"><item name=\"-\" nil=\"true\" /></item>"));
}

/* Each character that JSON escapes, at each place of texts of each length. */
static void test_json_escapes_everywhere(void **state)
{
    (void)state;
    static const char *const escapes[][2] = {
        {"\"", "\\\""}, {"\\", "\\\\"}, {"\n", "\\n"}, {"\x1F", "\\u001F"}, {"\xFF", BAD}};
    struct writer *writer = writer_create(FORMAT_JSON);
    for (size_t i = 0; i < sizeof(escapes) / sizeof(*escapes); i++)
        for (int before = 0; before < 10; before++)
            for (int after = 0; after < 10; after++) {
                struct buffer text = {0}, out = {0}, expected = {0};
                buffer_printf(&text, "%.*s%s%.*s", before, "123456789", escapes[i][0], after,
                              "abcdefghi");
                buffer_printf(&expected, "\"t\":\"%.*s%s%.*s\"", before, "123456789", escapes[i][1],
                              after, "abcdefghi");
                writer_start(writer, &out);
                writer_member_string(writer, SLICE("t"), buffer_slice(&text));
                writer_finish(writer);
                assert_true(slice_equal(buffer_slice(&out), buffer_slice(&expected)));
                buffer_clear(&expected);
                buffer_clear(&text);
                buffer_clear(&out);
            }
    writer_destroy(writer);
}

/* Larger than any room first made; in XML it takes the long way. */
static void test_large_text(void **state)
{
    (void)state;
    enum { SIZE = 100000 };
    char *text = malloc(SIZE);
    memset(text, 'x', SIZE);
    text[SIZE - 1] = '\r';
    for (int f = 0; f < FORMAT_COUNT; f++) {
        struct writer *writer = writer_create((enum format)f);
        struct buffer out;
        buffer_init(&out);
        writer_start(writer, &out);
        writer_member_string(writer, SLICE("a"), slice_of(text, SIZE));
        writer_finish(writer);
        assert_false(out.has_failed);
        assert_int_equal(out.size, f == FORMAT_XML ? SIZE + 11 : SIZE + 7);
        buffer_clear(&out);
        writer_destroy(writer);
    }
    free(text);
}

static void write_ticket(struct writer *w, int row)
{
    writer_object_begin(w);
    writer_member_integer(w, SLICE("id"), row);
    writer_key(w, SLICE("ticketxref"));
    if (row % 2) {
        writer_object_begin(w);
        writer_member_integer(w, SLICE("project_id"), 100);
        writer_member_null(w, SLICE("id"));
        writer_object_end(w);
    } else {
        writer_null(w);
    }
    writer_member_string(w, SLICE("title"), row == 1 ? SLICE("a&b") : SLICE(""));
    if (row == 2)
        writer_member_null(w, SLICE("title"));
    if (row != 1) {
        writer_key(w, SLICE("ids"));
        writer_list_begin(w, SLICE("id"));
        if (row == 3)
            writer_integer(w, 7);
        writer_list_end(w);
    }
    writer_object_end(w);
}

static void write_changing_rows(struct writer *w)
{
    writer_key(w, SLICE("tickets"));
    writer_list_begin(w, SLICE("ticket"));
    for (int row = 1; row <= 3; row++)
        write_ticket(w, row);
    writer_object_begin(w);
    writer_object_end(w);
    writer_string(w, SLICE("id"));
    writer_list_end(w);
}

/* Rows of different shapes one behind the other: nothing of one is left in the next. */
static void test_rows_of_different_shapes(void **state)
{
    (void)state;
    assert_both(
        write_changing_rows,
        SLICE("\"tickets\":[{\"id\":1,\"ticketxref\":{\"project_id\":100,\"id\":null},"
              "\"title\":\"a&b\"},{\"id\":2,\"ticketxref\":null,\"title\":\"\","
              "\"title\":null,\"ids\":[]},{\"id\":3,\"ticketxref\":{\"project_id\":100,"
              "\"id\":null},\"title\":\"\",\"ids\":[7]},{},\"id\"]"),
        SLICE("<tickets list=\"true\"><ticket><id>1</id><ticketxref>"
              "<project_id>100</project_id><id nil=\"true\" /></ticketxref>"
              "<title>a&amp;b</title></ticket><ticket><id>2</id><ticketxref nil=\"true\" />"
              "<title /><title nil=\"true\" /><ids list=\"true\" /></ticket><ticket><id>3</id>"
              "<ticketxref><project_id>100</project_id><id nil=\"true\" /></ticketxref>"
              "<title /><ids list=\"true\"><id>7</id></ids></ticket><ticket />"
              "<ticket>id</ticket></tickets>"));
}

static void append_written(struct writer *writer, script_run run, struct buffer *out)
{
    writer_start(writer, out);
    run(writer);
    writer_finish(writer);
}

static void write_unfinished(struct writer *w)
{
    writer_key(w, SLICE("tickets"));
    writer_list_begin(w, SLICE("id"));
    writer_object_begin(w);
    writer_key(w, SLICE("title"));
}

/* What a writer wrote before, and where it failed, shows in nothing it writes after. */
static void test_after_other_answers(void **state)
{
    (void)state;
    static const script_run runs[] = {write_envelope, write_hostile_names, write_changing_rows,
                                      write_hostile_text};
    enum { RUNS = sizeof(runs) / sizeof(*runs) };
    for (int f = 0; f < FORMAT_COUNT; f++) {
        struct writer *used = writer_create((enum format)f);
        for (size_t i = 0; i < RUNS * RUNS; i++) {
            struct writer *fresh = writer_create((enum format)f);
            struct buffer out = {0}, expected = {0}, failed = {.has_failed = i % 2};
            append_written(used, i % 3 ? write_unfinished : runs[i / RUNS], &failed);
            append_written(used, runs[i % RUNS], &out);
            append_written(fresh, runs[i % RUNS], &expected);
            assert_false(out.has_failed);
            assert_true(slice_equal(buffer_slice(&out), buffer_slice(&expected)));
            buffer_clear(&failed);
            buffer_clear(&expected);
            buffer_clear(&out);
            writer_destroy(fresh);
        }
        writer_destroy(used);
    }
}

/* What is not closed, or closed too often, or too deep, fails; nothing crashes or leaks. */
static void test_misuse(void **state)
{
    (void)state;
    for (int f = 0; f < FORMAT_COUNT; f++) {
        struct writer *writer = writer_create((enum format)f);
        for (int depth = -1; depth <= 200; depth += 67) {
            struct buffer out;
            buffer_init(&out);
            writer_start(writer, &out);
            for (int i = 0; i < depth; i++) {
                writer_key(writer, SLICE("k"));
                writer_object_begin(writer);
            }
            for (int i = 0; i < (depth > 66 ? depth : 1); i++)
                writer_object_end(writer);
            writer_finish(writer);
            assert_true(out.has_failed);
            buffer_clear(&out);
        }
        writer_destroy(writer);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing),
        cmocka_unit_test(test_envelope),
        cmocka_unit_test(test_numbers_as_strings),
        cmocka_unit_test(test_hostile_text),
        cmocka_unit_test(test_hostile_names),
        cmocka_unit_test(test_json_escapes_everywhere),
        cmocka_unit_test(test_large_text),
        cmocka_unit_test(test_rows_of_different_shapes),
        cmocka_unit_test(test_after_other_answers),
        cmocka_unit_test(test_misuse),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
