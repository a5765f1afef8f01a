/* Rows of files that get other links because what they hang on moves: their bytes stay. */
#include "resources/file_row.h"
#include "resources/write_parts.h"

/* The assigned columns that say where bytes lie. */
static size_t find_columns(const struct file_columns *columns, const struct plan_assign *assigns,
                           size_t count, const struct plan_assign **found)
{
    size_t found_count = 0;
    for (size_t i = 0; i < count && found_count < DOWNLOAD_MOST_COLUMNS; i++)
        if (download_path_names(&columns->download, assigns[i].column))
            found[found_count++] = &assigns[i];
    return found_count;
}

static bool is_other(const struct database_cell *cell, const struct database_value *value)
{
    if (!cell || cell->is_null)
        return cell != NULL;
    return value->type == DATABASE_TEXT ? !slice_equal(cell->text, value->text)
                                        : write_stored_id(cell) != value->integer;
}

static bool is_parted(const struct file_columns *columns, const struct database_cell *cells,
                      const struct plan_assign *const *assigns, size_t count, int64_t *id)
{
    struct file_row row;
    bool moves = false;
    file_row_read(&row, columns, cells);
    *id = row.id;
    for (size_t i = 0; i < count; i++)
        moves =
            moves || is_other(download_cell_find(&columns->download, assigns[i]->column, cells + 1),
                              &assigns[i]->value);
    bool has_path = row.path.size > 0 || row.path.has_failed;
    buffer_clear(&row.path);
    return moves && row.claim == DOWNLOAD_ALL && has_path;
}

enum result write_bytes_find_parted(struct writing *writing, const struct model_resource *resource,
                                    const struct plan_hanging *rows,
                                    const struct plan_assign *assigns, size_t count,
                                    struct write_parted *parted)
{
    const struct plan_assign *of_path[DOWNLOAD_MOST_COLUMNS];
    const struct database_cell *cells = NULL;
    struct file_columns columns;
    struct plan plan;
    int64_t id = 0;
    *parted = (struct write_parted){.id = 0};
    if (!resource->has_download || !writing->context->options->files_root[0])
        return RESULT_OK;
    file_columns_choose(&columns, resource, slice_from(writing->context->options->files_path));
    size_t found = find_columns(&columns, assigns, count, of_path);
    if (!found)
        return RESULT_OK;
    plan_init(&plan, writing->context->arena);
    plan_select_hanging(&plan, rows, NULL, columns.names, columns.count);
    enum result result = execute_begin(writing->context, &plan);
    plan_clear(&plan);
    while (result == RESULT_OK && !parted->id &&
           (result = database_next(writing->context->database, &cells)) == RESULT_OK)
        if (is_parted(&columns, cells, of_path, found, &id))
            *parted = (struct write_parted){id, of_path[0]->column};
    database_finish(writing->context->database);
    return result == RESULT_NOT_FOUND ? RESULT_OK : result;
}
