/*
 * Whether a file's bytes are in memory, and how they get there: sendfile on a loop must not wait
 * for the disk.
 */
#ifndef PORTCULLIS_HTTP_FILE_PAGES_H
#define PORTCULLIS_HTTP_FILE_PAGES_H

#include <stdbool.h>
#include <stdint.h>

/* How many of the size bytes (> 0) from offset on are in memory, going by the pages at both ends:
 * where the last is not, by one half as far, and so on. Each look takes as long as a short read.
 * Never waits. 0 also where the file system cannot tell. */
uint64_t http_file_pages_in_memory(int descriptor, uint64_t offset, uint64_t size);
/* Waits for the disk: a thread of libuv's pool. False when it cannot be read. */
bool http_file_pages_fetch(int descriptor, uint64_t offset, uint64_t size);

#endif
