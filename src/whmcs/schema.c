/* Reading information_schema, and the words of its COLUMN_TYPE. */
#include "whmcs/schema.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/utf8.h"
#include "observe/log.h"
#include "observe/metrics.h"
#include "whmcs/schema_type.h"

enum {
    COLUMN_TABLE,
    COLUMN_NAME,
    COLUMN_TYPE,
    COLUMN_NULLABLE,
    COLUMN_HAS_DEFAULT,
    COLUMN_IS_COUNTED,
    COLUMN_IS_COMPUTED,
    COLUMN_CHARSET,
    COLUMN_LENGTH,
    COLUMN_PRECISION,
    COLUMN_SCALE,
};

/* The default itself is of no interest, only whether an insert may leave the column out. (MySQL
 * says DEFAULT_GENERATED of a default that is an expression, VIRTUAL or STORED GENERATED of a
 * column.) */
static const char columns_sql[] =
    "SELECT TABLE_NAME,COLUMN_NAME,COLUMN_TYPE,IS_NULLABLE='YES',"
    "COLUMN_DEFAULT IS NOT NULL OR IS_NULLABLE='YES' OR EXTRA LIKE '%auto_increment%' "
    "OR EXTRA LIKE '%GENERATED%',"
    "EXTRA LIKE '%auto_increment%',EXTRA LIKE '% GENERATED%',"
    "CHARACTER_SET_NAME,CHARACTER_MAXIMUM_LENGTH,NUMERIC_PRECISION,NUMERIC_SCALE "
    "FROM information_schema.COLUMNS WHERE TABLE_SCHEMA=DATABASE() AND TABLE_NAME IN (";

static enum result version_read(struct database *database, struct schema *schema)
{
    enum result result = database_query(database, SLICE("SELECT VERSION()"), NULL, 0);
    const struct database_cell *cells;
    if (result == RESULT_OK)
        result = database_next(database, &cells);
    if (result != RESULT_OK)
        return result;
    schema->server_version = arena_copy(&schema->arena, cells[0].text);
    database_finish(database);
    if (!schema->server_version.data)
        return RESULT_NO_MEMORY;
    schema->is_mariadb = strcasestr(schema->server_version.data, "mariadb") != NULL;
    return RESULT_OK;
}

static bool tables_make(struct schema *schema, const struct slice *names, size_t name_count)
{
    schema->tables = arena_zalloc(&schema->arena, (name_count + 1) * sizeof(*schema->tables));
    if (!schema->tables)
        return false;
    schema->table_count = name_count;
    for (size_t i = 0; i < name_count; i++) {
        schema->tables[i].name = arena_copy(&schema->arena, names[i]);
        if (!schema->tables[i].name.data)
            return false;
    }
    return true;
}

const struct schema_table *schema_table_find(const struct schema *schema, struct slice name)
{
    for (size_t i = 0; i < schema->table_count; i++)
        if (slice_equal(schema->tables[i].name, name))
            return &schema->tables[i];
    return NULL;
}

const struct schema_column *schema_column_find(const struct schema_table *table, struct slice name)
{
    for (size_t i = 0; i < table->column_count; i++)
        if (slice_equal(table->columns[i].name, name))
            return &table->columns[i];
    return NULL;
}

bool schema_column_has_characters(const struct schema_column *column, struct slice text)
{
    if (column->takes_four_bytes || !column->takes_unicode)
        return true;
    for (size_t i = 0; i < text.size; i++)
        if ((unsigned char)text.data[i] >= 0xF0)
            return false;
    return true;
}

/* CHAR and VARCHAR are bounded in characters, the TEXT types in bytes: of their own character set,
 * which where it is none of Unicode's is mostly one of single bytes. */
bool schema_column_counts_characters(const struct schema_column *column)
{
    return slice_starts_with(column->type_text, SLICE("varchar")) ||
           slice_starts_with(column->type_text, SLICE("char")) || !column->takes_unicode;
}

enum schema_fit schema_column_fits_text(const struct schema_column *column, struct slice text)
{
    size_t size = schema_column_counts_characters(column) ? utf8_count(text) : text.size;
    if (!schema_column_has_characters(column, text))
        return SCHEMA_LACKS_CHARACTERS;
    return column->length && size > column->length ? SCHEMA_TOO_LONG : SCHEMA_FITS;
}

static uint64_t cell_number(const struct database_cell *cell)
{
    uint64_t number = 0;
    if (!cell->is_null)
        slice_to_u64(cell->text, &number);
    return number;
}

static bool column_read(struct arena *arena, const struct database_cell *cells,
                        struct schema_column *column)
{
    *column = (struct schema_column){
        .name = arena_copy(arena, cells[COLUMN_NAME].text),
        .type_text = arena_copy(arena, cells[COLUMN_TYPE].text),
        .is_nullable = cells[COLUMN_NULLABLE].integer != 0,
        .has_default = cells[COLUMN_HAS_DEFAULT].integer != 0,
        .is_counted = cells[COLUMN_IS_COUNTED].integer != 0,
        .is_computed = cells[COLUMN_IS_COMPUTED].integer != 0,
        .takes_four_bytes = slice_equal(cells[COLUMN_CHARSET].text, SLICE("utf8mb4")),
        .takes_unicode = slice_starts_with(cells[COLUMN_CHARSET].text, SLICE("utf8")),
        .length = cell_number(&cells[COLUMN_LENGTH]),
        .precision = (unsigned)cell_number(&cells[COLUMN_PRECISION]),
        .scale = (unsigned)cell_number(&cells[COLUMN_SCALE]),
    };
    return column->name.data && column->type_text.data && schema_type_parse(arena, column);
}

/* Columns of one table follow each other; room doubles as they come. The arena keeps what was
 * outgrown: at most as much again. */
static bool column_add(struct arena *arena, struct schema_table *table,
                       const struct database_cell *cells)
{
    size_t count = table->column_count;
    bool is_full = (count & (count - 1)) == 0; /* 0, 1, 2, 4, 8, … */
    if (is_full) {
        size_t room = count ? count * 2 : 1;
        struct schema_column *columns = arena_alloc(arena, room * sizeof(*columns));
        if (!columns)
            return false;
        if (count)
            memcpy(columns, table->columns, count * sizeof(*columns));
        table->columns = columns;
    }
    table->exists = true;
    if (!column_read(arena, cells, &table->columns[count]))
        return false;
    table->column_count++;
    return true;
}

static struct schema_table *table_for(struct schema *schema, struct slice name)
{
    for (size_t i = 0; i < schema->table_count; i++)
        if (slice_equal(schema->tables[i].name, name))
            return &schema->tables[i];
    /* Where table names are kept in lower case (lower_case_table_names), the server says so. */
    for (size_t i = 0; i < schema->table_count; i++)
        if (slice_equal_nocase(schema->tables[i].name, name))
            return &schema->tables[i];
    return NULL;
}

static enum result rows_read(struct database *database, struct schema *schema)
{
    const struct database_cell *cells;
    enum result result;
    while ((result = database_next(database, &cells)) == RESULT_OK) {
        struct schema_table *table = table_for(schema, cells[COLUMN_TABLE].text);
        if (table && !column_add(&schema->arena, table, cells)) {
            database_finish(database);
            return RESULT_NO_MEMORY;
        }
    }
    return result == RESULT_NOT_FOUND ? RESULT_OK : result;
}

static enum result columns_query(struct database *database, const struct slice *names,
                                 size_t name_count)
{
    struct buffer sql;
    buffer_init(&sql);
    buffer_append(&sql, columns_sql, sizeof(columns_sql) - 1);
    for (size_t i = 0; i < name_count; i++)
        buffer_append_slice(&sql, i ? SLICE(",?") : SLICE("?"));
    buffer_append_slice(&sql, SLICE(") ORDER BY TABLE_NAME,ORDINAL_POSITION"));
    struct database_value *values = calloc(name_count, sizeof(*values));
    enum result result = RESULT_NO_MEMORY;
    if (values && !sql.has_failed) {
        for (size_t i = 0; i < name_count; i++)
            values[i] = database_text(names[i]);
        result = database_query(database, buffer_slice(&sql), values, name_count);
    }
    free(values);
    buffer_clear(&sql);
    return result;
}

enum result schema_read(struct database *database, const struct slice *names, size_t name_count,
                        struct schema **schema)
{
    *schema = NULL;
    struct schema *made = calloc(1, sizeof(*made));
    if (!made)
        return RESULT_NO_MEMORY;
    arena_init(&made->arena);
    metric_increment(METRIC_SCHEMA_READS);
    enum result result = tables_make(made, names, name_count) ? RESULT_OK : RESULT_NO_MEMORY;
    if (result == RESULT_OK)
        result = version_read(database, made);
    if (result == RESULT_OK && name_count)
        result = columns_query(database, names, name_count);
    if (result == RESULT_OK && name_count)
        result = rows_read(database, made);
    if (result == RESULT_OK)
        *schema = made;
    else
        schema_destroy(made);
    return result;
}

void schema_destroy(struct schema *schema)
{
    if (!schema)
        return;
    arena_clear(&schema->arena);
    free(schema);
}
