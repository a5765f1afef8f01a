/* Open files: counted references, so that joint answers, and those of several loops, share one. */
#include <stdlib.h>
#include <unistd.h>

#include "http/http.h"

struct http_file *http_file_create(int descriptor)
{
    struct http_file *file = malloc(sizeof(*file));
    if (file == NULL) {
        close(descriptor);
        return NULL;
    }
    atomic_init(&file->references, 1);
    atomic_init(&file->seen_ms, 0);
    file->descriptor = descriptor;
    return file;
}

struct http_file *http_file_share(struct http_file *file)
{
    atomic_fetch_add_explicit(&file->references, 1, memory_order_relaxed);
    return file;
}

void http_file_release(struct http_file *file)
{
    if (file == NULL)
        return;
    if (atomic_fetch_sub_explicit(&file->references, 1, memory_order_acq_rel) != 1)
        return;
    close(file->descriptor);
    free(file);
}
