/* The makers of the two formats' writers, for writer.c alone. */
#ifndef PORTCULLIS_FORMAT_FORMAT_WRITERS_H
#define PORTCULLIS_FORMAT_FORMAT_WRITERS_H

#include "format/writer.h"

/* NULL when memory is out, each. */
struct writer *json_writer_create(void);
struct writer *xml_writer_create(void);

#endif
