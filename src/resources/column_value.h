/*
 * Does a client's value fit a column, and what is bound for it? The same rules serve filters and
 * cursors; what is to be stored is looked at more strictly (stored_value.h).
 */
#ifndef PORTCULLIS_RESOURCES_COLUMN_VALUE_H
#define PORTCULLIS_RESOURCES_COLUMN_VALUE_H

#include "format/value.h"
#include "format/writer.h"
#include "resources/model.h"
#include "store/database.h"

/*
 * Reads a scalar (number, string, boolean) for the column. On success *bound can be bound beside
 * the column, borrowing value's text; on failure *expected says in words what is allowed ("an
 * integer from 0 to 255").
 */
bool column_value_read(const struct model_column *column, const struct value *value,
                       struct arena *arena, struct database_value *bound, struct slice *expected);

/* Writes a bound value as the column's cells are written: numbers for numeric columns. */
void column_value_write(struct writer *writer, const struct model_column *column,
                        const struct database_value *value);

/* Can the column's character set hold the text? MySQL refuses to compare what it cannot convert
 * (error 1267), so the column must then be converted instead. True for what is no text. */
bool column_holds(const struct model_column *column, struct slice text);

/* Can the column be compared with values at all? */
bool column_is_filterable(const struct model_column *column);
/* Does it hold text that LIKE and `search` make sense for? */
bool column_is_text(const struct model_column *column);

#endif
