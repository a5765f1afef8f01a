/* The rows of files, page by page, each compared with its bytes. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/check_files_parts.h"
#include "store/blob.h"

enum { ROWS_A_PAGE = 500, DETAIL_BYTES = 160, ABOUT_BYTES = 128 };

/* --- reading rows --------------------------------------------------------------------------- */

static bool copy_row(struct check_row *row, const struct file_columns *columns,
                     const struct database_cell *cells, struct arena *arena)
{
    struct file_row read;
    file_row_read(&read, columns, cells);
    *row = (struct check_row){
        .id = read.id,
        .path = arena_copy(arena, buffer_slice(&read.path)),
        .sha256 = arena_copy(arena, read.sha256),
        .has_size = read.has_size,
        .size = read.size,
        .claim = read.claim,
    };
    bool is_whole = !read.path.has_failed && row->path.data && row->sha256.data;
    buffer_clear(&read.path);
    return is_whole;
}

static enum result query(struct file_check *check, struct plan *plan)
{
    enum result result = plan->has_failed
                             ? RESULT_NO_MEMORY
                             : database_query(check->database, buffer_slice(&plan->text),
                                              plan->values, plan->value_count);
    plan_clear(plan);
    return result;
}

/* *count rows of the page after that id. */
static enum result read_page(struct file_check *check, const struct file_columns *columns,
                             int64_t after, struct arena *arena, struct check_row *rows,
                             size_t *count)
{
    const struct database_cell *cells = NULL;
    struct plan plan;
    plan_init(&plan, arena);
    plan_file_page(&plan, columns, after, ROWS_A_PAGE);
    enum result result = query(check, &plan);
    *count = 0;
    while (result == RESULT_OK && *count < ROWS_A_PAGE &&
           (result = database_next(check->database, &cells)) == RESULT_OK)
        if (!copy_row(&rows[(*count)++], columns, cells, arena))
            result = RESULT_NO_MEMORY;
    database_finish(check->database);
    return result == RESULT_NOT_FOUND ? RESULT_OK : result;
}

static enum result each_of(struct file_check *check, const struct model_resource *resource,
                           check_row_step *step, void *context)
{
    struct check_row rows[ROWS_A_PAGE];
    struct file_columns columns;
    struct arena arena;
    enum result result = RESULT_OK;
    int64_t after = INT64_MIN;
    size_t count = ROWS_A_PAGE;
    file_columns_choose(&columns, resource, slice_from(check->files->path));
    while (result == RESULT_OK && count == ROWS_A_PAGE) {
        arena_init(&arena);
        result = read_page(check, &columns, after, &arena, rows, &count);
        for (size_t i = 0; result == RESULT_OK && i < count; i++)
            result = step(check, &columns, &rows[i], context);
        after = count ? rows[count - 1].id : after;
        arena_clear(&arena);
    }
    return result;
}

enum result check_each_row(struct file_check *check, check_row_step *step, void *context)
{
    enum result result = RESULT_OK;
    for (size_t i = 0; result == RESULT_OK && i < check->model->resource_count; i++)
        if (check->model->resources[i].has_download)
            result = each_of(check, &check->model->resources[i], step, context);
    return result;
}

/* --- looking at bytes ----------------------------------------------------------------------- */

static enum file_verdict compare_hash(const struct check_row *row, int descriptor, char *detail)
{
    char sha256[BLOB_SHA256];
    if (!row->sha256.size)
        return FILE_FINE;
    if (blob_hash(descriptor, sha256) != RESULT_OK) {
        snprintf(detail, DETAIL_BYTES, "%s", strerror(errno));
        return FILE_UNREADABLE;
    }
    if (slice_equal_nocase(row->sha256, slice_from(sha256)))
        return FILE_FINE;
    snprintf(detail, DETAIL_BYTES, "%s", sha256);
    return FILE_OTHER_HASH;
}

static enum file_verdict compare(const struct check_row *row, const struct blob *blob, char *detail)
{
    if (!row->has_size || row->size == blob->size)
        return compare_hash(row, blob->descriptor, detail);
    snprintf(detail, DETAIL_BYTES, "%llu bytes, the row says %llu", (unsigned long long)blob->size,
             (unsigned long long)row->size);
    return FILE_OTHER_SIZE;
}

static enum file_verdict look(struct file_check *check, const struct check_row *row, char *detail,
                              enum result *result)
{
    struct blob blob;
    struct stat status;
    detail[0] = '\0';
    if (!row->path.size)
        return FILE_WITHOUT;
    enum result opened = blob_open(check->files->root, row->path, &blob);
    if (opened == RESULT_NOT_FOUND && row->claim != DOWNLOAD_ALL)
        return FILE_WITHOUT;
    if (opened != RESULT_OK)
        return opened == RESULT_NOT_FOUND ? FILE_MISSING
               : opened == RESULT_DENIED  ? FILE_REFUSED
                                          : FILE_UNREADABLE;
    if (!download_claims(row->claim, blob.size)) {
        close(blob.descriptor);
        return FILE_WITHOUT; /* they are another record's */
    }
    if (fstat(blob.descriptor, &status) != 0 || !file_set_add(&check->seen, &status))
        *result = RESULT_NO_MEMORY;
    enum file_verdict verdict = compare(row, &blob, detail);
    close(blob.descriptor);
    return verdict;
}

static bool is_same(const struct check_row *a, const struct check_row *b)
{
    return slice_equal(a->path, b->path) && slice_equal(a->sha256, b->sha256) &&
           a->has_size == b->has_size && a->size == b->size;
}

/* The row as it is now; locked until then by who is changing it. */
static enum result read_again(struct file_check *check, const struct file_columns *columns,
                              int64_t id, struct arena *arena, struct check_row *row)
{
    const struct database_cell *cells = NULL;
    struct plan plan;
    plan_init(&plan, arena);
    plan_file_row(&plan, columns, id);
    enum result result = query(check, &plan);
    if (result == RESULT_OK)
        result = database_next(check->database, &cells);
    if (result == RESULT_OK && !copy_row(row, columns, cells, arena))
        result = RESULT_NO_MEMORY;
    database_finish(check->database);
    return result;
}

/* Somebody changes the row, and takes his time: it is not known what it says. */
static bool is_held(const struct file_check *check, enum result result)
{
    enum { LOCK_WAIT_TIMEOUT = 1205 };
    return result == RESULT_TIMEOUT ||
           (result == RESULT_UNAVAILABLE &&
            database_error_number(check->database) == LOCK_WAIT_TIMEOUT);
}

/* A fault counts if the row still says the same: a page is old when its last row's turn comes. */
static enum result tell_if_still(struct file_check *check, const struct file_columns *columns,
                                 const struct check_row *row, enum file_verdict verdict,
                                 char *detail)
{
    char about[ABOUT_BYTES];
    struct check_row now;
    struct arena arena;
    arena_init(&arena);
    enum result result = read_again(check, columns, row->id, &arena, &now);
    if (is_held(check, result)) {
        check->counts[FILE_PENDING]++;
        arena_clear(&arena);
        return RESULT_OK;
    }
    if (result == RESULT_OK && !is_same(row, &now))
        verdict = look(check, &now, detail, &result);
    snprintf(about, sizeof(about), "%.*s %lld", SLICE_ARGS(columns->resource->name),
             (long long)row->id);
    if (result == RESULT_OK)
        check_files_tell(check, verdict, about, now.path, detail);
    arena_clear(&arena);
    return result == RESULT_NOT_FOUND ? RESULT_OK : result;
}

static enum result check_row(struct file_check *check, const struct file_columns *columns,
                             const struct check_row *row, void *context)
{
    char detail[DETAIL_BYTES];
    enum result result = RESULT_OK;
    (void)context;
    enum file_verdict verdict = look(check, row, detail, &result);
    if (result == RESULT_OK && verdict >= FILE_MISSING)
        return tell_if_still(check, columns, row, verdict, detail);
    check->counts[verdict]++;
    return result;
}

enum result check_rows(struct file_check *check)
{
    return check_each_row(check, check_row, NULL);
}
