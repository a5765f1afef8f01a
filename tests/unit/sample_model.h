/*
 * A model without a database: the catalog joined with a schema built here, by hand, from a table of
 * columns. Small on purpose, so that the SQL made from it can be read in a test.
 */
#ifndef PORTCULLIS_TESTS_SAMPLE_MODEL_H
#define PORTCULLIS_TESTS_SAMPLE_MODEL_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/problem.h"
#include "resources/query.h"
#include "sample_tables.h"

#define SAMPLE_TEST(test) cmocka_unit_test_setup_teardown(test, sample_setup, sample_teardown)

static const struct sample_column sample_columns[] = {
    {SAMPLE_PREFIX "project", "project_id", "int(10) unsigned"},
    {SAMPLE_PREFIX "project", "project_name", "text"},
    {SAMPLE_PREFIX "project", "project_detail", "text"},
    {SAMPLE_PREFIX "project", "project_complete", "tinyint(4)"},
    {SAMPLE_PREFIX "project", "budget", "decimal(10,2) null"},
    {SAMPLE_PREFIX "project", "weight", "float"},
    {SAMPLE_PREFIX "project", "size_class", "enum('small','big')"},
    {SAMPLE_PREFIX "project", "seal", "blob null"},
    {SAMPLE_PREFIX "project", "daily", "time null"},
    {SAMPLE_PREFIX "project", "date_start", "date null"},
    {SAMPLE_PREFIX "project", "date_created", "datetime"},
    {SAMPLE_PREFIX "project", "visible_status", "varchar(16) null"},
    {SAMPLE_PREFIX "project", "manager_adminid", "int(10)"},
    {SAMPLE_PREFIX "project", "assigned_adminid", "int(10)"},
    {SAMPLE_PREFIX "action", "action_id", "int(10)"},
    {SAMPLE_PREFIX "action", "project_id", "int(10)"},
    {SAMPLE_PREFIX "action", "action_name", "text"},
    {SAMPLE_PREFIX "action", "assigned_adminid", "int(10)"},
    {SAMPLE_PREFIX "topic", "topic_id", "int(10)"},
    {SAMPLE_PREFIX "topic", "thread_id", "int(10)"},
    {SAMPLE_PREFIX "topic", "project_id", "int(10)"},
    {SAMPLE_PREFIX "topic", "action_id", "int(10)"},
    {SAMPLE_PREFIX "topic", "date_activity", "datetime null"},
    {SAMPLE_PREFIX "file", "file_id", "int(10)"},
    {SAMPLE_PREFIX "file", "thread_id", "int(10)"},
    {SAMPLE_PREFIX "file", "project_id", "int(10)"},
    {SAMPLE_PREFIX "file", "action_id", "int(10)"},
    {SAMPLE_PREFIX "file", "file_version", "int(10)"},
    {SAMPLE_PREFIX "file", "file_name", "varchar(255)"},
    {SAMPLE_PREFIX "file", "file_path", "varchar(255)"},
    {SAMPLE_PREFIX "file", "date_created", "datetime"},
    {"tbltickets", "id", "int(10)"},
    {"tbltickets", "title", "text"},
    {"tbltickets", "c", "text"},
    {"tbltickets", "editor", "enum('plain','markdown','bbcode')"},
    {"tbltickets", "merged_ticket_id", "int(10)"},
    {"tbltickets", "did", "int(10)"},
    {"tblticketreplies", "id", "int(10)"},
    {"tblticketreplies", "tid", "int(10)"},
    {"tblticketreplies", "date", "datetime"},
    {"tblticketreplies", "secret", "text"},
    {SAMPLE_PREFIX "ticketxref", "xref_id", "int(10)"},
    {SAMPLE_PREFIX "ticketxref", "ticket_id", "int(10)"},
    {SAMPLE_PREFIX "ticketxref", "project_id", "int(10)"},
    {SAMPLE_PREFIX "ticketxref", "action_id", "int(10)"},
    {SAMPLE_PREFIX "timelog", "timelog_id", "int(10)"},
    {SAMPLE_PREFIX "timelog", "project_id", "int(10)"},
    {SAMPLE_PREFIX "timelog", "action_id", "int(10)"},
    {SAMPLE_PREFIX "timelog", "timelog_note", "text"},
    {"tbladmins", "id", "int(10)"},
    {"tblclients", "id", "int(10)"},
    {"tblhosting", "id", "int(10)"},
    {"tblactivitylog", "date", "datetime"},
    {"tblactivitylog", "description", "text"},
    {"tblactivitylog", "user", "text"},
    {"tblactivitylog", "userid", "int(10)"},
    {"tblactivitylog", "admin_id", "int(10)"},
    {"tblactivitylog", "ipaddr", "text"},
    {"portcullis_idempotency", "scope", "varchar(64)"},
    {"portcullis_idempotency", "key", "varchar(255)"},
    {"portcullis_idempotency", "request_hash", "char(64)"},
    {"portcullis_idempotency", "status", "int(11)"},
    {"portcullis_idempotency", "body", "longblob"},
    {"portcullis_idempotency", "created_at", "datetime"},
};

/* What most tests of the room need. */
struct sample {
    struct catalog *catalog;
    struct model *model;
    struct arena arena;
    struct problem problem;
    struct chain chain;
    struct query_viewer viewer; /* sees everything, unless a test says otherwise */
    struct query_set set;
};

/* Of a catalog and columns of the test's own. */
static inline struct sample *sample_create_of(struct slice catalog,
                                              const struct sample_column *columns, size_t count)
{
    struct sample *sample = calloc(1, sizeof(*sample));
    struct buffer problems;
    assert_non_null(sample);
    buffer_init(&problems);
    if (catalog_read(catalog, "the sample's", &sample->catalog, &problems) != RESULT_OK)
        fail_msg("%.*s", SLICE_ARGS(buffer_slice(&problems)));
    buffer_clear(&problems);
    assert_int_equal(model_build(sample->catalog, sample_schema(columns, count), &sample->model),
                     RESULT_OK);
    arena_init(&sample->arena);
    problem_init(&sample->problem, &sample->arena);
    sample->viewer.sees_all = true;
    return sample;
}

static inline struct sample *sample_create(void)
{
    return sample_create_of(catalog_default_text(), sample_columns, SAMPLE_LENGTH(sample_columns));
}

static inline void sample_destroy(struct sample *sample)
{
    arena_clear(&sample->arena);
    model_release(sample->model);
    catalog_destroy(sample->catalog);
    free(sample);
}

static inline int sample_setup(void **state)
{
    *state = sample_create();
    return 0;
}

static inline int sample_teardown(void **state)
{
    sample_destroy(*state);
    return 0;
}

/* Parses a chain given with slashes; earlier findings are forgotten. */
static inline enum result sample_parse(struct sample *sample, const char *path)
{
    problem_init(&sample->problem, &sample->arena);
    return chain_parse(sample->model, &sample->arena, slice_from(path), '/', &sample->chain,
                       &sample->problem);
}

/* A tree from JSON. */
static inline struct value *sample_value(struct sample *sample, const char *json)
{
    static const struct json_limits limits = {.depth = 8, .names = 1000, .bytes = 65536};
    struct json_fault fault;
    struct value *value = NULL;
    if (json_read(&sample->arena, slice_from(json), &limits, &value, &fault) != RESULT_OK)
        fail_msg("%s: %s", json, fault.reason);
    return value;
}

/* Chain and params to queries, with remote.max_limit 500 as it is by default. */
static inline enum result sample_compile(struct sample *sample, const char *path,
                                         const char *params)
{
    static const struct query_limits limits = {.max_limit = 500};
    if (sample_parse(sample, path) != RESULT_OK)
        fail_msg("%s is refused", path);
    return query_set_compile(sample->model, &sample->chain, sample_value(sample, params), NULL,
                             &limits, &sample->viewer, &sample->set, &sample->problem);
}

static inline const struct model_resource *sample_resource(const struct sample *sample,
                                                           const char *name)
{
    const struct model_resource *resource = model_resource_find(sample->model, slice_from(name));
    assert_non_null(resource);
    return resource;
}

static inline const struct model_column *sample_column_of(const struct sample *sample,
                                                          const char *resource, const char *name)
{
    const struct model_column *column =
        model_column_find(sample_resource(sample, resource), slice_from(name));
    assert_non_null(column);
    return column;
}

static inline void assert_slice(struct slice s, const char *expected)
{
    if (s.size != strlen(expected) || (s.size && memcmp(s.data, expected, s.size) != 0))
        fail_msg("\"%.*s\" is not \"%s\"", SLICE_ARGS(s), expected);
}

/* The problem: its status, and the first cause's code and field. */
static inline void assert_refused(const struct sample *sample, int status, const char *code,
                                  const char *field)
{
    assert_int_equal(sample->problem.status, status);
    assert_non_null(sample->problem.first);
    assert_slice(sample->problem.first->code, code);
    assert_slice(sample->problem.first->field, field);
}

#endif
