#include "http/multipart_head.h"

#include <string.h>

#include "base/hex.h"
#include "base/utf8.h"
#include "http/characters.h"
#include "http/pairs.h"

/* One head being read. */
struct reading {
    struct arena *arena;
    struct problem *problem;
    const struct multipart_delimiter *delimiter;
    struct multipart_head *head;
    struct slice extended; /* filename*, not decoded; data NULL: none */
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

/* --- the boundary -------------------------------------------------------------------------- */

static bool is_boundary(struct slice text)
{
    if (text.size == 0 || text.size > MULTIPART_MOST_BOUNDARY || text.data[text.size - 1] == ' ')
        return false;
    for (size_t i = 0; i < text.size; i++) {
        char c = text.data[i];
        bool is_plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (!is_plain && (c == '\0' || !strchr("'()+_,-./:=? ", c)))
            return false;
    }
    return true;
}

enum result multipart_head_boundary(struct slice content_type, struct slice *boundary,
                                    struct problem *problem)
{
    struct slice rest = slice_skip(content_type, slice_find(content_type, ';'));
    struct slice name, value;
    unsigned count = 0;
    *boundary = SLICE("");
    while (next_parameter(&rest, &name, &value))
        if (slice_equal_nocase(name, SLICE("boundary"))) {
            *boundary = value;
            count++;
        }
    if (rest.size || count != 1 || !is_boundary(*boundary))
        return refuse(problem, SLICE("Content-Type"),
                      "multipart/form-data needs one boundary of 1 to 70 characters.");
    return RESULT_OK;
}

/* --- names --------------------------------------------------------------------------------- */

/* "\"" and "\\" in quotes, and the three escapes browsers write: %22, %0D, %0A. Any other backslash
 * is one, as in the paths that old browsers send. */
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
            name[size++] = (char)(hex_value(rest.data[1]) << 4 | hex_value(rest.data[2]));
            at += 2;
            continue;
        }
        if (text.data[at] == '\\' && rest.size > 1 && strchr("\"\\", rest.data[1]) && rest.data[1])
            at++;
        name[size++] = text.data[at];
    }
    return slice_of(name, size);
}

/* UTF-8'language'percent-encoded (RFC 8187 3.2.1). */
static enum result read_extended(struct reading *reading)
{
    struct slice rest = reading->extended;
    struct slice charset, language;
    bool is_whole = slice_split(&rest, '\'', &charset) && rest.data &&
                    slice_split(&rest, '\'', &language) && rest.data;
    if (!is_whole || !slice_equal_nocase(charset, SLICE("UTF-8")))
        return refuse(reading->problem, reading->head->name, "A part's filename* is malformed.");
    reading->head->filename = http_percent_decode(reading->arena, rest, false);
    if (!reading->head->filename.data)
        return RESULT_NO_MEMORY;
    reading->head->filename = arena_copy(reading->arena, reading->head->filename);
    return reading->head->filename.data ? RESULT_OK : RESULT_NO_MEMORY;
}

/* RFC 7578 4.2 forbids filename*, but it is sent: alone, or beside a filename that is an encoded
 * word of mail (RFC 2047), which nobody wants to read. */
static enum result choose_filename(struct reading *reading)
{
    const struct multipart_head *head = reading->head;
    if (!reading->extended.data)
        return RESULT_OK;
    bool has_plain = head->has_filename && !slice_starts_with(head->filename, SLICE("=?"));
    reading->head->has_filename = true;
    return has_plain ? RESULT_OK : read_extended(reading);
}

static enum result read_name(struct reading *reading, struct slice value, bool *has,
                             struct slice *name, const char *twice)
{
    if (*has)
        return refuse(reading->problem, value, twice);
    *has = true;
    *name = decode_name(reading->arena, value);
    return name->data ? RESULT_OK : RESULT_NO_MEMORY;
}

static enum result read_parameter(struct reading *reading, struct slice name, struct slice value)
{
    struct multipart_head *head = reading->head;
    if (slice_equal_nocase(name, SLICE("name")))
        return read_name(reading, value, &head->has_name, &head->name, "A part has two names.");
    if (slice_equal_nocase(name, SLICE("filename")))
        return read_name(reading, value, &head->has_filename, &head->filename,
                         "A part has two filenames.");
    if (!slice_equal_nocase(name, SLICE("filename*")))
        return RESULT_OK;
    if (reading->extended.data)
        return refuse(reading->problem, value, "A part has two filenames.");
    reading->extended = value;
    return RESULT_OK;
}

/* --- the fields ---------------------------------------------------------------------------- */

static enum result read_disposition(struct reading *reading, struct slice value)
{
    struct slice rest = slice_skip(value, slice_find(value, ';'));
    struct slice name, content;
    struct slice field = SLICE("Content-Disposition");
    if (!slice_equal_nocase(http_media_type(value), SLICE("form-data")))
        return refuse(reading->problem, field, "A part is no form-data.");
    if (reading->head->has_disposition)
        return refuse(reading->problem, field, "A part has two dispositions.");
    reading->head->has_disposition = true;
    while (next_parameter(&rest, &name, &content)) {
        enum result result = read_parameter(reading, name, content);
        if (result != RESULT_OK)
            return result;
    }
    if (rest.size)
        return refuse(reading->problem, field, "A part's head is malformed.");
    return choose_filename(reading);
}

static enum result read_type(struct reading *reading, struct slice value)
{
    struct slice multipart = SLICE("multipart/");
    bool is_nested = value.size >= multipart.size &&
                     slice_equal_nocase(slice_of(value.data, multipart.size), multipart);
    if (is_nested)
        return refuse(reading->problem, reading->head->name, "A part may not be multipart itself.");
    reading->head->type = arena_copy(reading->arena, value);
    return reading->head->type.data ? RESULT_OK : RESULT_NO_MEMORY;
}

/* Encodings that change nothing; RFC 7578 4.7 retires the others. */
static bool is_plain_encoding(struct slice value)
{
    return slice_equal_nocase(value, SLICE("7bit")) || slice_equal_nocase(value, SLICE("8bit")) ||
           slice_equal_nocase(value, SLICE("binary"));
}

static enum result read_field(struct reading *reading, struct slice line)
{
    size_t size = http_character_span(line, HTTP_CHARACTER_TOKEN);
    if (size == 0 || size == line.size || line.data[size] != ':' ||
        http_character_span(slice_skip(line, size + 1), HTTP_CHARACTER_FIELD) <
            line.size - size - 1 ||
        multipart_delimiter_is(reading->delimiter, line))
        return refuse(reading->problem, SLICE(""), "A part's head is malformed.");
    struct slice name = slice_of(line.data, size);
    struct slice value = slice_trim(slice_skip(line, size + 1));
    if (slice_equal_nocase(name, SLICE("Content-Disposition")))
        return read_disposition(reading, value);
    if (slice_equal_nocase(name, SLICE("Content-Type")))
        return read_type(reading, value);
    if (slice_equal_nocase(name, SLICE("Content-Transfer-Encoding")) && !is_plain_encoding(value))
        return refuse(reading->problem, reading->head->name,
                      "A part's transfer encoding is not understood.");
    return RESULT_OK;
}

static enum result judge(const struct multipart_head *head, struct problem *problem)
{
    if (!head->has_name)
        return refuse(problem, SLICE(""), "A part has no name.");
    if (memchr(head->filename.data, '\0', head->filename.size))
        return refuse(problem, head->name, "A part's filename holds a NUL.");
    if (head->has_filename &&
        !(utf8_is_valid(head->name) && utf8_is_valid(head->filename) && utf8_is_valid(head->type)))
        return http_pairs_refuse(problem, SLICE("bad_encoding"), head->name,
                                 "The file's head is not valid UTF-8.");
    return RESULT_OK;
}

enum result multipart_head_read(struct arena *arena, struct slice text,
                                const struct multipart_delimiter *delimiter,
                                struct multipart_head *head, struct problem *problem)
{
    struct reading reading = {arena, problem, delimiter, head, slice_of(NULL, 0)};
    *head = (struct multipart_head){SLICE(""), SLICE(""), SLICE(""), false, false, false};
    for (;;) {
        const char *end = memmem(text.data, text.size, "\r\n", 2);
        if (!end)
            return refuse(problem, head->name, "A part's head is too long or has no end.");
        struct slice line = slice_of(text.data, (size_t)(end - text.data));
        if (line.size == 0)
            return judge(head, problem);
        enum result result = read_field(&reading, line);
        if (result != RESULT_OK)
            return result;
        text = slice_skip(text, line.size + 2);
    }
}
