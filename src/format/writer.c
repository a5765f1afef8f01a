/* Choosing the format, and what both formats write alike. */
#include "format/writer.h"

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

bool writer_create_each(struct writer *writers[FORMAT_COUNT], bool numbers_as_strings)
{
    bool is_whole = true;
    for (size_t i = 0; i < FORMAT_COUNT; i++) {
        writers[i] = writer_create((enum format)i);
        if (writers[i])
            writers[i]->numbers_as_strings = numbers_as_strings;
        is_whole = is_whole && writers[i];
    }
    return is_whole;
}

void writer_integer(struct writer *writer, int64_t value)
{
    char digits[20];
    uint64_t rest = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    size_t at = sizeof(digits);
    do {
        digits[--at] = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest);
    if (value < 0)
        digits[--at] = '-';
    writer_number(writer, slice_of(digits + at, sizeof(digits) - at));
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
