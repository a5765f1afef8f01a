/* The path is the template files.path, filled in with the record's columns. */
#include "resources/download.h"

#include "resources/plan.h"
#include "store/blob.h"

enum { MOST_COLUMNS = 16 };

/* The columns that are read: the file's name, type and hash, then those that the template names. */
struct wanted {
    struct slice names[MOST_COLUMNS];
    size_t count;
};

static const struct database_cell *find_cell(const struct wanted *wanted, struct slice name,
                                             const struct database_cell *cells)
{
    for (size_t i = 0; i < wanted->count; i++)
        if (slice_equal(wanted->names[i], name))
            return &cells[i];
    return NULL;
}

static void want(struct wanted *wanted, const struct schema_table *table, struct slice name)
{
    if (find_cell(wanted, name, (const struct database_cell[MOST_COLUMNS]){0}) ||
        !schema_column_find(table, name) || wanted->count == MOST_COLUMNS)
        return;
    wanted->names[wanted->count++] = name;
}

/* Cuts the next piece off a template: text, or the name between braces. */
static bool next_piece(struct slice *rest, struct slice *piece, bool *is_name)
{
    if (!rest->size)
        return false;
    size_t open = slice_find(*rest, '{');
    size_t close = slice_find(*rest, '}');
    *is_name = open == 0 && close < rest->size;
    if (*is_name) {
        *piece = slice_of(rest->data + 1, close - 1);
        *rest = slice_skip(*rest, close + 1);
        return true;
    }
    size_t size = open ? open : rest->size;
    *piece = slice_of(rest->data, size);
    *rest = slice_skip(*rest, size);
    return true;
}

static void want_all(struct wanted *wanted, const struct schema_table *table,
                     const struct catalog_download *download, struct slice template)
{
    struct slice piece;
    bool is_name = false;
    want(wanted, table, download->name);
    want(wanted, table, download->type);
    want(wanted, table, download->sha256);
    while (next_piece(&template, &piece, &is_name))
        if (is_name)
            want(wanted, table, piece);
}

static void fill_in(struct buffer *path, const struct wanted *wanted,
                    const struct database_cell *cells, struct slice template)
{
    struct slice piece;
    bool is_name = false;
    while (next_piece(&template, &piece, &is_name)) {
        const struct database_cell *cell = is_name ? find_cell(wanted, piece, cells) : NULL;
        if (!is_name)
            buffer_append_slice(path, piece);
        else if (cell && !cell->is_null)
            buffer_append_slice(path, cell->text);
    }
}

static struct slice keep(struct arena *arena, const struct database_cell *cell)
{
    return cell && !cell->is_null ? arena_copy(arena, cell->text) : slice_of("", 0);
}

static void take_row(struct execute_context *context, const struct query *query,
                     const struct wanted *wanted, const struct database_cell *cells,
                     struct execute_file *file, struct buffer *path)
{
    const struct catalog_download *download = &query->resource->catalog->download;
    file->name = keep(context->arena, find_cell(wanted, download->name, cells));
    file->type = keep(context->arena, find_cell(wanted, download->type, cells));
    file->sha256 = keep(context->arena, find_cell(wanted, download->sha256, cells));
    fill_in(path, wanted, cells, slice_from(context->options->files_path));
}

static enum result read_row(struct execute_context *context, const struct query *query,
                            const struct schema_table *table, struct execute_file *file,
                            struct buffer *path)
{
    const struct database_cell *cells = NULL;
    struct wanted wanted = {.count = 0};
    struct plan plan;
    want_all(&wanted, table, &query->resource->catalog->download,
             slice_from(context->options->files_path));
    plan_init(&plan, context->arena);
    plan_columns(&plan, query, wanted.names, wanted.count);
    enum result result = plan.has_failed
                             ? RESULT_NO_MEMORY
                             : database_query(context->database, buffer_slice(&plan.text),
                                              plan.values, plan.value_count);
    if (result == RESULT_OK)
        result = database_next(context->database, &cells);
    if (result == RESULT_OK) {
        take_row(context, query, &wanted, cells, file, path);
        database_finish(context->database);
    }
    plan_clear(&plan);
    return result;
}

enum result download_open(struct execute_context *context, const struct query_set *set,
                          struct execute_file *file, struct problem *problem)
{
    const struct query *query = &set->queries[0];
    const struct schema_table *table =
        schema_table_find(set->model->schema, query->resource->catalog->table);
    struct blob blob = {.descriptor = -1};
    struct buffer path;
    buffer_init(&path);
    enum result result = read_row(context, query, table, file, &path);
    if (result == RESULT_OK)
        result = path.has_failed
                     ? RESULT_NO_MEMORY
                     : blob_open(context->options->files_root, buffer_slice(&path), &blob);
    buffer_clear(&path);
    if (result == RESULT_NOT_FOUND || result == RESULT_DENIED) {
        problem_set(problem, 404, SLICE("Record Not Found"));
        problem_add(problem, SLICE("record_not_found"), model_key(query->resource)->name,
                    "there is no such file here, or its bytes are missing");
        return RESULT_NOT_FOUND;
    }
    file->is_open = result == RESULT_OK;
    file->descriptor = blob.descriptor;
    file->size = blob.size;
    file->modified_s = blob.modified_s;
    return result;
}
