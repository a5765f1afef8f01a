/* The words of information_schema's COLUMN_TYPE: `int(10) unsigned`, `enum('a','it''s')`. Pure. */
#ifndef PORTCULLIS_WHMCS_SCHEMA_TYPE_H
#define PORTCULLIS_WHMCS_SCHEMA_TYPE_H

#include "whmcs/schema.h"

/* Sets type, is_unsigned, integer_bits and allowed from column->type_text; an unknown type counts
 * as binary, which nothing is done with. False only when memory is out. */
bool schema_type_parse(struct arena *arena, struct schema_column *column);

#endif
