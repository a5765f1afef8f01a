/* Learnt names in statements: in back-ticks, one inside doubled. */
#ifndef PORTCULLIS_RESOURCES_SQL_NAME_H
#define PORTCULLIS_RESOURCES_SQL_NAME_H

#include "base/buffer.h"

void sql_name_append(struct buffer *out, struct slice name);
/* alias.`name` */
void sql_column_append(struct buffer *out, const char *alias, struct slice name);

#endif
