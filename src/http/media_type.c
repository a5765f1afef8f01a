/* A sorted array over the file's text, which is kept as it was read. */
#include "http/media_type.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "http/characters.h"
#include "observe/log.h"

enum { MOST_BYTES = 4 * 1024 * 1024, LONGEST_TYPE = 127 };

struct row {
    struct slice extension; /* lower case */
    struct slice type;
    size_t order; /* in the file: the first of an extension counts */
};

struct http_media_types {
    struct buffer text; /* what the rows point into */
    struct row *rows;   /* owned; by extension */
    size_t count;
    size_t capacity;
    bool has_failed;
};

static const char built_in[] = "application/gzip gz\n"
                               "application/json json\n"
                               "application/pdf pdf\n"
                               "application/xml xml\n"
                               "application/zip zip\n"
                               "image/gif gif\n"
                               "image/jpeg jpg jpeg\n"
                               "image/png png\n"
                               "image/svg+xml svg\n"
                               "image/webp webp\n"
                               "text/css css\n"
                               "text/csv csv\n"
                               "text/html html htm\n"
                               "text/plain txt log\n"
                               "video/mp4 mp4\n";

static void add_row(struct http_media_types *types, struct slice extension, struct slice type)
{
    if (types->count == types->capacity) {
        size_t capacity = types->capacity ? types->capacity * 2 : 256;
        struct row *grown = realloc(types->rows, capacity * sizeof(*grown));
        if (grown == NULL) {
            types->has_failed = true;
            return;
        }
        types->rows = grown;
        types->capacity = capacity;
    }
    types->rows[types->count] = (struct row){extension, type, types->count};
    types->count++;
}

/* "type extension extension …"; `#` begins a comment. */
static void add_line(struct http_media_types *types, struct slice line)
{
    line = slice_of(line.data, slice_find(line, '#'));
    line = slice_trim(line);
    struct slice type = slice_split_word(&line);
    if (!http_media_type_is_sane(type))
        return;
    while (line.size > 0)
        add_row(types, slice_split_word(&line), type);
}

static int compare_extensions(struct slice a, struct slice b)
{
    int order = memcmp(a.data, b.data, a.size < b.size ? a.size : b.size);
    if (order != 0)
        return order;
    return (a.size > b.size) - (a.size < b.size);
}

static int compare_rows(const void *left, const void *right)
{
    const struct row *a = left;
    const struct row *b = right;
    int order = compare_extensions(a->extension, b->extension);
    return order != 0 ? order : (a->order > b->order) - (a->order < b->order);
}

static void read_file(struct buffer *text, const char *path)
{
    FILE *file = fopen(path, "re");
    size_t count = 1;
    while (file != NULL && count > 0 && text->size < MOST_BYTES) {
        char *piece = buffer_reserve(text, BUFSIZ);
        count = piece != NULL ? fread(piece, 1, BUFSIZ, file) : 0;
        text->size += count;
    }
    if (file != NULL)
        fclose(file);
}

/* Extensions and types alike are compared without case. */
static void parse_text(struct http_media_types *types)
{
    for (size_t i = 0; i < types->text.size; i++) {
        char *c = &types->text.data[i];
        *c = *c == '\r' ? ' ' : (char)tolower((unsigned char)*c);
    }
    struct slice rest = buffer_slice(&types->text);
    struct slice line;
    while (rest.size > 0 && slice_split(&rest, '\n', &line))
        add_line(types, line);
}

struct http_media_types *http_media_types_load(const char *path)
{
    struct http_media_types *types = calloc(1, sizeof(*types));
    if (types == NULL)
        return NULL;
    buffer_init(&types->text);
    read_file(&types->text, path);
    parse_text(types);
    if (types->count == 0 && !types->has_failed && !types->text.has_failed) {
        log_warning("media_types", "%s holds no types; the built-in few are used", path);
        buffer_clear(&types->text);
        buffer_append_slice(&types->text, SLICE(built_in));
        parse_text(types);
    }
    if (types->has_failed || types->text.has_failed) {
        http_media_types_destroy(types);
        return NULL;
    }
    qsort(types->rows, types->count, sizeof(*types->rows), compare_rows);
    return types;
}

void http_media_types_destroy(struct http_media_types *types)
{
    if (types == NULL)
        return;
    buffer_clear(&types->text);
    free(types->rows);
    free(types);
}

/* The first row that does not come before the extension. */
static size_t find_row(const struct http_media_types *types, struct slice extension)
{
    size_t low = 0;
    size_t high = types->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (compare_extensions(types->rows[middle].extension, extension) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

struct slice http_media_type_by_name(const struct http_media_types *types, struct slice name)
{
    char lower[32];
    size_t point = name.size;
    while (point > 0 && !strchr("./\\", name.data[point - 1]))
        point--;
    size_t size = name.size - point;
    bool has_stem = point > 1 && !strchr("/\\", name.data[point - 2]);
    if (!has_stem || name.data[point - 1] != '.' || size == 0 || size > sizeof(lower))
        return SLICE("application/octet-stream");
    for (size_t i = 0; i < size; i++)
        lower[i] = (char)tolower((unsigned char)name.data[point + i]);
    size_t at = find_row(types, slice_of(lower, size));
    if (at < types->count && slice_equal(types->rows[at].extension, slice_of(lower, size)))
        return types->rows[at].type;
    return SLICE("application/octet-stream");
}

bool http_media_type_is_sane(struct slice type)
{
    struct slice rest = slice_skip(type, slice_find(type, ';'));
    struct slice essence = slice_trim(slice_of(type.data, type.size - rest.size));
    size_t slash = slice_find(essence, '/');
    if (slash == 0 || slash + 1 >= essence.size || type.size > LONGEST_TYPE)
        return false;
    for (size_t i = 0; i < essence.size; i++)
        if (i != slash && !http_character_is(essence.data[i], HTTP_CHARACTER_TOKEN))
            return false;
    for (size_t i = 0; i < rest.size; i++)
        if (rest.data[i] < ' ' || rest.data[i] >= 0x7F || rest.data[i] == ',')
            return false;
    return true;
}
