/* The bytes of a file: where files.path says they lie, and opening them. Workers only. */
#ifndef PORTCULLIS_RESOURCES_DOWNLOAD_H
#define PORTCULLIS_RESOURCES_DOWNLOAD_H

#include "resources/execute.h"

enum { DOWNLOAD_MOST_COLUMNS = 17 };

/* The columns to be read: the file's name, type, hash and size, then those that the template names.
 */
struct download_columns {
    struct slice names[DOWNLOAD_MOST_COLUMNS];
    size_t count;
    bool is_of_path[DOWNLOAD_MOST_COLUMNS]; /* the template names it */
};

/* template: files.path. */
void download_columns_choose(struct download_columns *wanted, const struct model_resource *resource,
                             struct slice template);
/* Does the template name that column? */
bool download_path_names(const struct download_columns *wanted, struct slice column);
/* The cell of that column; NULL when it was not chosen. */
const struct database_cell *download_cell_find(const struct download_columns *wanted,
                                               struct slice name,
                                               const struct database_cell *cells);
/* The path of the row whose cells are those columns, relative to files.root; as the row says it. */
void download_path_print(struct buffer *path, const struct download_columns *wanted,
                         const struct database_cell *cells, struct slice template);

/* By a template that does without file_path, a record has a path before it has bytes, and another's
 * may lie there. What a row says is its own of what lies at its path: */
enum download_claim {
    DOWNLOAD_ALL,
    DOWNLOAD_EMPTY, /* an empty file alone: it says no bytes, and the table tells no hashes */
    DOWNLOAD_NONE,  /* it tells neither hash nor size */
};
enum download_claim download_claim_read(const struct download_columns *wanted,
                                        const struct catalog_download *download,
                                        const struct database_cell *cells);
static inline bool download_claims(enum download_claim claim, uint64_t size)
{
    return claim == DOWNLOAD_ALL || (claim == DOWNLOAD_EMPTY && size == 0);
}

/* Opens the bytes of the set's one record; *file is NULL or the caller's to release.
 * RESULT_NOT_FOUND with the problem set. */
enum result download_open(struct execute_context *context, const struct query_set *set,
                          struct shared_file **file, struct problem *problem);

#endif
