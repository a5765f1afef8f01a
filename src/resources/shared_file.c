#include "resources/shared_file.h"

#include <stdlib.h>
#include <string.h>

static struct slice put(char **at, struct slice text)
{
    char *start = *at;
    if (text.size)
        memcpy(start, text.data, text.size);
    *at += text.size;
    return slice_of(start, text.size);
}

struct shared_file *shared_file_create(const struct blob *blob,
                                       const struct shared_file_fields *fields)
{
    size_t size =
        fields->type.size + fields->disposition.size + fields->tag.size + fields->modified.size;
    struct http_file *bytes = http_file_create(blob->descriptor);
    struct shared_file *file = malloc(sizeof(*file) + size);
    if (!bytes || !file) {
        http_file_release(bytes);
        free(file);
        return NULL;
    }
    char *at = (char *)(file + 1);
    *file =
        (struct shared_file){.bytes = bytes, .size = blob->size, .modified_s = blob->modified_s};
    atomic_init(&file->references, 1);
    file->fields.type = put(&at, fields->type);
    file->fields.disposition = put(&at, fields->disposition);
    file->fields.tag = put(&at, fields->tag);
    file->fields.modified = put(&at, fields->modified);
    return file;
}

struct shared_file *shared_file_share(struct shared_file *file)
{
    atomic_fetch_add_explicit(&file->references, 1, memory_order_relaxed);
    return file;
}

void shared_file_release(struct shared_file *file)
{
    if (!file || atomic_fetch_sub_explicit(&file->references, 1, memory_order_acq_rel) != 1)
        return;
    http_file_release(file->bytes);
    free(file);
}
