/*
 * llhttp behind a few functions of ours: its header's names clash with those of http.h, so that
 * only glue.c sees it. One glue a request, in the request's arena; nothing to free.
 */
#ifndef PORTCULLIS_HTTP_GLUE_H
#define PORTCULLIS_HTTP_GLUE_H

#include "base/arena.h"

struct http_glue;

/* What llhttp told while it read; each may refuse with false. */
struct http_glue_events {
    bool (*on_target)(void *context, struct slice target);
    bool (*on_field)(void *context, struct slice name, struct slice value);
    void (*on_piece)(void *context, struct slice piece); /* of the body */
    void *context;
};

/* What llhttp makes of a whole head. */
struct http_glue_framing {
    bool is_complete; /* it saw the head's end */
    bool is_chunked;
    uint64_t content_length;
    unsigned minor_version;
};

/* NULL when memory is out. */
struct http_glue *http_glue_create(struct arena *arena);
/* Reads bytes on; false when llhttp or an event refuses them. events is borrowed for the call. */
bool http_glue_read(struct http_glue *glue, struct slice bytes,
                    const struct http_glue_events *events);
struct http_glue_framing http_glue_framing(const struct http_glue *glue);
/* Has llhttp seen the message's end? */
bool http_glue_is_done(const struct http_glue *glue);
/* llhttp's own word for its error, for tests and the log. */
const char *http_glue_error(const struct http_glue *glue);

#endif
