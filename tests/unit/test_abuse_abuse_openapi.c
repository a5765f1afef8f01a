/* operations.md, `openapi`: what the document says of reports of abuse, by the columns there are.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "abuse/abuse_openapi.h"
#include "format/value.h"

struct sample {
    struct abuse_map map;
    struct schema_column column;
    struct buffer out;
};

static int setup(void **state)
{
    static struct sample sample;
    sample = (struct sample){0};
    for (size_t i = 0; i < ABUSE_COLUMNS; i++)
        sample.map.columns[i] = &sample.column;
    sample.map.has_outbox = true;
    sample.map.has_idempotency = true;
    *state = &sample;
    return 0;
}

static int teardown(void **state)
{
    struct sample *sample = *state;
    buffer_clear(&sample->out);
    return 0;
}

/* The section as text. */
static const char *section_of(struct sample *sample, const char *section, bool errors_are_200)
{
    const struct abuse_openapi openapi = {&sample->map, SLICE("/abuse"), errors_are_200};
    struct writer *writer = writer_create(FORMAT_JSON);
    buffer_clear(&sample->out);
    writer_start(writer, &sample->out);
    writer_key(writer, SLICE("it"));
    if (strcmp(section, "tags") == 0)
        writer_list_begin(writer, SLICE("item"));
    else
        writer_object_begin(writer);
    assert_true(abuse_openapi_write(&openapi, writer, slice_from(section)));
    if (strcmp(section, "tags") == 0)
        writer_list_end(writer);
    else
        writer_object_end(writer);
    writer_finish(writer);
    writer_destroy(writer);
    buffer_append_char(&sample->out, '\0');
    assert_false(sample->out.has_failed);
    return sample->out.data;
}

static void test_all_is_told_where_all_is_there(void **state)
{
    const char *text = section_of(*state, "schemas", false);
    assert_non_null(strstr(text, "\"admin_notes\""));
    assert_non_null(strstr(text, "[\"nosuspend\",\"immediate\",\"timelimit\"]"));
    assert_non_null(strstr(text, "\"required\":[\"action\",\"service_id\",\"category\"]"));
    text = section_of(*state, "paths", false);
    assert_non_null(strstr(text, "\"it\":{\"/abuse\":{\"post\":{\"operationId\":"));
    assert_non_null(strstr(text, "\"Idempotency-Key\""));
    assert_null(strstr(text, "anyOf"));
    assert_non_null(strstr(section_of(*state, "paths", true), "\"anyOf\":[{\"$ref\":"));
    assert_non_null(strstr(section_of(*state, "securitySchemes", false), "\"API_ID\""));
    assert_string_equal(section_of(*state, "headers", false), "\"it\":{}");
}

static void test_what_has_no_column_is_not_told(void **state)
{
    struct sample *sample = *state;
    sample->map.columns[ABUSE_ADMIN_NOTES] = NULL;
    sample->map.has_outbox = false;
    sample->map.has_idempotency = false;
    const char *text = section_of(sample, "schemas", false);
    assert_null(strstr(text, "admin_notes"));
    assert_null(strstr(text, "timelimit"));
    assert_non_null(strstr(text, "\"const\":\"nosuspend\""));
    text = section_of(sample, "paths", false);
    assert_null(strstr(text, "admin_notes"));
    assert_null(strstr(text, "Idempotency-Key"));
}

static void test_nothing_is_told_where_reports_cannot_be_kept(void **state)
{
    struct sample *sample = *state;
    sample->map.off_reason = SLICE("there is no table");
    assert_string_equal(section_of(sample, "paths", false), "\"it\":{}");
    assert_string_equal(section_of(sample, "schemas", false), "\"it\":{}");
    assert_string_equal(section_of(sample, "tags", false), "\"it\":[]");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_all_is_told_where_all_is_there, setup, teardown),
        cmocka_unit_test_setup_teardown(test_what_has_no_column_is_not_told, setup, teardown),
        cmocka_unit_test_setup_teardown(test_nothing_is_told_where_reports_cannot_be_kept, setup,
                                        teardown),
    };
    return cmocka_run_group_tests_name("abuse/abuse_openapi", tests, NULL, NULL);
}
