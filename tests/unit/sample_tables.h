/*
 * Schemas made by hand, for the tests and the fuzz targets. For writing: tables that have what the
 * compiled-in catalog's rules speak of, and a small catalog whose timelogs say by parent_type what
 * parent_id names (data-model.md: "the catalog can say either, and both are tested").
 */
#ifndef PORTCULLIS_TESTS_SAMPLE_TABLES_H
#define PORTCULLIS_TESTS_SAMPLE_TABLES_H

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "whmcs/schema_type.h"

#define SAMPLE_PREFIX        "tbladdon_wbteampro_"
#define SAMPLE_LENGTH(array) (sizeof(array) / sizeof((array)[0]))

/* One learnt column; rows of one table stand together. A type of NULL: the table, no column. */
struct sample_column {
    const char *table;
    const char *name;
    const char *type; /* as information_schema says it; a final " null" makes it nullable */
};

/* Sets what schema_read would have learnt. type is borrowed. */
static inline void sample_learn(struct arena *arena, struct schema_column *column, const char *name,
                                const char *type)
{
    struct slice text = slice_from(type);
    struct slice ending = SLICE(" null");
    if (text.size > ending.size && slice_equal(slice_skip(text, text.size - ending.size), ending)) {
        column->is_nullable = true;
        text.size -= ending.size;
    }
    column->name = slice_from(name);
    column->type_text = text;
    column->takes_unicode = true;
    sscanf(type, "varchar(%" SCNu64 ")", &column->length);
    sscanf(type, "decimal(%u,%u)", &column->precision, &column->scale);
    if (!schema_type_parse(arena, column))
        abort();
}

/* A schema of those columns, for model_build to take over. */
static inline struct schema *sample_schema(const struct sample_column *columns, size_t count)
{
    struct schema *schema = calloc(1, sizeof(*schema));
    if (!schema)
        abort();
    arena_init(&schema->arena);
    schema->tables = arena_zalloc(&schema->arena, count * sizeof(*schema->tables));
    struct schema_table *table = NULL;
    for (size_t i = 0; i < count; i++) {
        if (!table || !slice_equal(table->name, slice_from(columns[i].table))) {
            table = &schema->tables[schema->table_count++];
            table->name = slice_from(columns[i].table);
            table->exists = true;
            table->columns = arena_zalloc(&schema->arena, count * sizeof(*table->columns));
        }
        if (!columns[i].type)
            continue;
        struct schema_column *column = &table->columns[table->column_count++];
        column->is_counted = table->column_count == 1; /* the key comes first */
        sample_learn(&schema->arena, column, columns[i].name, columns[i].type);
    }
    return schema;
}

static const struct sample_column writing_columns[] = {
    {SAMPLE_PREFIX "project", "project_id", "int(10)"},
    {SAMPLE_PREFIX "project", "project_name", "varchar(12)"},
    {SAMPLE_PREFIX "project", "project_function", "varchar(16)"},
    {SAMPLE_PREFIX "project", "project_complete", "int(10)"},
    {SAMPLE_PREFIX "project", "client_userid", "int(10)"},
    {SAMPLE_PREFIX "project", "budget", "decimal(10,2) null"},
    {SAMPLE_PREFIX "project", "big", "bigint(20) unsigned null"},
    {SAMPLE_PREFIX "project", "seal", "blob null"},
    {SAMPLE_PREFIX "project", "manager_adminid", "int(10)"},
    {SAMPLE_PREFIX "project", "assigned_adminid", "int(10)"},
    {SAMPLE_PREFIX "project", "owner_adminid", "int(10)"},
    {SAMPLE_PREFIX "project", "visible_status", "varchar(16)"},
    {SAMPLE_PREFIX "project", "date_start", "date null"},
    {SAMPLE_PREFIX "project", "date_created", "datetime"},
    {SAMPLE_PREFIX "project", "date_modified", "datetime"},
    {SAMPLE_PREFIX "project", "date_activity", "datetime"},
    {SAMPLE_PREFIX "action", "action_id", "int(10)"},
    {SAMPLE_PREFIX "action", "project_id", "int(10)"},
    {SAMPLE_PREFIX "action", "parent_action_id", "int(10)"},
    {SAMPLE_PREFIX "action", "level_children", "int(10)"},
    {SAMPLE_PREFIX "action", "action_name", "varchar(12)"},
    {SAMPLE_PREFIX "action", "action_priority", "int(10)"},
    {SAMPLE_PREFIX "action", "assigned_adminid", "int(10)"},
    {SAMPLE_PREFIX "action", "date_activity", "datetime"},
    {SAMPLE_PREFIX "topic", "topic_id", "int(10)"},
    {SAMPLE_PREFIX "topic", "thread_id", "int(10)"},
    {SAMPLE_PREFIX "topic", "project_id", "int(10)"},
    {SAMPLE_PREFIX "topic", "action_id", "int(10)"},
    {SAMPLE_PREFIX "topic", "topic_detail", "varchar(12)"},
    {SAMPLE_PREFIX "topic", "topic_status", "varchar(16)"},
    {SAMPLE_PREFIX "topic", "date_activity", "datetime"},
    {SAMPLE_PREFIX "file", "file_id", "int(10)"},
    {SAMPLE_PREFIX "file", "thread_id", "int(10)"},
    {SAMPLE_PREFIX "file", "project_id", "int(10)"},
    {SAMPLE_PREFIX "file", "action_id", "int(10)"},
    {SAMPLE_PREFIX "file", "file_version", "int(10)"},
    {SAMPLE_PREFIX "file", "file_name", "varchar(12)"},
    {SAMPLE_PREFIX "file", "file_path", "varchar(12)"},
    {"tbltickets", "id", "int(10)"},
    {"tbltickets", "merged_ticket_id", "int(10)"},
    {"tbltickets", "did", "int(10)"},
    {SAMPLE_PREFIX "ticketxref", "xref_id", "int(10)"},
    {SAMPLE_PREFIX "ticketxref", "ticket_id", "int(10)"},
    {SAMPLE_PREFIX "ticketxref", "project_id", "int(10)"},
    {SAMPLE_PREFIX "ticketxref", "action_id", "int(10)"},
    {SAMPLE_PREFIX "timelog", "timelog_id", "int(10)"},
    {SAMPLE_PREFIX "timelog", "project_id", "int(10)"},
    {SAMPLE_PREFIX "timelog", "action_id", "int(10)"},
    {SAMPLE_PREFIX "timelog", "ticket_id", "int(10)"},
    {SAMPLE_PREFIX "timelog", "timelog_note", "varchar(12)"},
    {SAMPLE_PREFIX "timelog", "invoice_id", "int(10)"},
    {"tbladmins", "id", "int(10)"},
    {"tblclients", "id", "int(10)"},
};

static const char either_catalog[] =
    "{\"resources\":{"
    "\"projects\":{\"singular\":\"project\",\"table\":\"p\",\"key\":\"project_id\","
    "\"methods\":[\"GET\",\"POST\",\"PUT\",\"DELETE\"],\"required\":[\"project_name\"],"
    "\"where\":{\"kind\":\"web\"},"
    "\"rules\":{\"dependants\":[\"actions\",\"timelogs\"],\"activity\":\"date_activity\"}},"
    "\"actions\":{\"singular\":\"action\",\"table\":\"a\",\"key\":\"action_id\","
    "\"methods\":[\"GET\",\"POST\",\"PUT\",\"DELETE\"],"
    "\"parents\":{\"projects\":{\"parameter\":\"project_id\",\"any\":[{\"column\":\"project_id\"}]}"
    "},"
    "\"rules\":{\"dependants\":[\"timelogs\"]}},"
    "\"timelogs\":{\"singular\":\"timelog\",\"table\":\"l\",\"key\":\"timelog_id\","
    "\"methods\":[\"GET\",\"POST\",\"PUT\",\"DELETE\"],"
    "\"parents\":{\"projects\":{\"parameter\":\"project_id\",\"any\":["
    "{\"column\":\"parent_id\",\"where\":{\"parent_type\":\"project\"}},"
    "{\"column\":\"parent_id\",\"where\":{\"parent_type\":\"action\"},"
    "\"through\":{\"resource\":\"actions\",\"key\":\"action_id\",\"column\":\"project_id\"}}]},"
    "\"actions\":{\"parameter\":\"action_id\",\"any\":["
    "{\"column\":\"parent_id\",\"where\":{\"parent_type\":\"action\"}}]}},"
    "\"rules\":{\"invoice\":\"invoice_id\"}}}}";

static const struct sample_column either_columns[] = {
    {"p", "project_id", "int(10)"},      {"p", "project_name", "varchar(12)"},
    {"p", "kind", "varchar(12)"},        {"p", "date_activity", "datetime"},
    {"a", "action_id", "int(10)"},       {"a", "project_id", "int(10)"},
    {"a", "action_name", "varchar(12)"}, {"l", "timelog_id", "int(10)"},
    {"l", "parent_type", "varchar(12)"}, {"l", "parent_id", "int(10)"},
    {"l", "note", "varchar(12)"},        {"l", "invoice_id", "int(10)"},
};

#endif
