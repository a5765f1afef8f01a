/*
 * The order of things for a head: find its end line by line (remembering how far the search came),
 * apply the limits, copy it into the arena, let the validator read the copy, then llhttp.
 *
 * Whatever way the bytes were split, the verdict is the same: limits and bare LF are judged at the
 * byte where they are met, and a complete request line is judged before anything after it.
 */
#include "http/parser.h"

#include <string.h>

#include "http/characters.h"
#include "http/fault.h"
#include "http/glue.h"
#include "http/head.h"

enum {
    MOST_EMPTY_LINES = 4,
    LINE_OVERHEAD = 64, /* what a request line holds besides its target: the longest registered
                           method, two spaces, the version, with room to spare */
};

void http_parser_init(struct http_parser *parser, const struct config_http *limits,
                      struct arena *arena)
{
    *parser = (struct http_parser){.limits = limits, .arena = arena};
}

static enum http_parse fault_to_parse(bool is_fine)
{
    return is_fine ? HTTP_PARSE_DONE : HTTP_PARSE_FAULT;
}

/* A first byte that no text begins with: TLS, SSH, a port scan. Nobody there reads HTTP. */
static enum http_parse judge_first_byte(char first, struct http_fault *fault)
{
    if (http_character_is(first, HTTP_CHARACTER_TOKEN))
        return HTTP_PARSE_DONE;
    unsigned char byte = (unsigned char)first;
    if (byte != '\t' && (byte < ' ' || byte > '~'))
        return fault_to_parse(HTTP_FAULT(fault, 0, "not_http", "request line", "Not HTTP."));
    return fault_to_parse(HTTP_FAULT(fault, 400, "bad_request_line", "request line",
                                     "A request line begins with a method."));
}

/* RFC 9112 2.2: a few empty lines before the request line are forgiven. DONE: parser->start is
 * where the request line begins. */
static enum http_parse skip_empty_lines(struct http_parser *parser, struct slice bytes,
                                        struct http_fault *fault)
{
    while (parser->start < bytes.size) {
        const char *at = bytes.data + parser->start;
        if (*at != '\r' && *at != '\n')
            return judge_first_byte(*at, fault);
        if (*at == '\r' && parser->start + 1 == bytes.size)
            return HTTP_PARSE_MORE;
        if (*at == '\n' || at[1] != '\n' || parser->start >= 2 * (size_t)MOST_EMPTY_LINES)
            return fault_to_parse(HTTP_FAULT(fault, 400, "bad_request_line", "request line",
                                             "The request does not begin with its line."));
        parser->start += 2;
        parser->line = parser->searched = parser->start;
    }
    return HTTP_PARSE_MORE;
}

/* Where the line being read must have ended. */
static size_t line_bound(const struct http_parser *parser)
{
    if (parser->line_count == 0)
        return parser->start + parser->limits->max_target + LINE_OVERHEAD;
    return parser->fields + parser->limits->max_head;
}

static enum http_parse too_long(const struct http_parser *parser, struct http_fault *fault)
{
    if (parser->line_count == 0)
        return fault_to_parse(
            HTTP_FAULT(fault, 414, "target_too_long", "target", "The request target is too long."));
    return fault_to_parse(
        HTTP_FAULT(fault, 431, "head_too_large", "header", "The header section is too large."));
}

/* One more line is complete; it ends before `end`. DONE: it was the empty one. */
static enum http_parse judge_line(struct http_parser *parser, struct slice bytes, size_t end,
                                  struct http_fault *fault)
{
    size_t size = end - parser->line;
    if (size < 2 || bytes.data[end - 2] != '\r')
        return fault_to_parse(
            HTTP_FAULT(fault, 400, "bare_lf", "header", "A line ends without CR."));
    parser->line = end;
    if (size == 2)
        return HTTP_PARSE_DONE;
    if (parser->line_count++ == 0)
        parser->fields = end;
    if (parser->line_count > parser->limits->max_fields + 1)
        return fault_to_parse(HTTP_FAULT(fault, 431, "too_many_fields", "header",
                                         "There are too many header fields."));
    return HTTP_PARSE_MORE;
}

/* DONE: the head ends where parser->line stands. */
static enum http_parse find_end(struct http_parser *parser, struct slice bytes,
                                struct http_fault *fault)
{
    enum http_parse state = HTTP_PARSE_MORE;
    while (state == HTTP_PARSE_MORE) {
        size_t bound = line_bound(parser);
        if (bound < parser->searched) /* the limit was lowered meanwhile */
            return too_long(parser, fault);
        size_t end = bytes.size < bound ? bytes.size : bound;
        const char *from = bytes.data + parser->searched;
        const char *lf = memchr(from, '\n', end - parser->searched);
        parser->searched = lf ? (size_t)(lf - bytes.data) + 1 : end;
        if (!lf && end == bound)
            return too_long(parser, fault);
        if (!lf)
            return HTTP_PARSE_MORE;
        state = judge_line(parser, bytes, parser->searched, fault);
    }
    return state;
}

/* The head is not complete, or spoilt further on. A bad request line comes before that, and need
 * not wait for the rest. A good one says whom the request was for, who then answers the fault. */
static enum http_parse judge_unfinished(struct http_parser *parser, struct slice bytes,
                                        enum http_parse state, struct http_head *head,
                                        struct http_fault *fault)
{
    struct slice line = slice_of(bytes.data + parser->start, parser->fields - parser->start - 2);
    struct http_fault line_fault;
    if (parser->line_count == 0 || (state == HTTP_PARSE_MORE && parser->is_line_judged))
        return state;
    parser->is_line_judged = true;
    if (state == HTTP_PARSE_FAULT)
        line = arena_copy(parser->arena, line);
    if (!line.data)
        return HTTP_PARSE_NO_MEMORY;
    bool is_good = http_head_read_line(line, parser->limits->max_target, head, &line_fault);
    if (!is_good)
        *fault = line_fault;
    if (!is_good || state == HTTP_PARSE_MORE)
        *head = (struct http_head){0};
    return is_good ? state : HTTP_PARSE_FAULT;
}

/* What llhttp says is compared with what the validator said. */
struct comparison {
    const struct http_head *head;
    struct slice target; /* as on the wire */
    size_t next_field;
};

static bool compare_target(void *context, struct slice target)
{
    const struct comparison *comparison = context;
    return target.data == comparison->target.data && target.size == comparison->target.size;
}

static bool compare_field(void *context, struct slice name, struct slice value)
{
    struct comparison *comparison = context;
    if (comparison->next_field == comparison->head->field_count)
        return false;
    const struct http_field *field = &comparison->head->fields[comparison->next_field++];
    value = slice_trim(value);
    return name.data == field->name.data && name.size == field->name.size &&
           value.size == field->value.size && (!value.size || value.data == field->value.data);
}

static void ignore_piece(void *context, struct slice piece)
{
    (void)context;
    (void)piece;
}

/* llhttp knows fewer methods than the registry, and ties some to RTSP or ICE: what is not offered
 * is read as POST. CONNECT stays, since its target has a form of its own. */
static bool glue_reads_head(struct http_glue *glue, struct slice text,
                            const struct http_glue_events *events, const struct http_head *head)
{
    if (head->method != HTTP_OTHER || slice_equal(head->method_text, SLICE("CONNECT")))
        return http_glue_read(glue, text, events);
    return http_glue_read(glue, SLICE("POST "), events) &&
           http_glue_read(glue, slice_skip(text, head->method_text.size + 1), events);
}

static bool llhttp_agrees(struct http_glue *glue, struct slice text, struct slice target,
                          const struct http_head *head, struct http_fault *fault)
{
    struct comparison comparison = {.head = head, .target = target};
    struct http_glue_events events = {compare_target, compare_field, ignore_piece, &comparison};
    bool is_read = glue_reads_head(glue, text, &events, head);
    struct http_glue_framing framing = http_glue_framing(glue);
    if (is_read && framing.is_complete && comparison.next_field == head->field_count &&
        framing.is_chunked == head->is_chunked && framing.content_length == head->content_length &&
        framing.minor_version == head->minor_version)
        return true;
    return HTTP_FAULT(fault, 400, "bad_head", "header", "The head can be read in two ways.");
}

/* Makes the blanks around each value spaces, as RFC 9110 5.5 allows: llhttp does not know `chunked`
 * with a tab behind it. */
static void spell_blanks_as_spaces(struct http_head *head)
{
    for (size_t i = 0; i < head->field_count; i++) {
        const struct http_field *field = &head->fields[i];
        char *colon = (char *)(uintptr_t)(field->name.data + field->name.size);
        char *value = field->value.size ? (char *)(uintptr_t)field->value.data : colon + 1;
        for (char *at = colon + 1; at < value; at++)
            *at = ' ';
        for (char *at = value + field->value.size; *at != '\r'; at++)
            *at = ' ';
    }
}

/* The validator reads the arena's copy, then llhttp. line_size is without the CRLF. */
static enum http_parse read_head(struct http_parser *parser, char *text, size_t size,
                                 size_t line_size, struct http_head *head, struct http_fault *fault)
{
    uint64_t max_target = parser->limits->max_target;
    if (!http_head_read_line(slice_of(text, line_size), max_target, head, fault)) {
        *head = (struct http_head){0}; /* the same as when it was judged before the rest came */
        return HTTP_PARSE_FAULT;
    }
    text[line_size - 1] = head->minor_version ? '1' : '0'; /* llhttp refuses 1.2 */
    size_t most = parser->line_count - 1;
    head->fields = arena_alloc(parser->arena, most * sizeof(*head->fields));
    parser->glue = http_glue_create(parser->arena);
    if (!head->fields || !parser->glue)
        return HTTP_PARSE_NO_MEMORY;
    struct slice fields = slice_of(text + line_size + 2, size - line_size - 2);
    if (!http_head_read_fields(fields, most, head, fault))
        return HTTP_PARSE_FAULT;
    spell_blanks_as_spaces(head);
    size_t before = head->method_text.size + 1;
    struct slice target = slice_of(text + before, line_size - before - sizeof(" HTTP/1.1") + 1);
    if (!llhttp_agrees(parser->glue, slice_of(text, size), target, head, fault))
        return HTTP_PARSE_FAULT;
    parser->is_chunked = head->is_chunked;
    parser->body_left = head->content_length;
    if (head->is_chunked)
        http_chunks_init(&parser->chunks, parser->limits->max_head, parser->limits->max_fields);
    return HTTP_PARSE_DONE;
}

enum http_parse http_parser_head(struct http_parser *parser, struct slice buffered,
                                 struct http_head *head, size_t *consumed, struct http_fault *fault)
{
    *head = (struct http_head){0};
    *consumed = 0;
    enum http_parse state = HTTP_PARSE_DONE;
    if (parser->line_count == 0 && parser->searched == parser->start)
        state = skip_empty_lines(parser, buffered, fault);
    if (state == HTTP_PARSE_DONE)
        state = find_end(parser, buffered, fault);
    if (state != HTTP_PARSE_DONE)
        return judge_unfinished(parser, buffered, state, head, fault);
    size_t size = parser->line - parser->start;
    struct slice text = arena_copy(parser->arena, slice_of(buffered.data + parser->start, size));
    if (!text.data)
        return HTTP_PARSE_NO_MEMORY;
    size_t line_size = parser->fields - parser->start - 2;
    state = read_head(parser, (char *)text.data, size, line_size, head, fault);
    if (state == HTTP_PARSE_DONE)
        *consumed = parser->line;
    return state;
}

static enum http_parse read_counted(struct http_parser *parser, struct slice bytes,
                                    size_t *consumed, http_parser_piece on_piece, void *context)
{
    size_t size = bytes.size < parser->body_left ? bytes.size : (size_t)parser->body_left;
    if (size)
        on_piece(context, slice_of(bytes.data, size));
    parser->body_left -= size;
    *consumed = size;
    return parser->body_left || parser->is_paused ? HTTP_PARSE_MORE : HTTP_PARSE_DONE;
}

static bool ignore_target(void *context, struct slice target)
{
    (void)context;
    (void)target;
    return true;
}

static bool ignore_field(void *context, struct slice name, struct slice value)
{
    (void)name;
    return ignore_target(context, value);
}

static enum http_parse read_chunked(struct http_parser *parser, struct slice bytes,
                                    size_t *consumed, http_parser_piece on_piece, void *context,
                                    struct http_fault *fault)
{
    struct http_glue_events events = {ignore_target, ignore_field, on_piece, context};
    enum http_chunks_state state;
    bool is_read = true, is_extension;
    *consumed = 0;
    do {
        struct slice run = slice_skip(bytes, *consumed);
        state = http_chunks_check(&parser->chunks, run, &run.size, &is_extension, fault);
        *consumed += run.size;
        if (!is_extension)
            is_read = http_glue_read(parser->glue, run, &events);
    } while (state == HTTP_CHUNKS_MORE && is_read && !parser->is_paused && *consumed < bytes.size);
    if (is_read && state == HTTP_CHUNKS_FAULT)
        return HTTP_PARSE_FAULT;
    if (!is_read || http_glue_is_done(parser->glue) != (state == HTTP_CHUNKS_DONE))
        return fault_to_parse(HTTP_FAULT(fault, 400, "bad_body", "body",
                                         "The chunked body can be read in two ways."));
    return state == HTTP_CHUNKS_DONE ? HTTP_PARSE_DONE : HTTP_PARSE_MORE;
}

enum http_parse http_parser_body(struct http_parser *parser, struct slice bytes, size_t *consumed,
                                 http_parser_piece on_piece, void *context,
                                 struct http_fault *fault)
{
    if (parser->is_chunked)
        return read_chunked(parser, bytes, consumed, on_piece, context, fault);
    return read_counted(parser, bytes, consumed, on_piece, context);
}
