/* spec/remote-api.md section 5: exact bytes of both formats, hostile text, and reading back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <mxml.h>

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

/* Larger than the room first made, so that saving takes its second try. */
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

static void test_xml_reads_back(void **state)
{
    (void)state;
    struct writer *writer = writer_create(FORMAT_XML);
    struct buffer out;
    buffer_init(&out);
    buffer_append_slice(&out, SLICE("<api>"));
    writer_start(writer, &out);
    writer_member_string(writer, SLICE("t"), SLICE("a\r\n<b>&amp;\xC3\xBC"));
    writer_finish(writer);
    buffer_append_slice(&out, SLICE("</api>"));
    buffer_append_char(&out, '\0');
    mxml_node_t *tree = mxmlLoadString(NULL, out.data, MXML_OPAQUE_CALLBACK);
    assert_non_null(tree);
    assert_string_equal(mxmlGetOpaque(mxmlFindPath(tree, "t")), "a\r\n<b>&amp;\xC3\xBC");
    mxmlDelete(tree);
    buffer_clear(&out);
    writer_destroy(writer);
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
        cmocka_unit_test(test_large_text),
        cmocka_unit_test(test_xml_reads_back),
        cmocka_unit_test(test_misuse),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
