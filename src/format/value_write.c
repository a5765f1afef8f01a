/* A tree of values into an answer. Recursive: what is read is nested no deeper than was allowed. */
#include "format/value.h"
#include "format/writer.h"

static void write_children(struct writer *writer, const struct value *value)
{
    for (const struct value *child = value->first; child; child = child->next) {
        if (value->type == VALUE_OBJECT)
            writer_key(writer, child->name);
        value_write(writer, child);
    }
}

void value_write(struct writer *writer, const struct value *value)
{
    switch (value->type) {
    case VALUE_NULL:
        writer_null(writer);
        return;
    case VALUE_BOOLEAN:
        writer_boolean(writer, value->boolean);
        return;
    case VALUE_NUMBER:
        writer_number(writer, value->text);
        return;
    case VALUE_STRING:
        writer_string(writer, value->text);
        return;
    case VALUE_LIST:
        writer_list_begin(writer, SLICE("item"));
        write_children(writer, value);
        writer_list_end(writer);
        return;
    case VALUE_OBJECT:
        writer_object_begin(writer);
        write_children(writer, value);
        writer_object_end(writer);
        return;
    }
}
