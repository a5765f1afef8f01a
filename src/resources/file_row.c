/* Reading rows for the sake of their bytes. */
#include "resources/file_row.h"

#include "resources/plan_text.h"

void file_columns_choose(struct file_columns *columns, const struct model_resource *resource,
                         struct slice path_template)
{
    *columns = (struct file_columns){.resource = resource, .path_template = path_template};
    download_columns_choose(&columns->download, resource, path_template);
    columns->names[columns->count++] = model_key(resource)->name;
    for (size_t i = 0; i < columns->download.count; i++)
        columns->names[columns->count++] = columns->download.names[i];
}

bool file_columns_have_sha256(const struct file_columns *columns)
{
    const struct slice sha256 = columns->resource->catalog->download.sha256;
    return sha256.size && schema_column_find(columns->resource->table, sha256) != NULL;
}

static void put_select(struct plan *plan, const struct file_columns *columns, const char *compare,
                       int64_t id)
{
    for (size_t i = 0; i < columns->count; i++) {
        plan_put(plan, i ? ", " : "SELECT ");
        plan_put_column(plan, "t", columns->names[i]);
    }
    plan_put(plan, " FROM ");
    plan_put_name(plan, columns->resource->catalog->table);
    plan_put(plan, " t WHERE ");
    plan_put_column(plan, "t", columns->names[0]);
    plan_put(plan, compare);
    plan_put_value(plan, database_integer(id));
}

/* LOCK IN SHARE MODE: MariaDB and all versions of MySQL know it, and it asks for no right but
 * SELECT. */
void plan_file_row(struct plan *plan, const struct file_columns *columns, int64_t id)
{
    put_select(plan, columns, " = ", id);
    plan_put(plan, " LOCK IN SHARE MODE");
    plan->has_failed = plan->has_failed || plan->text.has_failed;
}

void plan_file_page(struct plan *plan, const struct file_columns *columns, int64_t after,
                    size_t limit)
{
    put_select(plan, columns, " > ", after);
    plan_put(plan, " ORDER BY ");
    plan_put_column(plan, "t", columns->names[0]);
    plan_put(plan, " LIMIT ");
    plan_put_value(plan, database_integer((int64_t)limit));
    plan->has_failed = plan->has_failed || plan->text.has_failed;
}

void file_row_read(struct file_row *row, const struct file_columns *columns,
                   const struct database_cell *cells)
{
    const struct catalog_download *download = &columns->resource->catalog->download;
    const struct database_cell *rest = cells + 1;
    const struct database_cell *sha256 =
        download_cell_find(&columns->download, download->sha256, rest);
    const struct database_cell *size = download_cell_find(&columns->download, download->size, rest);
    *row = (struct file_row){.id = cells[0].integer};
    buffer_init(&row->path);
    download_path_print(&row->path, &columns->download, rest, columns->path_template);
    row->sha256 = sha256 && !sha256->is_null ? slice_trim(sha256->text) : slice_of("", 0);
    row->has_size = size && !size->is_null && size->integer >= 0;
    row->size = row->has_size ? (uint64_t)size->integer : 0;
    row->claim = download_claim_read(&columns->download, download, rest);
}
