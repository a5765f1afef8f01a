/*
 * The bytes of files within a write: put where the record says just before its commit, and of
 * records that go, or get others, removed after it. Whatever the transaction comes to, the disk is
 * brought to the same end; what cannot be known, the keeper finds out (store/blob_store.h).
 */
#include <unistd.h>

#include "observe/log.h"
#include "observe/metrics.h"
#include "resources/file_row.h"
#include "resources/shared_file_cache.h"
#include "resources/stored_value.h"
#include "resources/write_parts.h"
#include "store/blob.h"

enum { DISK_FULL = 507 };

void write_explain_disk(enum result result, struct problem *problem)
{
    if (result == RESULT_LIMIT) {
        problem_set(problem, DISK_FULL, SLICE("Insufficient Storage"));
        problem_add(problem, SLICE("disk_full"), slice_of("", 0),
                    "there is no room for the file; nothing was stored");
        metric_increment(METRIC_LIMIT_DISK);
    }
    if (result == RESULT_UNAVAILABLE)
        execute_explain_files(problem);
    execute_explain(result, problem);
}

static const struct blob_new *given(const struct writing *writing)
{
    return write_has_bytes(writing->write) ? *writing->request->bytes : NULL;
}

/* A path as long as any: nobody is shown it. */
static void describe_trial(const struct write_trial *trial, struct write_bytes *bytes)
{
    enum { PATH_BYTES = 38 };
    bytes->path = slice_of(trial->sha256, PATH_BYTES);
    bytes->sha256 = slice_from(trial->sha256);
    bytes->size = trial->size;
}

bool write_bytes_describe(const struct writing *writing, struct write_bytes *bytes)
{
    const struct blob_new *blob = given(writing);
    if (!blob && !writing->request->trial)
        return false;
    if (blob)
        *bytes = (struct write_bytes){.path = blob_new_path(blob),
                                      .sha256 = slice_from(blob_new_sha256(blob)),
                                      .size = blob_new_size(blob)};
    else
        describe_trial(writing->request->trial, bytes);
    return true;
}

static struct slice template_of(const struct writing *writing)
{
    return slice_from(writing->context->options->files_path);
}

static bool is_changed(const struct writing *writing, const struct write_value *value)
{
    const struct database_cell *cell =
        &writing->stored[value->column - writing->write->resource->columns];
    return !value->must_equal && !stored_value_equals(value->column, &value->value, cell);
}

static void refuse_move(struct writing *writing, struct slice column)
{
    query_refuse_value(writing->problem, column,
                       SLICE("what is stored, since the file's bytes lie where it says "
                             "(files.path); another one together with the bytes"));
}

/* A row without them must tell so, else what others put at its path counts as its own. */
static void check_none(struct writing *writing, const struct download_columns *columns)
{
    const struct model_resource *resource = writing->write->resource;
    const struct catalog_download *download = &resource->catalog->download;
    if (!download_path_names(columns, download->path) &&
        !schema_column_find(resource->table, download->size))
        query_refuse_value(writing->problem, SLICE("file_content"),
                           SLICE("bytes along with the record, since the table has no column of "
                                 "their size that could say that it has none (files.path)"));
}

void write_bytes_check(struct writing *writing)
{
    const struct write *write = writing->write;
    struct download_columns columns;
    bool has_path = write->resource->has_download && writing->context->options->files_root[0];
    if (!has_path || write->kind == WRITE_DELETE || write_has_bytes(write))
        return;
    download_columns_choose(&columns, write->resource, template_of(writing));
    if (write->kind == WRITE_CREATE) {
        check_none(writing, &columns);
        return;
    }
    for (size_t i = 0; i < write->items[0].count; i++) {
        const struct write_value *value = &write->items[0].values[i];
        if (download_path_names(&columns, value->column->name) && is_changed(writing, value))
            refuse_move(writing, value->column->name);
    }
    for (size_t r = 0; r < write->resource->reference_count; r++) {
        struct slice column = write->resource->references[r].column;
        if (writing->rows[0].is_filled[r] && download_path_names(&columns, column) &&
            !problem_names(writing->problem, column))
            refuse_move(writing, column);
    }
}

/* --- what goes ------------------------------------------------------------------------------ */

static bool has_room(struct writing *writing)
{
    if (writing->removal_count < writing->removal_capacity)
        return true;
    size_t capacity = writing->removal_capacity ? 2 * writing->removal_capacity : 16;
    struct write_removal *grown = arena_alloc(writing->context->arena, capacity * sizeof(*grown));
    for (size_t i = 0; grown && i < writing->removal_count; i++)
        grown[i] = writing->removals[i];
    if (!grown)
        return false;
    writing->removals = grown;
    writing->removal_capacity = capacity;
    return true;
}

static enum result remember(struct writing *writing, const struct blob_owner *owner,
                            struct slice path)
{
    struct slice copy = arena_copy(writing->context->arena, path);
    if (!copy.data || !has_room(writing))
        return RESULT_NO_MEMORY;
    writing->removals[writing->removal_count++] =
        (struct write_removal){.owner = *owner, .path = copy};
    return RESULT_OK;
}

/* Is what lies there the row's own, or another record's? */
static bool is_own(const struct writing *writing, enum download_claim claim, struct slice path)
{
    struct blob blob;
    if (claim != DOWNLOAD_EMPTY)
        return claim == DOWNLOAD_ALL;
    if (blob_open(writing->context->options->files_root, path, &blob) != RESULT_OK)
        return false;
    close(blob.descriptor);
    return blob.size == 0;
}

static enum result remember_row(struct writing *writing, const struct file_columns *columns,
                                const struct database_cell *cells, bool is_to_come)
{
    struct file_row row;
    enum result result = RESULT_OK;
    file_row_read(&row, columns, cells);
    const struct blob_owner owner = {.resource = columns->resource->name, .id = row.id};
    const struct slice path = buffer_slice(&row.path);
    if (path.size && (is_to_come || is_own(writing, row.claim, path)))
        result = remember(writing, &owner, path);
    if (row.path.has_failed)
        result = RESULT_NO_MEMORY;
    buffer_clear(&row.path);
    return result;
}

/* is_to_come: where they are going to lie, whatever lies there. */
static enum result find(struct writing *writing, const struct model_resource *resource,
                        const struct plan_hanging *rows, bool is_to_come)
{
    const struct database_cell *cells = NULL;
    struct file_columns columns;
    struct plan plan;
    if (!resource->has_download || !writing->context->options->files_root[0])
        return RESULT_OK;
    file_columns_choose(&columns, resource, template_of(writing));
    plan_init(&plan, writing->context->arena);
    plan_select_hanging(&plan, rows, NULL, columns.names, columns.count);
    enum result result = execute_begin(writing->context, &plan);
    plan_clear(&plan);
    while (result == RESULT_OK &&
           (result = database_next(writing->context->database, &cells)) == RESULT_OK)
        result = remember_row(writing, &columns, cells, is_to_come);
    database_finish(writing->context->database);
    return result == RESULT_NOT_FOUND ? RESULT_OK : result;
}

enum result write_bytes_find(struct writing *writing, const struct model_resource *resource,
                             const struct plan_hanging *rows)
{
    return find(writing, resource, rows, false);
}

/* Where the record's bytes lie by what is stored now: among what goes. */
static enum result find_own(struct writing *writing, bool is_to_come)
{
    const struct model_resource *resource = writing->write->resource;
    const struct plan_hanging itself = {
        .link = {resource->catalog->table, model_key(resource)->name, NULL},
        .ids = {&writing->rows[0].id, 1}};
    return find(writing, resource, &itself, is_to_come);
}

enum result write_bytes_begin(struct writing *writing)
{
    if (writing->write->kind != WRITE_UPDATE || !write_has_bytes(writing->write))
        return RESULT_OK;
    writing->rows[0].id = writing->write->id;
    return find_own(writing, false);
}

/* --- what comes ----------------------------------------------------------------------------- */

/* A template may make any path of what clients write. */
static enum result refuse_path(struct writing *writing, enum result result)
{
    const struct model_resource *resource = writing->write->resource;
    struct slice expected = result == RESULT_EXISTS
                                ? SLICE("a name under which no other file lies (files.path)")
                                : SLICE("a name that makes a path below files.root (files.path)");
    if (result == RESULT_CONFLICT)
        return result; /* told by write_execute.c, at the last attempt */
    if (result != RESULT_EXISTS && result != RESULT_DENIED && result != RESULT_INVALID) {
        write_explain_disk(result, writing->problem);
        return result;
    }
    query_refuse_value(writing->problem, resource->catalog->download.name, expected);
    return RESULT_INVALID;
}

/* Its own old path is no longer among what goes, when the new bytes take its place. */
static bool takes_place(struct writing *writing, struct slice path)
{
    bool is_same = writing->removal_count && slice_equal(writing->removals[0].path, path);
    if (is_same)
        writing->removal_count = 0;
    return is_same;
}

/* files.path is the path alone, which was written a moment ago, and is a text of hex digits. */
static bool is_path_alone(const struct writing *writing)
{
    struct slice template = template_of(writing);
    struct slice column = writing->write->resource->catalog->download.path;
    return template.size == column.size + 2 && template.data[0] == '{' &&
           template.data[template.size - 1] == '}' &&
           slice_equal(slice_of(template.data + 1, column.size), column);
}

/* Where the record, as it is stored now, says that its bytes lie. */
static enum result find_place(struct writing *writing, struct write_removal *place)
{
    size_t before = writing->removal_count;
    *place = (struct write_removal){
        .owner = {.resource = writing->write->resource->name, .id = writing->rows[0].id},
        .path = blob_new_path(*writing->request->bytes)};
    if (is_path_alone(writing))
        return RESULT_OK;
    enum result result = find_own(writing, true);
    if (result != RESULT_OK)
        return result;
    if (writing->removal_count == before)
        return refuse_path(writing, RESULT_DENIED);
    *place = writing->removals[before];
    writing->removal_count = before;
    return RESULT_OK;
}

static enum result publish(struct writing *writing)
{
    struct write_removal own;
    enum result result = find_place(writing, &own);
    if (result != RESULT_OK)
        return result;
    bool replaces = takes_place(writing, own.path);
    result = blob_new_publish(*writing->request->bytes, &own.owner, own.path, replaces);
    writing->is_published = result == RESULT_OK;
    if (result == RESULT_OK)
        return RESULT_OK;
    shared_file_cache_forget(writing->context->file_cache); /* they may have been there */
    return refuse_path(writing, result);
}

static enum result note_removals(struct writing *writing)
{
    struct blob_store *store = writing->context->options->files_store;
    if (!store || !writing->removal_count)
        return RESULT_OK;
    writing->removal = blob_removal_begin(store);
    if (!writing->removal)
        return RESULT_NO_MEMORY;
    for (size_t i = 0; i < writing->removal_count; i++)
        blob_removal_add(writing->removal, &writing->removals[i].owner, writing->removals[i].path);
    return blob_removal_seal(writing->removal);
}

enum result write_bytes_put(struct writing *writing)
{
    enum result result = given(writing) ? publish(writing) : RESULT_OK;
    return result == RESULT_OK ? note_removals(writing) : result;
}

/* --- the end -------------------------------------------------------------------------------- */

/* Where nothing can be noted under the root, it is tried once. */
static void remove_now(const struct writing *writing)
{
    for (size_t i = 0; i < writing->removal_count; i++) {
        const struct write_removal *removal = &writing->removals[i];
        enum result result = blob_delete(writing->context->options->files_root, removal->path);
        if (result != RESULT_OK && result != RESULT_NOT_FOUND)
            log_error("files", "the bytes of %.*s %lld stay: %.*s",
                      SLICE_ARGS(removal->owner.resource), (long long)removal->owner.id,
                      SLICE_ARGS(removal->path));
    }
}

static void settle_removals(struct writing *writing, enum result fate)
{
    if (!writing->removal && fate == RESULT_OK)
        remove_now(writing);
    else if (fate == RESULT_OK)
        blob_removal_finish(writing->removal);
    else if (writing->removal && fate == RESULT_UNKNOWN)
        blob_removal_abandon(writing->removal);
    else
        blob_removal_cancel(writing->removal);
    writing->removal = NULL;
    writing->removal_count = 0;
}

/* With the transaction the row's lock is gone, and with it the right to put others' bytes back. A
 * conflict is taken back even so: the write is run again with the same bytes. */
static bool is_for_keeper(const struct blob_new *bytes, enum result fate)
{
    return fate == RESULT_UNKNOWN || (fate != RESULT_CONFLICT && blob_new_has_replaced(bytes));
}

static void settle_new(struct writing *writing, enum result fate)
{
    struct blob_new **bytes = writing->request->bytes;
    if (fate == RESULT_OK) {
        metric_increment(METRIC_UPLOADS);
        metric_add(METRIC_UPLOAD_BYTES, (int64_t)blob_new_size(*bytes));
        blob_new_keep(*bytes);
    } else if (is_for_keeper(*bytes, fate)) {
        blob_new_abandon(*bytes);
    } else {
        blob_new_withdraw(*bytes);
        shared_file_cache_forget(writing->context->file_cache); /* who opened them meanwhile */
        return;
    }
    *bytes = NULL;
}

void write_bytes_settle(struct writing *writing, enum result fate)
{
    if (writing->is_published)
        settle_new(writing, fate);
    writing->is_published = false;
    settle_removals(writing, fate);
}
