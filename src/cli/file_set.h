/* A set of files, by device and inode: 32 bytes of memory a file at the most. */
#ifndef PORTCULLIS_CLI_FILE_SET_H
#define PORTCULLIS_CLI_FILE_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

struct file_set_entry {
    uint64_t device;
    uint64_t inode; /* 0: free */
};

struct file_set {
    struct file_set_entry *entries;
    size_t capacity; /* a power of two, or 0 */
    size_t count;
};

void file_set_clear(struct file_set *set);
/* false: memory is out. */
bool file_set_add(struct file_set *set, const struct stat *status);
bool file_set_has(const struct file_set *set, const struct stat *status);

#endif
