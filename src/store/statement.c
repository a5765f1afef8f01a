/* Preparing, executing, fetching. */
#include "store/statement.h"

#include <errmsg.h>
#include <stdlib.h>
#include <string.h>

static void error_set_memory(struct database_error *error)
{
    database_error_set(error, CR_OUT_OF_MEMORY, "HY001", "out of memory");
}

static bool statement_prepare(struct statement *statement, MYSQL *mysql, struct slice text,
                              struct database_error *error)
{
    statement->mysql = mysql;
    statement->text = malloc(text.size + 1);
    statement->handle = mysql_stmt_init(mysql);
    if (!statement->text || !statement->handle) {
        error_set_memory(error);
        return false;
    }
    memcpy(statement->text, text.data, text.size);
    statement->text[text.size] = '\0';
    statement->text_size = text.size;
    if (mysql_stmt_prepare(statement->handle, statement->text, text.size) != 0) {
        database_error_from_statement(error, statement->handle, statement->mysql);
        return false;
    }
    statement->parameter_count = (unsigned)mysql_stmt_param_count(statement->handle);
    statement->parameters =
        calloc(statement->parameter_count ? statement->parameter_count : 1, sizeof(MYSQL_BIND));
    if (!statement->parameters)
        error_set_memory(error);
    return statement->parameters != NULL;
}

struct statement *statement_create(MYSQL *mysql, struct slice text, struct database_error *error)
{
    struct statement *statement = calloc(1, sizeof(*statement));
    if (!statement) {
        error_set_memory(error);
        return NULL;
    }
    if (statement_prepare(statement, mysql, text, error))
        return statement;
    statement_destroy(statement);
    return NULL;
}

static void columns_free(struct statement *statement)
{
    for (unsigned i = 0; i < statement->column_count; i++)
        statement_column_clear(&statement->columns[i]);
    free(statement->columns);
    free(statement->cells);
    free(statement->binds);
    statement->columns = NULL;
    statement->cells = NULL;
    statement->binds = NULL;
    statement->column_count = 0;
}

void statement_destroy(struct statement *statement)
{
    if (!statement)
        return;
    if (statement->handle)
        mysql_stmt_close(statement->handle);
    columns_free(statement);
    free(statement->parameters);
    free(statement->text);
    free(statement);
}

static void parameter_bind(MYSQL_BIND *bind, const struct database_value *value)
{
    *bind = (MYSQL_BIND){.buffer_type = MYSQL_TYPE_NULL};
    switch (value->type) {
    case DATABASE_NULL:
        break;
    case DATABASE_INTEGER:
        bind->buffer_type = MYSQL_TYPE_LONGLONG;
        bind->buffer = (void *)&value->integer;
        break;
    case DATABASE_UNSIGNED:
        bind->buffer_type = MYSQL_TYPE_LONGLONG;
        bind->buffer = (void *)&value->natural;
        bind->is_unsigned = 1;
        break;
    case DATABASE_TEXT:
        bind->buffer_type = MYSQL_TYPE_STRING;
        bind->buffer = (void *)(value->text.data ? value->text.data : "");
        bind->buffer_length = value->text.size;
        break;
    }
}

static bool parameters_bind(struct statement *statement, const struct database_value *values)
{
    if (statement->parameter_count == 0)
        return true;
    for (unsigned i = 0; i < statement->parameter_count; i++)
        parameter_bind(&statement->parameters[i], &values[i]);
    return mysql_stmt_bind_param(statement->handle, statement->parameters) == 0;
}

static bool columns_fit(const struct statement *statement, const MYSQL_FIELD *fields,
                        unsigned count)
{
    if (statement->column_count != count)
        return false;
    for (unsigned i = 0; i < count; i++)
        if (!statement_column_fits(&statement->columns[i], &fields[i]))
            return false;
    return true;
}

static bool columns_make(struct statement *statement, const MYSQL_FIELD *fields, unsigned count)
{
    columns_free(statement);
    statement->columns = calloc(count, sizeof(*statement->columns));
    statement->cells = calloc(count, sizeof(*statement->cells));
    statement->binds = calloc(count, sizeof(*statement->binds));
    if (!statement->columns || !statement->cells || !statement->binds)
        return false;
    statement->column_count = count;
    for (unsigned i = 0; i < count; i++)
        if (!statement_column_init(&statement->columns[i], &fields[i]))
            return false;
    return true;
}

static bool columns_bind(struct statement *statement)
{
    statement->has_grown = false;
    for (unsigned i = 0; i < statement->column_count; i++)
        statement_column_bind(&statement->columns[i], &statement->binds[i]);
    return mysql_stmt_bind_result(statement->handle, statement->binds) == 0;
}

/* The server prepares a statement anew by itself when a table was altered, and the result then has
 * other columns than it had; looking costs no round trip. */
static bool result_bind(struct statement *statement, struct database_error *error)
{
    MYSQL_RES *metadata = mysql_stmt_result_metadata(statement->handle);
    if (!metadata) {
        columns_free(statement); /* no rows: not a SELECT */
        return mysql_stmt_errno(statement->handle) == 0;
    }
    unsigned count = mysql_num_fields(metadata);
    const MYSQL_FIELD *fields = mysql_fetch_fields(metadata);
    bool is_ready = columns_fit(statement, fields, count);
    if (!is_ready) {
        is_ready = columns_make(statement, fields, count) && columns_bind(statement);
        if (!is_ready) {
            columns_free(statement);
            error_set_memory(error);
        }
    }
    mysql_free_result(metadata);
    return is_ready;
}

bool statement_execute(struct statement *statement, const struct database_value *values,
                       size_t value_count, struct database_error *error)
{
    if (value_count != statement->parameter_count) {
        database_error_set(error, CR_PARAMS_NOT_BOUND, "HY000", "number of values does not fit");
        return false;
    }
    if (!parameters_bind(statement, values) || mysql_stmt_execute(statement->handle) != 0) {
        database_error_from_statement(error, statement->handle, statement->mysql);
        return false;
    }
    return result_bind(statement, error);
}

/* Values longer than their buffers so far: grow, and fetch those columns again. */
static bool short_columns_fetch(struct statement *statement)
{
    for (unsigned i = 0; i < statement->column_count; i++) {
        struct statement_column *column = &statement->columns[i];
        if (!statement_column_is_short(column))
            continue;
        if (!statement_column_grow(column))
            return false;
        statement->has_grown = true;
        statement_column_bind(column, &statement->binds[i]);
        if (mysql_stmt_fetch_column(statement->handle, &statement->binds[i], i, 0) != 0)
            return false;
    }
    return true;
}

enum result statement_fetch(struct statement *statement, struct database_error *error)
{
    if (statement->column_count == 0)
        return RESULT_NOT_FOUND;
    if (statement->has_grown && !columns_bind(statement)) {
        database_error_from_statement(error, statement->handle, statement->mysql);
        return RESULT_FAILED;
    }
    int code = mysql_stmt_fetch(statement->handle);
    if (code == MYSQL_NO_DATA)
        return RESULT_NOT_FOUND;
    if (code != 0 && code != MYSQL_DATA_TRUNCATED) {
        database_error_from_statement(error, statement->handle, statement->mysql);
        return RESULT_FAILED;
    }
    if (!short_columns_fetch(statement)) {
        error_set_memory(error);
        return RESULT_FAILED;
    }
    for (unsigned i = 0; i < statement->column_count; i++)
        statement_column_read(&statement->columns[i], &statement->cells[i]);
    return RESULT_OK;
}

bool statement_drain(struct statement *statement, size_t most_rows)
{
    if (statement->column_count == 0)
        return true;
    if (statement->has_grown && !columns_bind(statement))
        return false;
    for (size_t i = 0; i <= most_rows; i++) {
        int code = mysql_stmt_fetch(statement->handle);
        if (code == MYSQL_NO_DATA)
            return true;
        if (code != 0 && code != MYSQL_DATA_TRUNCATED)
            return false;
    }
    return false;
}
