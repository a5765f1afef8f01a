/* spec/remote-api.md section 5, XML: text escaped as mxml escapes it, names of any kind and number.
 */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <mxml.h>

#include "format/writer.h"

#define BAD "\xEF\xBF\xBD"

/* Far more names than one writer keeps, in one answer and over many. */
static void test_many_names(void **state)
{
    (void)state;
    enum { ANSWERS = 6, NAMES = 1000 };
    struct writer *writer = writer_create(FORMAT_XML);
    for (int answer = 0; answer < ANSWERS; answer++) {
        struct buffer out = {0}, expected = {0};
        writer_start(writer, &out);
        for (int i = 0; i < NAMES; i++) {
            char name[32];
            int size = snprintf(name, sizeof(name), "column_of_answer_%d_%d", answer % 4, i);
            writer_key(writer, slice_of(name, (size_t)size));
            memset(name, 'x', sizeof(name)); /* a name need not outlive the call */
            writer_integer(writer, i);
            buffer_printf(&expected, "<column_of_answer_%d_%d>%d</column_of_answer_%d_%d>",
                          answer % 4, i, i, answer % 4, i);
        }
        writer_finish(writer);
        assert_false(out.has_failed);
        assert_true(slice_equal(buffer_slice(&out), buffer_slice(&expected)));
        buffer_clear(&expected);
        buffer_clear(&out);
    }
    writer_destroy(writer);
}

static void write_long_name(struct writer *w)
{
    char name[5000];
    memset(name, '"', sizeof(name));
    name[2500] = '\r';
    writer_key(w, slice_of(name, sizeof(name)));
    writer_list_begin(w, SLICE("1 2"));
    writer_null(w);
    writer_list_end(w);
}

static void *write_on_thread(void *context)
{
    struct writer *writer = context;
    struct buffer *out = calloc(1, sizeof(*out));
    writer_start(writer, out);
    write_long_name(writer);
    writer_finish(writer);
    return out;
}

/* Attributes are never put on lines of their own, which mxml does unless the thread says no. */
static void test_long_names_on_another_thread(void **state)
{
    (void)state;
    struct writer *writer = writer_create(FORMAT_XML);
    struct buffer expected = {0};
    pthread_t thread;
    void *result = NULL;
    assert_int_equal(pthread_create(&thread, NULL, write_on_thread, writer), 0);
    assert_int_equal(pthread_join(thread, &result), 0);
    struct buffer *out = result;
    buffer_append_slice(&expected, SLICE("<item name=\""));
    for (int i = 0; i < 5000; i++)
        buffer_append_slice(&expected, i == 2500 ? SLICE("&#13;") : SLICE("&quot;"));
    buffer_append_slice(&expected,
                        SLICE("\" list=\"true\"><item name=\"1 2\" nil=\"true\" /></item>"));
    assert_false(out->has_failed);
    assert_true(slice_equal(buffer_slice(out), buffer_slice(&expected)));
    buffer_clear(&expected);
    buffer_clear(out);
    free(out);
    writer_destroy(writer);
}

static char *print_by_mxml(const char *text)
{
    mxml_node_t *node = mxmlNewElement(NULL, "t");
    mxmlNewOpaque(node, text);
    mxmlSetWrapMargin(0);
    char *printed = mxmlSaveAllocString(node, MXML_NO_CALLBACK);
    mxmlDelete(node);
    printed[strlen(printed) - 1] = '\0'; /* a line feed */
    return printed;
}

/* Each character mxml may be given, at each place of a word, in texts of each length: escaped as
 * mxml escapes it. */
static void test_texts_as_mxml_prints_them(void **state)
{
    (void)state;
    enum { LONGEST = 20 };
    struct writer *writer = writer_create(FORMAT_XML);
    for (int c = '\t'; c < 0x80; c = c == '\n' ? ' ' : c + 1)
        for (size_t size = 1; size <= LONGEST; size++)
            for (size_t at = 0; at < size; at++) {
                char text[LONGEST + 1] = "abcdefghijklmnopqrst";
                struct buffer out = {0};
                text[size] = '\0';
                text[at] = (char)c;
                writer_start(writer, &out);
                writer_member_string(writer, SLICE("t"), slice_of(text, size));
                writer_finish(writer);
                buffer_append_char(&out, '\0');
                char *printed = print_by_mxml(text);
                assert_string_equal(out.data, printed);
                free(printed);
                buffer_clear(&out);
            }
    writer_destroy(writer);
}

/* What XML forbids, or reads otherwise, at each place of texts of each length. */
static void test_forbidden_characters_everywhere(void **state)
{
    (void)state;
    static const struct {
        struct slice text, expected;
    } odd[] = {{SLICE("\0"), SLICE(BAD)},
               {SLICE("\x1F"), SLICE(BAD)},
               {SLICE("\r"), SLICE("&#13;")},
               {SLICE("\xFF"), SLICE(BAD)},
               {SLICE("\xEF\xBF\xBF"), SLICE(BAD)},
               {SLICE("\xEF\xBF\xBD"), SLICE(BAD)},
               {SLICE("\xEF\xBB\xBF"), SLICE("\xEF\xBB\xBF")}};
    struct writer *writer = writer_create(FORMAT_XML);
    for (size_t i = 0; i < sizeof(odd) / sizeof(*odd); i++)
        for (size_t before = 0; before < 10; before++)
            for (size_t after = 0; after < 10; after++) {
                struct buffer text = {0}, out = {0}, expected = {0};
                buffer_append(&text, "123456789", before);
                buffer_append_slice(&text, odd[i].text);
                buffer_append(&text, "abcdefghi", after);
                buffer_printf(&expected, "<t>%.*s%.*s%.*s</t>", (int)before, "123456789",
                              SLICE_ARGS(odd[i].expected), (int)after, "abcdefghi");
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

/* A value that nothing names, in an object, is no document. */
static void test_value_without_key(void **state)
{
    (void)state;
    struct writer *writer = writer_create(FORMAT_XML);
    struct buffer out = {0};
    writer_start(writer, &out);
    writer_member_integer(writer, SLICE("a"), 1);
    writer_integer(writer, 2);
    writer_finish(writer);
    assert_true(out.has_failed);
    buffer_clear(&out);
    writer_destroy(writer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_many_names),
        cmocka_unit_test(test_long_names_on_another_thread),
        cmocka_unit_test(test_texts_as_mxml_prints_them),
        cmocka_unit_test(test_forbidden_characters_everywhere),
        cmocka_unit_test(test_xml_reads_back),
        cmocka_unit_test(test_value_without_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
