/* files/{id}/download: from the record to an open descriptor. Sending is the HTTP room's. */
#ifndef PORTCULLIS_RESOURCES_DOWNLOAD_H
#define PORTCULLIS_RESOURCES_DOWNLOAD_H

#include "resources/execute.h"

/* Opens the bytes of the record that the set's query names. 404 with the problem set when there is
 * no such record, no such file, or a path that leaves files.root (logged). */
enum result download_open(struct execute_context *context, const struct query_set *set,
                          struct execute_file *file, struct problem *problem);

#endif
