/* Text that others chose, shown on a terminal. */
#ifndef PORTCULLIS_CLI_FOREIGN_TEXT_H
#define PORTCULLIS_CLI_FOREIGN_TEXT_H

#include "base/slice.h"

/* To stdout, on one line: what a terminal would obey (control characters, those that turn the
 * direction of writing, what is no UTF-8) byte by byte as \xNN, a backslash doubled. How many
 * characters that were. */
size_t foreign_text_print(struct slice text);

#endif
