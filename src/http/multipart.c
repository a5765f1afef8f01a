/*
 * multipart/form-data after RFC 7578, delimiters after RFC 2046 5.1.1. The body is in memory, since
 * only small parts come this way; files are streamed elsewhere.
 */
#include <string.h>

#include "http/characters.h"
#include "http/pairs.h"

enum { MOST_BOUNDARY = 70, MOST_PART_HEAD = 4096 };

/* One body being taken apart. */
struct reader {
    struct arena *arena;
    struct problem *problem;
    struct slice boundary; /* without its dashes */
    struct slice rest;     /* what comes after the last delimiter */
    bool is_final;         /* that delimiter was the closing one */
};

/* What a part's head says of it. */
struct part {
    struct slice name;
    bool has_name;
    bool has_filename;
};

static enum result refuse(struct problem *problem, struct slice field, const char *detail)
{
    return http_pairs_refuse(problem, SLICE("bad_multipart"), field, detail);
}

/* Cuts "; name=value" off *rest. A quoted value keeps its escapes. False at the end, and where the
 * text is malformed (*rest is then not empty). */
static bool next_parameter(struct slice *rest, struct slice *name, struct slice *value)
{
    struct slice text = slice_trim(*rest);
    *rest = text;
    if (text.size == 0 || text.data[0] != ';')
        return false;
    text = slice_trim(slice_skip(text, 1));
    size_t name_size = http_character_span(text, HTTP_CHARACTER_TOKEN);
    if (name_size == 0 || name_size == text.size || text.data[name_size] != '=')
        return false;
    *name = slice_of(text.data, name_size);
    text = slice_skip(text, name_size + 1);
    size_t size = 0;
    if (text.size && text.data[0] == '"') {
        for (size = 1; size < text.size && text.data[size] != '"'; size++)
            size += text.data[size] == '\\' && size + 1 < text.size;
        if (size >= text.size)
            return false;
        *value = slice_of(text.data + 1, size - 1);
        *rest = slice_skip(text, size + 1);
        return true;
    }
    while (size < text.size && text.data[size] != ';' && text.data[size] != ' ')
        size++;
    *value = slice_of(text.data, size);
    *rest = slice_skip(text, size);
    return true;
}

static bool is_boundary(struct slice text)
{
    if (text.size == 0 || text.size > MOST_BOUNDARY || text.data[text.size - 1] == ' ')
        return false;
    for (size_t i = 0; i < text.size; i++) {
        char c = text.data[i];
        bool is_plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (!is_plain && (c == '\0' || !strchr("'()+_,-./:=? ", c)))
            return false;
    }
    return true;
}

static enum result read_boundary(struct reader *reader, struct slice content_type)
{
    struct slice rest = slice_skip(content_type, slice_find(content_type, ';'));
    struct slice name, value;
    unsigned count = 0;
    while (next_parameter(&rest, &name, &value))
        if (slice_equal_nocase(name, SLICE("boundary"))) {
            reader->boundary = value;
            count++;
        }
    if (rest.size || count != 1 || !is_boundary(reader->boundary))
        return refuse(reader->problem, SLICE("Content-Type"),
                      "multipart/form-data needs one boundary of 1 to 70 characters.");
    return RESULT_OK;
}

/* Does a delimiter's tail (closing dashes, blanks, CRLF) stand at the start of text? Its size, and
 * whether it closes; 0 when the line is only like a delimiter. */
static size_t delimiter_tail(struct slice text, bool *is_final)
{
    size_t size = 0;
    *is_final = slice_starts_with(text, SLICE("--"));
    if (*is_final)
        size = 2;
    while (size < text.size && (text.data[size] == ' ' || text.data[size] == '\t'))
        size++;
    if (size == text.size)
        return *is_final ? size : 0;
    return slice_starts_with(slice_skip(text, size), SLICE("\r\n")) ? size + 2 : 0;
}

/* Moves behind the next delimiter and gives what stands before it, without the delimiter's CRLF. */
static bool next_delimiter(struct reader *reader, bool is_first, struct slice *before)
{
    char dashes[MOST_BOUNDARY + 2] = "--";
    size_t size = reader->boundary.size + 2;
    memcpy(dashes + 2, reader->boundary.data, reader->boundary.size);
    struct slice text = reader->rest;
    size_t from = 0;
    while (from < text.size) {
        const char *hit = memmem(text.data + from, text.size - from, dashes, size);
        if (!hit)
            return false;
        size_t at = (size_t)(hit - text.data);
        bool is_line = at >= 2 && text.data[at - 2] == '\r' && text.data[at - 1] == '\n';
        size_t tail = delimiter_tail(slice_skip(text, at + size), &reader->is_final);
        if (tail && (is_line || (at == 0 && is_first))) {
            *before = slice_of(text.data, at ? at - 2 : 0);
            reader->rest = slice_skip(text, at + size + tail);
            return true;
        }
        from = at + 1;
    }
    return false;
}

/* "\"" and "\\" in quotes, and the three escapes browsers write: %22, %0D, %0A. */
static struct slice decode_name(struct arena *arena, struct slice text)
{
    char *name = arena_alloc(arena, text.size + 1);
    size_t size = 0;
    if (!name)
        return slice_of(NULL, 0);
    for (size_t at = 0; at < text.size; at++) {
        struct slice rest = slice_skip(text, at);
        struct slice escape = slice_of(rest.data, rest.size < 3 ? rest.size : 3);
        bool is_escape = slice_equal(escape, SLICE("%22")) ||
                         slice_equal_nocase(escape, SLICE("%0d")) ||
                         slice_equal_nocase(escape, SLICE("%0a"));
        if (is_escape) {
            name[size++] =
                (char)(http_character_hex(rest.data[1]) << 4 | http_character_hex(rest.data[2]));
            at += 2;
            continue;
        }
        if (text.data[at] == '\\' && rest.size > 1 && strchr("\"\\", rest.data[1]) && rest.data[1])
            at++;
        name[size++] = text.data[at];
    }
    return slice_of(name, size);
}

static enum result read_disposition(struct reader *reader, struct slice value, struct part *part)
{
    struct slice rest = slice_skip(value, slice_find(value, ';'));
    struct slice name, content;
    if (!slice_equal_nocase(http_media_type(value), SLICE("form-data")))
        return refuse(reader->problem, SLICE("Content-Disposition"), "A part is no form-data.");
    while (next_parameter(&rest, &name, &content)) {
        if (slice_equal_nocase(name, SLICE("filename")) ||
            slice_equal_nocase(name, SLICE("filename*")))
            part->has_filename = true;
        if (!slice_equal_nocase(name, SLICE("name")))
            continue;
        if (part->has_name)
            return refuse(reader->problem, content, "A part has two names.");
        part->has_name = true;
        part->name = decode_name(reader->arena, content);
        if (!part->name.data)
            return RESULT_NO_MEMORY;
    }
    if (rest.size)
        return refuse(reader->problem, SLICE("Content-Disposition"), "A part's head is malformed.");
    return RESULT_OK;
}

/* Encodings that change nothing; RFC 7578 4.7 retires the others. */
static bool is_plain_encoding(struct slice value)
{
    return slice_equal_nocase(value, SLICE("7bit")) || slice_equal_nocase(value, SLICE("8bit")) ||
           slice_equal_nocase(value, SLICE("binary"));
}

static enum result read_part_field(struct reader *reader, struct slice line, struct part *part)
{
    size_t size = http_character_span(line, HTTP_CHARACTER_TOKEN);
    if (size == 0 || size == line.size || line.data[size] != ':' ||
        http_character_span(slice_skip(line, size + 1), HTTP_CHARACTER_FIELD) <
            line.size - size - 1)
        return refuse(reader->problem, SLICE(""), "A part's head is malformed.");
    struct slice name = slice_of(line.data, size);
    struct slice value = slice_trim(slice_skip(line, size + 1));
    if (slice_equal_nocase(name, SLICE("Content-Disposition")))
        return read_disposition(reader, value, part);
    bool is_nested = slice_equal_nocase(name, SLICE("Content-Type")) && value.size >= 10 &&
                     slice_equal_nocase(slice_of(value.data, 10), SLICE("multipart/"));
    if (is_nested)
        return refuse(reader->problem, part->name, "A part may not be multipart itself.");
    if (slice_equal_nocase(name, SLICE("Content-Transfer-Encoding")) && !is_plain_encoding(value))
        return refuse(reader->problem, part->name, "A part's transfer encoding is not understood.");
    return RESULT_OK;
}

/* The fields at the start of *text, which becomes the part's content. */
static enum result read_part_head(struct reader *reader, struct slice *text, struct part *part)
{
    size_t most = text->size < MOST_PART_HEAD ? text->size : MOST_PART_HEAD;
    size_t at = 0;
    for (;;) {
        const char *end = memmem(text->data + at, most - at, "\r\n", 2);
        if (!end)
            return refuse(reader->problem, part->name, "A part's head is too long or has no end.");
        struct slice line = slice_of(text->data + at, (size_t)(end - text->data) - at);
        at += line.size + 2;
        if (line.size == 0)
            break;
        enum result result = read_part_field(reader, line, part);
        if (result != RESULT_OK)
            return result;
    }
    *text = slice_skip(*text, at);
    return RESULT_OK;
}

static enum result read_part(struct reader *reader, struct slice text, struct http_pairs *pairs)
{
    struct part part = {.name = SLICE("")};
    enum result result = read_part_head(reader, &text, &part);
    if (result != RESULT_OK)
        return result;
    if (!part.has_name)
        return refuse(reader->problem, SLICE(""), "A part has no name.");
    if (part.has_filename)
        return refuse(reader->problem, part.name, "No file is expected here.");
    return http_pairs_add(reader->arena, pairs, part.name, text, reader->problem);
}

enum result http_multipart_decode(struct arena *arena, struct slice content_type, struct slice body,
                                  struct http_pairs *pairs, struct problem *problem)
{
    struct reader reader = {.arena = arena, .problem = problem, .rest = body};
    struct slice text;
    enum result result = read_boundary(&reader, content_type);
    if (result != RESULT_OK)
        return result;
    if (!next_delimiter(&reader, true, &text))
        return refuse(problem, SLICE(""), "The body does not begin with its boundary.");
    while (result == RESULT_OK && !reader.is_final) {
        if (!next_delimiter(&reader, false, &text))
            return refuse(problem, SLICE(""), "The closing boundary is missing.");
        result = read_part(&reader, text, pairs);
    }
    return result;
}
