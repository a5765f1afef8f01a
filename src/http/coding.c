/* Which coding an answer may have: Accept-Encoding (RFC 9110 12.5.3). */
#include "http/http.h"

/* A weight in thousandths (RFC 9110 12.4.2). What is malformed counts as 0: when in doubt, send
 * the plain bytes that every client understands. */
static unsigned parse_weight(struct slice text)
{
    static const unsigned scale[] = {100, 10, 1};
    if (text.size == 0 || text.size > 5 || (text.data[0] != '0' && text.data[0] != '1'))
        return 0;
    unsigned weight = text.data[0] == '1' ? 1000 : 0;
    if (text.size > 1 && text.data[1] != '.')
        return 0;
    for (size_t i = 2; i < text.size; i++) {
        if (text.data[i] < '0' || text.data[i] > '9')
            return 0;
        weight += (unsigned)(text.data[i] - '0') * scale[i - 2];
    }
    return weight > 1000 ? 0 : weight;
}

static unsigned weight_of(struct slice parameters)
{
    struct slice parameter;
    while (slice_split(&parameters, ';', &parameter)) {
        parameter = slice_trim(parameter);
        if (parameter.size >= 2 && (parameter.data[0] | 0x20) == 'q' && parameter.data[1] == '=')
            return parse_weight(slice_skip(parameter, 2));
    }
    return 1000;
}

struct wishes {
    bool names_gzip, names_brotli;
    unsigned gzip, brotli, any, identity; /* thousandths */
};

static void read_wishes(struct slice value, struct wishes *wishes)
{
    struct slice element;
    while (slice_split(&value, ',', &element)) {
        size_t end = slice_find(element, ';');
        struct slice name = slice_trim(slice_of(element.data, end));
        unsigned weight =
            end < element.size ? weight_of(slice_skip(element, end + 1)) : (unsigned)1000;
        if (slice_equal_nocase(name, SLICE("br"))) {
            wishes->names_brotli = true;
            wishes->brotli = weight;
        } else if (slice_equal_nocase(name, SLICE("gzip")) ||
                   slice_equal_nocase(name, SLICE("x-gzip"))) {
            wishes->names_gzip = true;
            wishes->gzip = weight;
        } else if (slice_equal_nocase(name, SLICE("identity"))) {
            wishes->identity = weight;
        } else if (slice_equal(name, SLICE("*"))) {
            wishes->any = weight;
        }
    }
}

enum http_coding http_accepted_coding(const struct http_request *request)
{
    struct wishes wishes = {0};
    for (size_t i = 0; i < request->field_count; i++) {
        if (slice_equal_nocase(request->fields[i].name, SLICE("accept-encoding")))
            read_wishes(request->fields[i].value, &wishes);
    }
    unsigned brotli = wishes.names_brotli ? wishes.brotli : wishes.any;
    unsigned gzip = wishes.names_gzip ? wishes.gzip : wishes.any;
    unsigned best = brotli > gzip ? brotli : gzip;
    if (best == 0 || best < wishes.identity)
        return HTTP_CODING_IDENTITY;
    return brotli >= gzip ? HTTP_CODING_BROTLI : HTTP_CODING_GZIP;
}

struct slice http_coding_name(enum http_coding coding)
{
    static const struct slice names[] = {
        [HTTP_CODING_IDENTITY] = SLICE("identity"),
        [HTTP_CODING_GZIP] = SLICE("gzip"),
        [HTTP_CODING_BROTLI] = SLICE("br"),
    };
    return names[coding];
}
