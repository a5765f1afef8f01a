/* Open addressing, half full at the most. */
#include "cli/file_set.h"

#include <stdlib.h>

enum { FIRST_CAPACITY = 1024 };

void file_set_clear(struct file_set *set)
{
    free(set->entries);
    *set = (struct file_set){0};
}

/* The entry of that file, or the free one where it belongs. */
static struct file_set_entry *find(const struct file_set *set, uint64_t device, uint64_t inode)
{
    size_t at = (size_t)((inode + device * 31) * UINT64_C(0x9e3779b97f4a7c15) >> 20);
    for (;; at++) {
        struct file_set_entry *entry = &set->entries[at & (set->capacity - 1)];
        if (!entry->inode || (entry->inode == inode && entry->device == device))
            return entry;
    }
}

static bool grow(struct file_set *set)
{
    struct file_set grown = {.capacity = set->capacity ? 2 * set->capacity : FIRST_CAPACITY,
                             .count = set->count};
    grown.entries = calloc(grown.capacity, sizeof(*grown.entries));
    if (!grown.entries)
        return false;
    for (size_t i = 0; i < set->capacity; i++)
        if (set->entries[i].inode)
            *find(&grown, set->entries[i].device, set->entries[i].inode) = set->entries[i];
    free(set->entries);
    *set = grown;
    return true;
}

bool file_set_add(struct file_set *set, const struct stat *status)
{
    if (2 * (set->count + 1) > set->capacity && !grow(set))
        return false;
    struct file_set_entry *entry = find(set, (uint64_t)status->st_dev, (uint64_t)status->st_ino);
    set->count += !entry->inode;
    *entry = (struct file_set_entry){(uint64_t)status->st_dev, (uint64_t)status->st_ino};
    return true;
}

bool file_set_has(const struct file_set *set, const struct stat *status)
{
    return set->capacity &&
           find(set, (uint64_t)status->st_dev, (uint64_t)status->st_ino)->inode != 0;
}
