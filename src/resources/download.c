/* The path is the template files.path, filled in with the record's columns. */
#include "resources/download.h"

#include "resources/plan.h"
#include "store/blob.h"

const struct database_cell *download_cell_find(const struct download_columns *wanted,
                                               struct slice name, const struct database_cell *cells)
{
    for (size_t i = 0; i < wanted->count; i++)
        if (slice_equal(wanted->names[i], name))
            return &cells[i];
    return NULL;
}

bool download_path_names(const struct download_columns *wanted, struct slice column)
{
    for (size_t i = 0; i < wanted->count; i++)
        if (wanted->is_of_path[i] && slice_equal(wanted->names[i], column))
            return true;
    return false;
}

static void want(struct download_columns *wanted, const struct schema_table *table,
                 struct slice name)
{
    if (download_cell_find(wanted, name, (const struct database_cell[DOWNLOAD_MOST_COLUMNS]){0}) ||
        !schema_column_find(table, name) || wanted->count == DOWNLOAD_MOST_COLUMNS)
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

void download_columns_choose(struct download_columns *wanted, const struct model_resource *resource,
                             struct slice template)
{
    const struct catalog_download *download = &resource->catalog->download;
    struct slice piece;
    bool is_name = false;
    *wanted = (struct download_columns){.count = 0};
    want(wanted, resource->table, download->name);
    want(wanted, resource->table, download->type);
    want(wanted, resource->table, download->sha256);
    while (next_piece(&template, &piece, &is_name)) {
        if (is_name)
            want(wanted, resource->table, piece);
        for (size_t i = 0; is_name && i < wanted->count; i++)
            wanted->is_of_path[i] = wanted->is_of_path[i] || slice_equal(wanted->names[i], piece);
    }
}

void download_path_print(struct buffer *path, const struct download_columns *wanted,
                         const struct database_cell *cells, struct slice template)
{
    struct slice piece;
    bool is_name = false;
    while (next_piece(&template, &piece, &is_name)) {
        const struct database_cell *cell =
            is_name ? download_cell_find(wanted, piece, cells) : NULL;
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
                     const struct download_columns *wanted, const struct database_cell *cells,
                     struct execute_file *file, struct buffer *path)
{
    const struct catalog_download *download = &query->resource->catalog->download;
    file->name = keep(context->arena, download_cell_find(wanted, download->name, cells));
    file->type = keep(context->arena, download_cell_find(wanted, download->type, cells));
    file->sha256 = keep(context->arena, download_cell_find(wanted, download->sha256, cells));
    download_path_print(path, wanted, cells, slice_from(context->options->files_path));
}

static enum result read_row(struct execute_context *context, const struct query *query,
                            struct execute_file *file, struct buffer *path)
{
    const struct database_cell *cells = NULL;
    struct download_columns wanted;
    struct plan plan;
    download_columns_choose(&wanted, query->resource, slice_from(context->options->files_path));
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
    struct blob blob = {.descriptor = -1};
    struct buffer path;
    buffer_init(&path);
    enum result result = read_row(context, query, file, &path);
    if (result == RESULT_DENIED)
        result = RESULT_FAILED; /* the table's, not the file's */
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
