/*
 * Models for the tests of writing, without a database: the compiled-in catalog over tables that
 * have what its rules speak of, and a small catalog whose timelogs say by parent_type what
 * parent_id names (data-model.md: "the catalog can say either, and both are tested").
 */
#ifndef PORTCULLIS_TESTS_SAMPLE_WRITING_H
#define PORTCULLIS_TESTS_SAMPLE_WRITING_H

#include "resources/write.h"
#include "sample_model.h"
#include "sample_tables.h"

#define TEST_OF(setup, test) cmocka_unit_test_setup_teardown(test, setup, sample_teardown)
#define WRITING_TEST(test)   TEST_OF(writing_setup, test)
#define EITHER_TEST(test)    TEST_OF(either_setup, test)

static inline int writing_setup(void **state)
{
    *state =
        sample_create_of(catalog_default_text(), writing_columns, SAMPLE_LENGTH(writing_columns));
    return 0;
}

static inline int either_setup(void **state)
{
    *state =
        sample_create_of(slice_from(either_catalog), either_columns, SAMPLE_LENGTH(either_columns));
    return 0;
}

#endif
