/* spec/remote-api.md section 5, XML: the tags of a name, and how many names are kept. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "format/xml_element.h"

static void assert_forms(const struct xml_element *element, const char *const expected[])
{
    assert_non_null(element);
    for (int form = 0; form < XML_FORM_COUNT; form++)
        assert_true(slice_equal(element->forms[form], slice_from(expected[form])));
}

static void test_forms(void **state)
{
    (void)state;
    static const struct {
        struct slice name;
        const char *forms[XML_FORM_COUNT];
    } rows[] = {
        {SLICE("a"),
         {"<a />", "<a nil=\"true\" />", "<a list=\"true\" />", "<a list=\"true\">", "<a>",
          "</a>"}},
        {SLICE("\r<"),
         {"<item name=\"&#13;&lt;\" />", "<item name=\"&#13;&lt;\" nil=\"true\" />",
          "<item name=\"&#13;&lt;\" list=\"true\" />", "<item name=\"&#13;&lt;\" list=\"true\">",
          "<item name=\"&#13;&lt;\">", "</item>"}},
        {SLICE("nil"),
         {"<nil />", "<nil nil=\"true\" />", "<nil list=\"true\" />", "<nil list=\"true\">",
          "<nil>", "</nil>"}},
        {{NULL, 0},
         {"<item />", "<item nil=\"true\" />", "<item list=\"true\" />", "<item list=\"true\">",
          "<item>", "</item>"}},
    };
    struct xml_elements elements;
    xml_elements_init(&elements);
    for (int again = 0; again < 3; again++)
        for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
            assert_forms(xml_elements_find(&elements, rows[i].name), rows[i].forms);
    xml_elements_clear(&elements);
}

/* Each name is printed once, in whatever order it is asked for. */
static void test_names_are_kept(void **state)
{
    (void)state;
    static const char order[] = "abcabcacbaabbccaddda";
    const struct xml_element *seen[256] = {0};
    struct xml_elements elements;
    xml_elements_init(&elements);
    for (const char *at = order; *at; at++) {
        const struct xml_element **known = &seen[(unsigned char)*at];
        const struct xml_element *found = xml_elements_find(&elements, slice_of(at, 1));
        assert_true(*known == NULL || *known == found);
        assert_true(slice_equal(found->name, slice_of(at, 1)));
        *known = found;
    }
    assert_int_equal(HASH_COUNT(elements.by_name), 4);
    xml_elements_trim(&elements);
    assert_int_equal(HASH_COUNT(elements.by_name), 4);
    xml_elements_clear(&elements);
}

/* "Memory is bounded": many names are forgotten between two answers, and found anew. */
static void test_many_names_are_forgotten(void **state)
{
    (void)state;
    struct xml_elements elements;
    xml_elements_init(&elements);
    for (int answer = 0; answer < 3; answer++) {
        xml_elements_trim(&elements);
        assert_int_equal(HASH_COUNT(elements.by_name), 0);
        for (int i = 0; i < 2000; i++) {
            char name[32];
            snprintf(name, sizeof(name), "name_%d", i);
            assert_non_null(xml_elements_find(&elements, slice_from(name)));
        }
        assert_int_equal(HASH_COUNT(elements.by_name), 2000);
    }
    xml_elements_clear(&elements);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_forms),
        cmocka_unit_test(test_names_are_kept),
        cmocka_unit_test(test_many_names_are_forgotten),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
