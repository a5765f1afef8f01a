#include "abuse/abuse_map_sql.h"

/* Names hold no back-tick: the catalog's reader sees to it, and a learnt one is doubled. */
static void append_name(struct buffer *sql, struct slice name)
{
    buffer_append_char(sql, '`');
    for (size_t i = 0; i < name.size; i++) {
        buffer_append_char(sql, name.data[i]);
        if (name.data[i] == '`')
            buffer_append_char(sql, '`');
    }
    buffer_append_char(sql, '`');
}

/* What a column takes that must have a value, and for which there is none. */
static struct slice empty_of(const struct schema_column *column)
{
    static const struct slice empties[] = {
        [SCHEMA_INTEGER] = SLICE("0"),         [SCHEMA_DECIMAL] = SLICE("0"),
        [SCHEMA_FLOAT] = SLICE("0"),           [SCHEMA_TEXT] = SLICE("''"),
        [SCHEMA_DATE] = SLICE("'0000-00-00'"), [SCHEMA_DATETIME] = SLICE("'0000-00-00 00:00:00'"),
        [SCHEMA_TIME] = SLICE("'00:00:00'"),   [SCHEMA_BINARY] = SLICE("''"),
    };
    /* The first of an enum's words, by its number. */
    return column->type == SCHEMA_ENUM ? SLICE("1") : empties[column->type];
}

/* How the column is written; empty: it is left out. */
static struct slice expression_of(const struct abuse_map *map, enum abuse_column column,
                                  bool is_timed)
{
    const struct schema_column *learnt = map->columns[column];
    if (!learnt || column == ABUSE_SUSPENDED_AT)
        return SLICE("");
    if (column == ABUSE_DATE_CREATED)
        return SLICE("NOW()");
    if (column != ABUSE_SUSPEND_AT)
        return SLICE("?");
    if (is_timed)
        return SLICE("NOW()+INTERVAL ? MINUTE");
    return learnt->is_nullable ? SLICE("NULL") : empty_of(learnt);
}

static bool is_written(const struct abuse_map *map, const struct schema_column *column)
{
    for (size_t i = 0; i < ABUSE_COLUMNS; i++)
        if (map->columns[i] == column && i != ABUSE_SUSPENDED_AT)
            return true;
    return false;
}

struct insert {
    struct buffer names;
    struct buffer values;
};

static void insert_add(struct insert *insert, struct slice name, struct slice expression)
{
    buffer_append_slice(&insert->names, insert->names.size ? SLICE(",") : SLICE(""));
    buffer_append_slice(&insert->values, insert->values.size ? SLICE(",") : SLICE(""));
    append_name(&insert->names, name);
    buffer_append_slice(&insert->values, expression);
}

/* What the catalog does not know and must have a value. */
static void insert_add_unknown(const struct abuse_map *map, struct insert *insert)
{
    const struct schema_table *table = schema_table_find(map->schema, map->catalog->table);
    for (size_t i = 0; i < table->column_count; i++) {
        const struct schema_column *column = &table->columns[i];
        if (!column->has_default && !column->is_nullable && !column->is_counted &&
            !column->is_computed && !is_written(map, column))
            insert_add(insert, column->name, empty_of(column));
    }
}

static struct slice insert_sql(struct abuse_map *map, bool is_timed)
{
    struct insert insert;
    struct buffer sql;
    struct slice text = slice_of(NULL, 0);
    buffer_init(&insert.names);
    buffer_init(&insert.values);
    buffer_init(&sql);
    for (size_t i = 0; i < ABUSE_COLUMNS; i++) {
        struct slice expression = expression_of(map, (enum abuse_column)i, is_timed);
        if (expression.size)
            insert_add(&insert, map->columns[i]->name, expression);
    }
    insert_add_unknown(map, &insert);
    buffer_append_slice(&sql, SLICE("INSERT INTO "));
    append_name(&sql, map->catalog->table);
    buffer_printf(&sql, " (%.*s) VALUES (%.*s)", SLICE_ARGS(buffer_slice(&insert.names)),
                  SLICE_ARGS(buffer_slice(&insert.values)));
    if (!sql.has_failed && !insert.names.has_failed && !insert.values.has_failed)
        text = arena_copy(&map->arena, buffer_slice(&sql));
    buffer_clear(&insert.names);
    buffer_clear(&insert.values);
    buffer_clear(&sql);
    return text;
}

/* Byte by byte, whatever the column's collation says: what differs is not taken for the same. */
static void append_equal(struct buffer *sql, struct slice name)
{
    buffer_append_slice(sql, SLICE(" AND CONVERT("));
    append_name(sql, name);
    buffer_append_slice(sql, SLICE(" USING utf8mb4) COLLATE utf8mb4_bin=?"));
}

static struct slice duplicate_sql(struct abuse_map *map)
{
    struct buffer sql;
    buffer_init(&sql);
    buffer_append_slice(&sql, SLICE("SELECT "));
    append_name(&sql, map->catalog->key);
    buffer_append_slice(&sql, SLICE(" FROM "));
    append_name(&sql, map->catalog->table);
    buffer_append_slice(&sql, SLICE(" WHERE "));
    append_name(&sql, map->columns[ABUSE_SERVICE_ID]->name);
    buffer_append_slice(&sql, SLICE("=?"));
    append_equal(&sql, map->columns[ABUSE_CATEGORY]->name);
    if (map->columns[ABUSE_SERVICE_IP])
        append_equal(&sql, map->columns[ABUSE_SERVICE_IP]->name);
    buffer_append_slice(&sql, SLICE(" AND "));
    append_name(&sql, map->columns[ABUSE_DATE_CREATED]->name);
    buffer_append_slice(&sql, SLICE(">NOW()-INTERVAL ? SECOND ORDER BY "));
    append_name(&sql, map->catalog->key);
    buffer_append_slice(&sql, SLICE(" LIMIT 1"));
    struct slice text =
        sql.has_failed ? slice_of(NULL, 0) : arena_copy(&map->arena, buffer_slice(&sql));
    buffer_clear(&sql);
    return text;
}

bool abuse_map_sql(struct abuse_map *map)
{
    map->insert_sql = insert_sql(map, false);
    map->insert_timed_sql = insert_sql(map, true);
    map->duplicate_sql = duplicate_sql(map);
    return map->insert_sql.data && map->insert_timed_sql.data && map->duplicate_sql.data;
}
