/* The path is the template files.path, filled in with the record's columns. */
#include "resources/download.h"

#include <inttypes.h>
#include <unistd.h>

#include "base/hex.h"
#include "http/date.h"
#include "http/file_name.h"
#include "http/media_type.h"
#include "resources/plan.h"
#include "store/blob.h"

enum { MOST_LOOKS = 5 }; /* at a row whose bytes are replaced all the time */

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
    want(wanted, resource->table, download->size);
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

enum download_claim download_claim_read(const struct download_columns *wanted,
                                        const struct catalog_download *download,
                                        const struct database_cell *cells)
{
    const struct database_cell *sha256 = download_cell_find(wanted, download->sha256, cells);
    const struct database_cell *size = download_cell_find(wanted, download->size, cells);
    bool has_size = size && !size->is_null && size->kind == DATABASE_KIND_INTEGER;
    if (download_path_names(wanted, download->path) || !has_size || size->integer != 0)
        return DOWNLOAD_ALL;
    if (!sha256)
        return DOWNLOAD_EMPTY;
    return !sha256->is_null && slice_trim(sha256->text).size ? DOWNLOAD_ALL : DOWNLOAD_NONE;
}

/* What a row says of its file; the texts live in the arena. */
struct described {
    struct slice name;
    struct slice type;
    struct slice sha256; /* empty where other bytes may lie at the same path */
    enum download_claim claim;
    struct buffer path; /* owned */
};

static struct slice keep(struct arena *arena, const struct database_cell *cell)
{
    return cell && !cell->is_null ? arena_copy(arena, cell->text) : slice_of("", 0);
}

/* Do other bytes lie at another path? Where they take the place of the old ones, they do so before
 * the row's new hash is seen, and the hash that was read says nothing of what is opened then. */
static bool has_own_path(const struct download_columns *wanted,
                         const struct catalog_download *download)
{
    return download_path_names(wanted, download->path) ||
           download_path_names(wanted, download->sha256);
}

static void take_row(struct execute_context *context, const struct query *query,
                     const struct download_columns *wanted, const struct database_cell *cells,
                     struct described *described)
{
    const struct catalog_download *download = &query->resource->catalog->download;
    described->name = keep(context->arena, download_cell_find(wanted, download->name, cells));
    described->type = keep(context->arena, download_cell_find(wanted, download->type, cells));
    if (has_own_path(wanted, download))
        described->sha256 =
            keep(context->arena, download_cell_find(wanted, download->sha256, cells));
    described->claim = download_claim_read(wanted, download, cells);
    download_path_print(&described->path, wanted, cells, slice_from(context->options->files_path));
}

static enum result read_row(struct execute_context *context, const struct query *query,
                            struct described *described)
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
        take_row(context, query, &wanted, cells, described);
        database_finish(context->database);
    }
    plan_clear(&plan);
    return result;
}

/* The row's type where it is fit for a field, else the name's. */
static struct slice choose_type(const struct execute_context *context,
                                const struct described *described)
{
    if (http_media_type_is_sane(described->type))
        return described->type;
    return http_media_type_by_name(context->options->media_types, described->name);
}

/* The row's hash, where it is one of what was opened; else what tells files apart nearly as well.
 */
static struct slice make_tag(struct arena *arena, const struct described *described,
                             const struct blob *blob)
{
    if (hex_lower(described->sha256, 64, NULL))
        return arena_printf(arena, "\"%.*s\"", SLICE_ARGS(described->sha256));
    return arena_printf(arena, "\"%" PRIx64 "-%" PRIx64 "-%" PRIx64 ".%" PRIx32 "\"", blob->inode,
                        blob->size, (uint64_t)blob->modified_s, blob->modified_ns);
}

static struct shared_file *make_file(struct execute_context *context,
                                     const struct described *described, const struct blob *blob)
{
    char date[HTTP_DATE_BYTES];
    struct arena *arena = context->arena;
    const struct shared_file_fields fields = {
        .type = choose_type(context, described),
        .disposition = http_file_name_disposition(arena, described->name),
        .tag = make_tag(arena, described, blob),
        .modified = http_date_print(blob->modified_s, date),
    };
    if (fields.disposition.data && fields.tag.data)
        return shared_file_create(blob, &fields);
    close(blob->descriptor);
    return NULL;
}

static enum result open_bytes(struct execute_context *context, const struct described *described,
                              struct shared_file **file, struct problem *problem)
{
    struct blob blob = {.descriptor = -1};
    if (described->path.has_failed)
        return RESULT_NO_MEMORY;
    enum result result =
        blob_open(context->options->files_root, buffer_slice(&described->path), &blob);
    if (result == RESULT_UNAVAILABLE)
        execute_explain_files(problem);
    if (result != RESULT_OK)
        return result;
    if (!download_claims(described->claim, blob.size)) {
        close(blob.descriptor);
        return RESULT_NOT_FOUND; /* they are another record's */
    }
    *file = make_file(context, described, &blob);
    return *file ? RESULT_OK : RESULT_NO_MEMORY;
}

/* One look at the row, then at its bytes. */
static enum result look(struct execute_context *context, const struct query *query,
                        struct described *described, struct shared_file **file,
                        struct problem *problem)
{
    enum result result = read_row(context, query, described);
    if (result == RESULT_DENIED)
        return RESULT_FAILED; /* the table's, not the file's */
    return result == RESULT_OK ? open_bytes(context, described, file, problem) : result;
}

/* Bytes that were replaced between two steps have gone, and the row names others by now: missing is
 * what the same row names twice. */
static enum result look_until_it_stays(struct execute_context *context, const struct query *query,
                                       struct shared_file **file, struct problem *problem)
{
    struct described described = {0};
    enum result result = RESULT_NOT_FOUND;
    bool has_moved = true;
    buffer_init(&described.path);
    for (unsigned i = 0; i < MOST_LOOKS && result == RESULT_NOT_FOUND && has_moved; i++) {
        struct buffer before = described.path;
        described = (struct described){0};
        buffer_init(&described.path);
        result = look(context, query, &described, file, problem);
        has_moved = !slice_equal(buffer_slice(&before), buffer_slice(&described.path));
        buffer_clear(&before);
    }
    buffer_clear(&described.path);
    return result;
}

enum result download_open(struct execute_context *context, const struct query_set *set,
                          struct shared_file **file, struct problem *problem)
{
    const struct query *query = &set->queries[0];
    *file = NULL;
    enum result result = look_until_it_stays(context, query, file, problem);
    if (result == RESULT_NOT_FOUND || result == RESULT_DENIED) {
        problem_set(problem, 404, SLICE("Record Not Found"));
        problem_add(problem, SLICE("record_not_found"), model_key(query->resource)->name,
                    "there is no such file here, or its bytes are missing");
        return RESULT_NOT_FOUND;
    }
    return result;
}
