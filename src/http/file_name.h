/* The name under which a file is saved: Content-Disposition (RFC 6266, RFC 8187). Pure. */
#ifndef PORTCULLIS_HTTP_FILE_NAME_H
#define PORTCULLIS_HTTP_FILE_NAME_H

#include "base/arena.h"

/* `attachment` with the name twice: in ASCII for the oldest clients, and in UTF-8. What could lead
 * out of a folder, break a line, or show the name in another order than it is written (`/`, `\`,
 * control characters, bidirectional overrides) becomes `_`, what is no UTF-8 U+FFFD, and what is
 * longer than file systems take is cut, its ending kept. Data NULL when memory is out. */
struct slice http_file_name_disposition(struct arena *arena, struct slice name);

#endif
