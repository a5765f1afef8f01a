/* Choosing the format, and what both formats write alike. */
#include "format/writer.h"

#include <inttypes.h>
#include <stdio.h>

#include "format/format_writers.h"

static struct writer *(*const makers[FORMAT_COUNT])(void) = {
    [FORMAT_JSON] = json_writer_create,
    [FORMAT_XML] = xml_writer_create,
};

struct writer *writer_create(enum format format)
{
    return makers[format]();
}

void writer_destroy(struct writer *writer)
{
    if (writer)
        writer->operations->destroy(writer);
}

void writer_integer(struct writer *writer, int64_t value)
{
    char digits[24];
    int size = snprintf(digits, sizeof(digits), "%" PRId64, value);
    writer_number(writer, slice_of(digits, (size_t)size));
}

void writer_member_string(struct writer *writer, struct slice name, struct slice text)
{
    writer_key(writer, name);
    writer_string(writer, text);
}

void writer_member_integer(struct writer *writer, struct slice name, int64_t value)
{
    writer_key(writer, name);
    writer_integer(writer, value);
}

void writer_member_null(struct writer *writer, struct slice name)
{
    writer_key(writer, name);
    writer_null(writer);
}
