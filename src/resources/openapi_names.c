/* Names and phrases: what people read, and what code generators make names of. */
#include "resources/openapi_parts.h"

static bool is_plain(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/* A component that every document has; what a catalog calls so gets a _ behind it. */
static bool is_taken(const struct openapi *openapi, struct slice name)
{
    return value_get(value_get(openapi->fixed, SLICE("answers")), name) ||
           value_get(value_get(openapi->fixed, SLICE("schemas")), name) ||
           slice_equal(name, SLICE("Limit"));
}

/* Bytes of UTF-8 beyond ASCII become _ each: rare, and still told apart by their number. */
static void append_plain(struct buffer *text, struct slice name, bool is_capital)
{
    for (size_t i = 0; i < name.size; i++) {
        char c = is_plain(name.data[i]) ? name.data[i] : '_';
        if (is_capital && i == 0 && c >= 'a' && c <= 'z')
            c = (char)(c - 'a' + 'A');
        buffer_append_char(text, c);
    }
}

static void append_name(struct openapi *openapi, struct buffer *text, struct slice name)
{
    size_t begin = text->size;
    append_plain(text, name, true);
    if (is_taken(openapi, slice_skip(buffer_slice(text), begin)))
        buffer_append_char(text, '_');
}

static struct slice keep(struct openapi *openapi, struct buffer *text)
{
    struct slice copy = arena_copy(&openapi->arena, buffer_slice(text));
    openapi->has_failed = openapi->has_failed || text->has_failed || !copy.data;
    buffer_clear(text);
    return copy.data ? copy : SLICE("");
}

struct slice openapi_component(struct openapi *openapi, struct slice text)
{
    struct buffer name;
    buffer_init(&name);
    append_plain(&name, text, false);
    return keep(openapi, &name);
}

struct slice openapi_key_name(struct openapi *openapi, const struct model_resource *resource)
{
    return openapi_component(openapi, model_key(resource)->name);
}

static struct slice article(struct slice name)
{
    bool has_vowel = name.size && slice_find(SLICE("aeio"), name.data[0]) < 4;
    return has_vowel ? SLICE("an") : SLICE("a");
}

static void append_part(struct openapi *openapi, struct buffer *text, char part,
                        const struct openapi_place *place)
{
    struct slice parent = place->parent ? place->parent->resource->singular : SLICE("");
    switch (part) {
    case 'R':
        append_name(openapi, text, place->resource->name);
        break;
    case 'S':
        append_name(openapi, text, place->resource->singular);
        break;
    case 'P':
        append_name(openapi, text, parent);
        break;
    case 'r':
        buffer_append_slice(text, place->resource->name);
        break;
    case 's':
        buffer_append_slice(text, place->resource->singular);
        break;
    case 'p':
        buffer_append_slice(text, parent);
        break;
    case 'a':
        buffer_append_slice(text, article(place->resource->singular));
        break;
    case 'b':
        buffer_append_slice(text, article(parent));
        break;
    default:
        buffer_append_char(text, part);
    }
}

struct slice openapi_phrase(struct openapi *openapi, const char *phrase,
                            const struct openapi_place *place)
{
    struct buffer text;
    buffer_init(&text);
    for (const char *c = phrase; *c; c++) {
        if (*c == '%' && c[1])
            append_part(openapi, &text, *++c, place);
        else
            buffer_append_char(&text, *c);
    }
    return keep(openapi, &text);
}
