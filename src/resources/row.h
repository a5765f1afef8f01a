/* A row on its way from the database's cursor into the writer; nothing is kept in between. */
#ifndef PORTCULLIS_RESOURCES_ROW_H
#define PORTCULLIS_RESOURCES_ROW_H

#include "format/writer.h"
#include "resources/plan.h"
#include "resources/tag.h"

/* Appends what a binary cell is shown as. */
void row_print_binary(struct buffer *text, struct slice bytes);

/* Writes the members of one row (between the caller's object_begin and object_end). record, when
 * not NULL, is fed the writable columns. */
void row_write_members(struct writer *writer, const struct plan *plan,
                       const struct database_cell *cells, struct tag_hash *record);

#endif
