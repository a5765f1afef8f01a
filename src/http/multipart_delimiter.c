/* NOTHING -CR-> TEXT... -> AFTER (-"--"-> DASH -> PADDING | -blank-> PADDING) -CR-> LF -> found */
#include "http/multipart_delimiter.h"

#include <string.h>

enum state {
    NOTHING, /* no delimiter has begun */
    TEXT,    /* in delimiter->text */
    AFTER,   /* behind the boundary */
    DASH,    /* behind the first of the closing dashes */
    PADDING,
    LF, /* behind the last CR */
};

enum step { GOES_ON, IS_NONE, IS_WHOLE };

static void begin(struct multipart_delimiter *delimiter, uint8_t matched)
{
    delimiter->state = TEXT;
    delimiter->matched = matched;
    delimiter->padding = 0;
    delimiter->is_closing = false;
}

void multipart_delimiter_init(struct multipart_delimiter *delimiter, struct slice boundary)
{
    *delimiter = (struct multipart_delimiter){.text = "\r\n--"};
    memcpy(delimiter->text + 4, boundary.data, boundary.size);
    delimiter->text_size = (uint8_t)(4 + boundary.size);
}

void multipart_delimiter_restart(struct multipart_delimiter *delimiter)
{
    begin(delimiter, 2);
    delimiter->held_size = 0;
}

static enum step step_text(struct multipart_delimiter *delimiter, char c)
{
    if (c != delimiter->text[delimiter->matched])
        return IS_NONE;
    if (++delimiter->matched == delimiter->text_size)
        delimiter->state = AFTER;
    return GOES_ON;
}

static enum step step_padding(struct multipart_delimiter *delimiter, char c)
{
    delimiter->state = c == '\r' ? LF : PADDING;
    if (c == '\r')
        return GOES_ON;
    bool is_blank = c == ' ' || c == '\t';
    return is_blank && ++delimiter->padding <= MULTIPART_MOST_PADDING ? GOES_ON : IS_NONE;
}

static enum step step(struct multipart_delimiter *delimiter, char c)
{
    switch (delimiter->state) {
    case TEXT:
        return step_text(delimiter, c);
    case AFTER:
        if (c != '-')
            return step_padding(delimiter, c);
        delimiter->state = DASH;
        return GOES_ON;
    case DASH:
        delimiter->state = PADDING;
        delimiter->is_closing = true;
        return c == '-' ? GOES_ON : IS_NONE;
    case PADDING:
        return step_padding(delimiter, c);
    default:
        return c == '\n' ? IS_WHOLE : IS_NONE;
    }
}

/* Where the next delimiter may begin at or after `at`; bytes.size when nowhere. */
static size_t seek(struct multipart_delimiter *delimiter, struct slice bytes, size_t at)
{
    const char *cr = memchr(bytes.data + at, '\r', bytes.size - at);
    if (!cr)
        return bytes.size;
    begin(delimiter, 0);
    return (size_t)(cr - bytes.data);
}

/* What was held is text after all, or was the delimiter. */
static void end_search(struct multipart_delimiter *delimiter)
{
    delimiter->state = NOTHING;
    delimiter->held_size = 0;
}

static void hold(struct multipart_delimiter *delimiter, struct slice bytes)
{
    memcpy(delimiter->held + delimiter->held_size, bytes.data, bytes.size);
    delimiter->held_size = (uint16_t)(delimiter->held_size + bytes.size);
}

bool multipart_delimiter_find(struct multipart_delimiter *delimiter, struct slice *bytes,
                              void (*on_text)(void *context, struct slice text), void *context)
{
    struct slice all = *bytes;
    size_t start = 0; /* where what may be the delimiter begins; before it is text */
    size_t at = 0;
    enum step found = GOES_ON;
    while (at < all.size && found != IS_WHOLE) {
        if (delimiter->state == NOTHING) {
            start = at = seek(delimiter, all, at);
            continue;
        }
        found = step(delimiter, all.data[at]);
        if (found == IS_NONE && delimiter->held_size > 0)
            on_text(context, slice_of(delimiter->held, delimiter->held_size));
        if (found == IS_NONE)
            end_search(delimiter);
        else
            at++;
    }
    *bytes = slice_skip(all, at);
    if (start > 0)
        on_text(context, slice_of(all.data, start));
    if (found == IS_WHOLE)
        end_search(delimiter);
    else
        hold(delimiter, slice_skip(all, start));
    return found == IS_WHOLE;
}

bool multipart_delimiter_closes(const struct multipart_delimiter *delimiter)
{
    return delimiter->is_closing && delimiter->state == PADDING;
}

bool multipart_delimiter_is(const struct multipart_delimiter *delimiter, struct slice line)
{
    struct slice dashes = slice_of(delimiter->text + 2, delimiter->text_size - 2U);
    if (!slice_starts_with(line, dashes))
        return false;
    line = slice_skip(line, dashes.size);
    if (slice_starts_with(line, SLICE("--")))
        line = slice_skip(line, 2);
    return slice_trim(line).size == 0;
}
