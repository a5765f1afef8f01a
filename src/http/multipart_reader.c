/*
 *   PREAMBLE -delimiter-> HEAD -empty line-> FIELD or FILE -delimiter-> HEAD ...
 *                                               closing delimiter -> EPILOGUE
 */
#include "http/multipart_reader.h"

#include <string.h>

#include "http/multipart_head.h"
#include "http/pairs.h"

enum state { PREAMBLE, HEAD, FIELD, FILE_PART, EPILOGUE };

struct multipart_reader {
    struct arena *arena; /* borrowed, as the next three */
    struct problem *problem;
    struct http_pairs *pairs;
    const struct multipart_events *events;
    uint64_t bytes_left; /* of most_bytes */
    bool has_begun;      /* a byte has come */
    enum state state;
    enum result result; /* anything but RESULT_OK ends it */
    struct multipart_head part;
    char *value; /* in the arena: the field's, as far as it has come */
    size_t value_size;
    size_t value_capacity;
    struct multipart_delimiter delimiter;
    size_t head_size;
    char head[MULTIPART_MOST_HEAD];
};

struct multipart_reader *multipart_reader_create(struct arena *arena, struct slice content_type,
                                                 uint64_t most_bytes, struct http_pairs *pairs,
                                                 const struct multipart_events *events,
                                                 struct problem *problem)
{
    struct slice boundary;
    if (multipart_head_boundary(content_type, &boundary, problem) != RESULT_OK)
        return NULL;
    struct multipart_reader *reader = arena_alloc(arena, sizeof(*reader));
    if (!reader)
        return NULL;
    reader->arena = arena;
    reader->problem = problem;
    reader->pairs = pairs;
    reader->events = events;
    reader->bytes_left = most_bytes;
    reader->has_begun = false;
    reader->state = PREAMBLE;
    reader->result = RESULT_OK;
    reader->value_size = reader->value_capacity = reader->head_size = 0;
    multipart_delimiter_init(&reader->delimiter, boundary);
    multipart_delimiter_restart(&reader->delimiter);
    return reader;
}

static void refuse(struct multipart_reader *reader, const char *detail)
{
    reader->result = http_pairs_refuse(reader->problem, SLICE("bad_multipart"), SLICE(""), detail);
}

/* All that is no file's content is counted. */
static void count(struct multipart_reader *reader, size_t bytes)
{
    if (bytes <= reader->bytes_left) {
        reader->bytes_left -= bytes;
        return;
    }
    problem_set(reader->problem, 413, SLICE("Content Too Large"));
    problem_add(reader->problem, SLICE("too_large"), SLICE("body"),
                "The body is larger without its file than is allowed.");
    reader->result = RESULT_LIMIT;
}

/* The first piece is taken as large as it is, since most values come whole. */
static void add_to_value(struct multipart_reader *reader, struct slice text)
{
    size_t needed = reader->value_size + text.size;
    if (needed > reader->value_capacity) {
        size_t capacity = reader->value_size > needed / 2 ? 2 * needed : needed;
        char *grown = arena_alloc(reader->arena, capacity);
        if (!grown) {
            reader->result = RESULT_NO_MEMORY;
            return;
        }
        if (reader->value_size > 0)
            memcpy(grown, reader->value, reader->value_size);
        reader->value = grown;
        reader->value_capacity = capacity;
    }
    memcpy(reader->value + reader->value_size, text.data, text.size);
    reader->value_size = needed;
}

static void on_text(void *context, struct slice text)
{
    struct multipart_reader *reader = context;
    if (reader->result != RESULT_OK)
        return;
    if (reader->state == FILE_PART) {
        reader->events->on_file_piece(reader->events->context, text);
        return;
    }
    count(reader, text.size);
    if (reader->state == FIELD && reader->result == RESULT_OK)
        add_to_value(reader, text);
}

static void end_part(struct multipart_reader *reader)
{
    struct slice value = SLICE("");
    if (reader->value_size > 0)
        value = slice_of(reader->value, reader->value_size);
    if (reader->state == FIELD)
        reader->result =
            http_pairs_add(reader->arena, reader->pairs, reader->part.name, value, reader->problem);
    else if (reader->state == FILE_PART)
        reader->events->on_file_end(reader->events->context);
    reader->state = reader->delimiter.is_closing ? EPILOGUE : HEAD;
    reader->head_size = 0;
}

static bool is_file_without_name(const struct multipart_reader *reader)
{
    const struct multipart_events *events = reader->events;
    return events->is_file && events->is_file(events->context, reader->part.name);
}

static void begin_part(struct multipart_reader *reader)
{
    struct multipart_head *part = &reader->part;
    struct multipart_file file = {part->name, part->filename, part->type};
    bool is_file = part->has_filename || is_file_without_name(reader);
    reader->state = is_file ? FILE_PART : FIELD;
    reader->value_size = reader->value_capacity = 0;
    multipart_delimiter_restart(&reader->delimiter);
    if (is_file)
        reader->result = reader->events->on_file(reader->events->context, &file);
}

/* The size of the head that the first bytes of text are, or 0 when it has not come whole. The
 * search begins at `from`. */
static size_t find_head_end(struct slice text, size_t from)
{
    if (slice_starts_with(text, SLICE("\r\n")))
        return 2;
    from = from < 3 ? 0 : from - 3;
    const char *end = memmem(text.data + from, text.size - from, "\r\n\r\n", 4);
    return end ? (size_t)(end - text.data) + 4 : 0;
}

/* A head that has no end within its bound is read all the same: the first fault in it is told. */
static void take_head(struct multipart_reader *reader, struct slice *bytes)
{
    size_t before = reader->head_size;
    size_t room = sizeof(reader->head) - before;
    size_t size = bytes->size < room ? bytes->size : room;
    memcpy(reader->head + before, bytes->data, size);
    struct slice head = slice_of(reader->head, before + size);
    size_t end = find_head_end(head, before);
    if (end > 0)
        head.size = end;
    reader->head_size = head.size;
    *bytes = slice_skip(*bytes, head.size - before);
    count(reader, head.size - before);
    if (reader->result != RESULT_OK || (end == 0 && head.size < sizeof(reader->head)))
        return;
    reader->result = multipart_head_read(reader->arena, head, &reader->delimiter, &reader->part,
                                         reader->problem);
    if (reader->result == RESULT_OK)
        begin_part(reader);
}

static void take_content(struct multipart_reader *reader, struct slice *bytes)
{
    bool is_whole = multipart_delimiter_find(&reader->delimiter, bytes, on_text, reader);
    if (is_whole && reader->result == RESULT_OK)
        end_part(reader);
}

enum result multipart_reader_feed(struct multipart_reader *reader, struct slice bytes)
{
    reader->has_begun = reader->has_begun || bytes.size > 0;
    while (bytes.size > 0 && reader->result == RESULT_OK) {
        if (reader->state == EPILOGUE) {
            count(reader, bytes.size);
            break;
        }
        if (reader->state == HEAD)
            take_head(reader, &bytes);
        else
            take_content(reader, &bytes);
    }
    return reader->result;
}

enum result multipart_reader_end(struct multipart_reader *reader)
{
    if (reader->result != RESULT_OK || reader->state == EPILOGUE || !reader->has_begun)
        return reader->result;
    bool closes = reader->state != HEAD && multipart_delimiter_closes(&reader->delimiter);
    if (closes)
        end_part(reader);
    else if (reader->state == PREAMBLE)
        refuse(reader, "The body does not begin with its boundary.");
    else
        refuse(reader, "The closing boundary is missing.");
    return reader->result;
}
