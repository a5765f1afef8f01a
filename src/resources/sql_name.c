/* Quoting of names. */
#include "resources/sql_name.h"

void sql_name_append(struct buffer *out, struct slice name)
{
    struct slice part;
    bool is_first = true;
    buffer_append_char(out, '`');
    while (slice_split(&name, '`', &part)) {
        if (!is_first)
            buffer_append_slice(out, SLICE("``"));
        buffer_append_slice(out, part);
        is_first = false;
    }
    buffer_append_char(out, '`');
}

void sql_column_append(struct buffer *out, const char *alias, struct slice name)
{
    buffer_append_slice(out, slice_from(alias));
    buffer_append_char(out, '.');
    sql_name_append(out, name);
}
