/*
 * The callbacks gather each name, value and target as one run of bytes: a head is given to llhttp
 * in one piece, but nothing says that llhttp gives it back so.
 */
#include "http/glue.h"

#include "llhttp.h"

struct http_glue {
    llhttp_t parser;
    const struct http_glue_events *events; /* of the call that is on */
    struct slice target;
    struct slice name;
    struct slice value;
    struct http_glue_framing framing;
    bool is_done;
};

static void span_add(struct slice *span, const char *at, size_t size)
{
    if (!span->data)
        span->data = at;
    span->size = (size_t)(at + size - span->data);
}

static int on_url(llhttp_t *parser, const char *at, size_t size)
{
    span_add(&((struct http_glue *)parser->data)->target, at, size);
    return 0;
}

static int on_url_complete(llhttp_t *parser)
{
    struct http_glue *glue = parser->data;
    return glue->events->on_target(glue->events->context, glue->target) ? 0 : HPE_USER;
}

static int on_name(llhttp_t *parser, const char *at, size_t size)
{
    struct http_glue *glue = parser->data;
    if (!glue->framing.is_complete)
        span_add(&glue->name, at, size);
    return 0;
}

static int on_value(llhttp_t *parser, const char *at, size_t size)
{
    struct http_glue *glue = parser->data;
    if (!glue->framing.is_complete)
        span_add(&glue->value, at, size);
    return 0;
}

/* Trailers come here too, but only http_chunks_check looks at them. */
static int on_value_complete(llhttp_t *parser)
{
    struct http_glue *glue = parser->data;
    struct slice name = glue->name, value = glue->value;
    glue->name = glue->value = slice_of(NULL, 0);
    if (glue->framing.is_complete)
        return 0;
    return glue->events->on_field(glue->events->context, name, value) ? 0 : HPE_USER;
}

/* Upgrade is ignored, and CONNECT is answered like any other method. */
static int on_headers_complete(llhttp_t *parser)
{
    struct http_glue *glue = parser->data;
    parser->upgrade = 0;
    glue->framing = (struct http_glue_framing){
        .is_complete = true,
        .is_chunked = (parser->flags & F_CHUNKED) != 0,
        .content_length = parser->content_length,
        .minor_version = parser->http_minor,
    };
    return 0;
}

static int on_body(llhttp_t *parser, const char *at, size_t size)
{
    struct http_glue *glue = parser->data;
    if (size)
        glue->events->on_piece(glue->events->context, slice_of(at, size));
    return 0;
}

static int on_message_complete(llhttp_t *parser)
{
    ((struct http_glue *)parser->data)->is_done = true;
    return 0;
}

static const llhttp_settings_t settings = {
    .on_url = on_url,
    .on_url_complete = on_url_complete,
    .on_header_field = on_name,
    .on_header_value = on_value,
    .on_header_value_complete = on_value_complete,
    .on_headers_complete = on_headers_complete,
    .on_body = on_body,
    .on_message_complete = on_message_complete,
};

struct http_glue *http_glue_create(struct arena *arena)
{
    struct http_glue *glue = arena_zalloc(arena, sizeof(*glue));
    if (!glue)
        return NULL;
    llhttp_init(&glue->parser, HTTP_REQUEST, &settings);
    glue->parser.data = glue;
    return glue;
}

bool http_glue_read(struct http_glue *glue, struct slice bytes,
                    const struct http_glue_events *events)
{
    if (bytes.size == 0)
        return true;
    glue->events = events;
    return llhttp_execute(&glue->parser, bytes.data, bytes.size) == HPE_OK;
}

struct http_glue_framing http_glue_framing(const struct http_glue *glue)
{
    return glue->framing;
}

bool http_glue_is_done(const struct http_glue *glue)
{
    return glue->is_done;
}

const char *http_glue_error(const struct http_glue *glue)
{
    return llhttp_errno_name(llhttp_get_errno(&glue->parser));
}
