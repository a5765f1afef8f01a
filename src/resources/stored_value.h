/*
 * Can a column store what a client sent? Stricter than column_value.h, which asks whether the two
 * can be compared: nothing may be cut, rounded or replaced on its way in (data-model.md, "Traits").
 */
#ifndef PORTCULLIS_RESOURCES_STORED_VALUE_H
#define PORTCULLIS_RESOURCES_STORED_VALUE_H

#include "resources/column_value.h"

/* As column_value_read, of a value to be stored; null too, where the column takes it. The
 * catalog's allowed values and bounds are looked at as well. */
bool stored_value_read(const struct model_column *column, const struct value *value,
                       struct arena *arena, struct database_value *bound, struct slice *expected);

/* The same of a value that is to be what is stored already, and so is compared alone: null, and
 * what a binary column is shown as, are such values too. */
bool stored_value_read_repeated(const struct model_column *column, const struct value *value,
                                struct arena *arena, struct database_value *bound,
                                struct slice *expected);

/* Is the value what the cell of the column holds? Texts byte by byte as they were shown (bad UTF-8
 * mended, binary as base64), numbers and dates by what they say. */
bool stored_value_equals(const struct model_column *column, const struct database_value *value,
                         const struct database_cell *cell);

/* What an INSERT supplies where the client gives nothing and the column has no default of its own:
 * '', 0, the zero date, an ENUM's first member (data-model.md). */
struct database_value stored_value_empty(const struct schema_column *column);

#endif
