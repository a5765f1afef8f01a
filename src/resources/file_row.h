/* What rows say of their bytes: where they lie, their size and hash. For the keeper and `check
 * --files`, which ask of all rows, whoever may see them. */
#ifndef PORTCULLIS_RESOURCES_FILE_ROW_H
#define PORTCULLIS_RESOURCES_FILE_ROW_H

#include "resources/download.h"
#include "resources/plan.h"

enum { FILE_MOST_COLUMNS = DOWNLOAD_MOST_COLUMNS + 1 };

struct file_columns {
    const struct model_resource *resource; /* has_download */
    struct slice path_template;            /* files.path */
    struct download_columns download;
    struct slice names[FILE_MOST_COLUMNS]; /* the key, then those */
    size_t count;
};

struct file_row {
    int64_t id;
    struct buffer path; /* owned; empty: the row has no bytes */
    enum download_claim claim;
    struct slice sha256; /* borrowed from the cells; empty: not told */
    bool has_size;
    uint64_t size;
};

void file_columns_choose(struct file_columns *columns, const struct model_resource *resource,
                         struct slice path_template);
/* Whether rows could tell a hash at all. */
bool file_columns_have_sha256(const struct file_columns *columns);

/* One row, locked so that a commit under way is waited for; or the rows after that id, in its
 * order. */
void plan_file_row(struct plan *plan, const struct file_columns *columns, int64_t id);
void plan_file_page(struct plan *plan, const struct file_columns *columns, int64_t after,
                    size_t limit);

/* Of the cells of such a row. The path must be cleared whatever comes; path.has_failed: memory is
 * out. */
void file_row_read(struct file_row *row, const struct file_columns *columns,
                   const struct database_cell *cells);

#endif
