/*
 * A state machine with one small function a state:
 *
 *   SIZE --;--> EXTENSION... --CR--> SIZE_LF -> DATA -> DATA_CR -> DATA_LF -> SIZE
 *                                       `0`-> LINE -> NAME -> VALUE -> VALUE_LF -> LINE
 *                                              `CR`-> END_LF -> END
 */
#include "http/chunks.h"

#include "base/hex.h"
#include "http/characters.h"
#include "http/fault.h"

enum state {
    SIZE,
    EXTENSION_START, /* after ';' */
    EXTENSION_NAME,
    EXTENSION_VALUE_START, /* after '=' */
    EXTENSION_VALUE,
    EXTENSION_QUOTED,
    EXTENSION_ESCAPE, /* after a backslash in quotes */
    EXTENSION_AFTER,  /* after the closing quote */
    SIZE_LF,
    DATA,
    DATA_CR,
    DATA_LF,
    LINE, /* at the start of a trailer line */
    NAME,
    VALUE,
    VALUE_LF,
    END_LF,
    END,
    REFUSED, /* what a step returns for a byte that has no place there */
};

enum { MOST_DIGITS = 16 };

/* Fields that tell where a message ends, where it goes, who sends it or how to read it: RFC 9110
 * 6.5.1 keeps them out of trailers. */
static const char *const forbidden_names[] = {
    "accept-encoding",
    "authentication-info",
    "authorization",
    "cache-control",
    "connection",
    "content-encoding",
    "content-length",
    "content-range",
    "content-type",
    "cookie",
    "date",
    "expect",
    "forwarded",
    "host",
    "if-match",
    "if-modified-since",
    "if-none-match",
    "if-range",
    "if-unmodified-since",
    "keep-alive",
    "max-forwards",
    "origin",
    "pragma",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "range",
    "set-cookie",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "via",
    "www-authenticate",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-proto",
    "x-http-method-override",
    "x-real-ip",
};

void http_chunks_init(struct http_chunks *chunks, uint64_t max_trailer, uint64_t max_fields)
{
    *chunks = (struct http_chunks){.max_trailer = max_trailer, .max_fields = max_fields};
}

static bool bad_chunk(struct http_fault *fault)
{
    return HTTP_FAULT(fault, 400, "bad_chunk", "body", "The chunked body is malformed.");
}

static enum state step_size(struct http_chunks *chunks, char c)
{
    int digit = hex_value(c);
    if (digit >= 0) {
        if (chunks->digits == MOST_DIGITS || chunks->left > (uint64_t)INT64_MAX >> 4U)
            return REFUSED;
        chunks->digits++;
        chunks->left = chunks->left << 4U | (unsigned)digit;
        return SIZE;
    }
    if (chunks->digits == 0)
        return REFUSED;
    if (c == ';') {
        chunks->extension = 1;
        return EXTENSION_START;
    }
    return c == '\r' ? SIZE_LF : REFUSED;
}

/* Between extensions: another begins, or the line ends. */
static enum state step_after_extension(char c)
{
    if (c == ';')
        return EXTENSION_START;
    return c == '\r' ? SIZE_LF : REFUSED;
}

static enum state step_quoted(char c)
{
    if (c == '"')
        return EXTENSION_AFTER;
    if (c == '\\')
        return EXTENSION_ESCAPE;
    return http_character_is(c, HTTP_CHARACTER_FIELD) ? EXTENSION_QUOTED : REFUSED;
}

/* RFC 9112 7.1.1, without blanks: ;name, ;name=token, ;name="quoted". */
static enum state step_extension(struct http_chunks *chunks, enum state state, char c)
{
    bool is_token = http_character_is(c, HTTP_CHARACTER_TOKEN);
    if (c != '\r' && ++chunks->extension > HTTP_CHUNK_EXTENSION_BYTES)
        return REFUSED;
    switch (state) {
    case EXTENSION_START:
        return is_token ? EXTENSION_NAME : REFUSED;
    case EXTENSION_NAME:
        if (c == '=')
            return EXTENSION_VALUE_START;
        return is_token ? EXTENSION_NAME : step_after_extension(c);
    case EXTENSION_VALUE_START:
        if (c == '"')
            return EXTENSION_QUOTED;
        return is_token ? EXTENSION_VALUE : REFUSED;
    case EXTENSION_VALUE:
        return is_token ? EXTENSION_VALUE : step_after_extension(c);
    case EXTENSION_QUOTED:
        return step_quoted(c);
    case EXTENSION_ESCAPE:
        return http_character_is(c, HTTP_CHARACTER_FIELD) ? EXTENSION_QUOTED : REFUSED;
    default:
        return step_after_extension(c);
    }
}

static enum state step_size_lf(struct http_chunks *chunks, char c)
{
    if (c != '\n')
        return REFUSED;
    chunks->digits = 0;
    chunks->extension = 0;
    return chunks->left ? DATA : LINE;
}

static bool is_forbidden(const struct http_chunks *chunks)
{
    if (chunks->name_size > HTTP_TRAILER_NAME_BYTES)
        return false;
    struct slice name = slice_of(chunks->name, chunks->name_size);
    for (size_t i = 0; i < sizeof(forbidden_names) / sizeof(*forbidden_names); i++)
        if (slice_equal(name, slice_from(forbidden_names[i])))
            return true;
    return false;
}

static enum state step_name(struct http_chunks *chunks, char c)
{
    if (c == ':')
        return chunks->name_size == 0 || is_forbidden(chunks) ? REFUSED : VALUE;
    if (!http_character_is(c, HTTP_CHARACTER_TOKEN))
        return REFUSED;
    if (chunks->name_size < HTTP_TRAILER_NAME_BYTES)
        chunks->name[chunks->name_size] = (char)(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
    if (chunks->name_size <= HTTP_TRAILER_NAME_BYTES)
        chunks->name_size++;
    return NAME;
}

static enum state step_line(struct http_chunks *chunks, char c)
{
    if (c == '\r')
        return END_LF;
    chunks->name_size = 0;
    chunks->trailer_count++;
    return step_name(chunks, c);
}

static enum state step_value(char c)
{
    if (c == '\r')
        return VALUE_LF;
    return http_character_is(c, HTTP_CHARACTER_FIELD) ? VALUE : REFUSED;
}

static enum state step(struct http_chunks *chunks, enum state state, char c)
{
    switch (state) {
    case SIZE:
        return step_size(chunks, c);
    case SIZE_LF:
        return step_size_lf(chunks, c);
    case DATA_CR:
        return c == '\r' ? DATA_LF : REFUSED;
    case DATA_LF:
        return c == '\n' ? SIZE : REFUSED;
    case LINE:
        return step_line(chunks, c);
    case NAME:
        return step_name(chunks, c);
    case VALUE:
        return step_value(c);
    case VALUE_LF:
        return c == '\n' ? LINE : REFUSED;
    case END_LF:
        return c == '\n' ? END : REFUSED;
    default:
        return step_extension(chunks, state, c);
    }
}

/* Limits of the trailer section, the head's own; and what a refused byte means. */
static bool judge(struct http_chunks *chunks, enum state before, enum state after,
                  struct http_fault *fault)
{
    if (before >= LINE &&
        (++chunks->trailer > chunks->max_trailer || chunks->trailer_count > chunks->max_fields))
        return HTTP_FAULT(fault, 431, "trailer_too_large", "trailer",
                          "The trailer section is too large.");
    if (after != REFUSED)
        return true;
    if (before >= LINE)
        return HTTP_FAULT(fault, 400, "bad_trailer", "trailer",
                          "The trailer section is malformed or names a field it may not.");
    return bad_chunk(fault);
}

/* Skips over chunk data; the bytes of it that are here. */
static size_t skip_data(struct http_chunks *chunks, size_t size)
{
    if (size > chunks->left)
        size = (size_t)chunks->left;
    chunks->left -= size;
    if (chunks->left == 0)
        chunks->state = DATA_CR;
    return size;
}

static bool is_extension_state(unsigned state)
{
    return state >= EXTENSION_START && state <= EXTENSION_AFTER;
}

/* The byte at which extensions begin or end is stepped over again by the next call: of those two
 * (';' and CR) a second step notes nothing new. */
enum http_chunks_state http_chunks_check(struct http_chunks *chunks, struct slice bytes,
                                         size_t *checked, bool *is_extension,
                                         struct http_fault *fault)
{
    *is_extension = false;
    for (*checked = 0; *checked < bytes.size && chunks->state != END;) {
        if (chunks->state == DATA) {
            *checked += skip_data(chunks, bytes.size - *checked);
            break;
        }
        enum state next = step(chunks, (enum state)chunks->state, bytes.data[*checked]);
        if (!judge(chunks, (enum state)chunks->state, next, fault))
            return HTTP_CHUNKS_FAULT;
        if (*checked > 0 && is_extension_state(next) != *is_extension)
            break;
        *is_extension = is_extension_state(next);
        chunks->state = (uint8_t)next;
        *checked += 1;
    }
    return chunks->state == END ? HTTP_CHUNKS_DONE : HTTP_CHUNKS_MORE;
}
