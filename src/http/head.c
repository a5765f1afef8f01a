/* One pass over the head's bytes, by table. */
#include "http/head.h"

#include "http/characters.h"
#include "http/fault.h"
#include "http/framing.h"
#include "http/method.h"
#include "http/target.h"

static bool bad_line(struct http_fault *fault)
{
    return HTTP_FAULT(fault, 400, "bad_request_line", "request line",
                      "A request line is METHOD SP target SP HTTP/1.1.");
}

/* "HTTP/" DIGIT "." DIGIT. A minor version above 1 is taken as 1 (RFC 9110 2.5). */
static bool read_version(struct slice text, struct http_head *head, struct http_fault *fault)
{
    if (text.size != 8 || !slice_starts_with(text, SLICE("HTTP/")) || text.data[6] != '.' ||
        !http_character_is(text.data[5], HTTP_CHARACTER_DIGIT) ||
        !http_character_is(text.data[7], HTTP_CHARACTER_DIGIT))
        return bad_line(fault);
    if (text.data[5] != '1')
        return HTTP_FAULT(fault, 505, "bad_version", "request line",
                          "Only HTTP/1.0 and HTTP/1.1 are spoken here.");
    head->minor_version = text.data[7] == '0' ? 0 : 1;
    return true;
}

bool http_head_read_line(struct slice line, uint64_t max_target, struct http_head *head,
                         struct http_fault *fault)
{
    size_t method = http_character_span(line, HTTP_CHARACTER_TOKEN);
    if (method == 0 || method == line.size || line.data[method] != ' ')
        return bad_line(fault);
    struct slice rest = slice_skip(line, method + 1);
    size_t target = slice_find(rest, ' ');
    if (target == 0)
        return bad_line(fault);
    if (target > max_target)
        return HTTP_FAULT(fault, 414, "target_too_long", "target", "The target is too long.");
    if (target == rest.size || !read_version(slice_skip(rest, target + 1), head, fault))
        return target == rest.size ? bad_line(fault) : false;
    head->method_text = slice_of(line.data, method);
    if (!http_method_find(head->method_text, &head->method))
        return HTTP_FAULT(fault, 501, "unknown_method", "method", "The method is not known.");
    return http_target_parse(slice_of(rest.data, target), head, fault);
}

static bool bad_name(struct slice line, size_t name, struct http_fault *fault)
{
    bool is_blank = name < line.size && (line.data[name] == ' ' || line.data[name] == '\t');
    if (name == 0 && is_blank)
        return HTTP_FAULT(fault, 400, "bad_field", "header", "Folded lines are not accepted.");
    if (name == 0)
        return HTTP_FAULT(fault, 400, "bad_field", "header", "A field has no name.");
    if (is_blank)
        return HTTP_FAULT(fault, 400, "bad_field", "header", "A blank stands before the colon.");
    return HTTP_FAULT(fault, 400, "bad_field", "header", "A field's name is malformed.");
}

/* One line at the start of text; *size becomes its length with its CRLF. */
static bool read_field(struct slice text, struct http_field *field, size_t *size,
                       struct http_fault *fault)
{
    size_t name = http_character_span(text, HTTP_CHARACTER_TOKEN);
    if (name == 0 || name == text.size || text.data[name] != ':')
        return bad_name(text, name, fault);
    struct slice rest = slice_skip(text, name + 1);
    size_t value = http_character_span(rest, HTTP_CHARACTER_FIELD);
    if (value + 2 > rest.size || rest.data[value] != '\r' || rest.data[value + 1] != '\n')
        return HTTP_FAULT(fault, 400, "bad_field", "header",
                          "A field's value holds a control character.");
    field->name = slice_of(text.data, name);
    field->value = slice_trim(slice_of(rest.data, value));
    *size = name + 1 + value + 2;
    return true;
}

bool http_head_read_fields(struct slice text, size_t max_fields, struct http_head *head,
                           struct http_fault *fault)
{
    struct http_framing framing = {0};
    size_t at = 0;
    while (text.size - at > 2 && head->field_count < max_fields) {
        struct http_field *field = &head->fields[head->field_count];
        size_t size;
        if (!read_field(slice_skip(text, at), field, &size, fault))
            return false;
        http_framing_note(&framing, field);
        head->field_count++;
        at += size;
    }
    if (!slice_equal(slice_skip(text, at), SLICE("\r\n")))
        return HTTP_FAULT(fault, 400, "bad_field", "header", "The head's end is malformed.");
    return http_framing_decide(&framing, head, fault);
}
