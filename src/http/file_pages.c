#include "http/file_pages.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/uio.h>
#include <unistd.h>

enum { STRIDE = 64 * 1024 }; /* bytes that the kernel reads, and forgets, as one */

static bool is_in_memory(int descriptor, uint64_t offset)
{
    char byte;
    struct iovec into = {&byte, 1};
    return preadv2(descriptor, &into, 1, (off_t)offset, RWF_NOWAIT) >= 0;
}

uint64_t http_file_pages_in_memory(int descriptor, uint64_t offset, uint64_t size)
{
    if (size > STRIDE && !is_in_memory(descriptor, offset))
        return 0;
    while (size > STRIDE && !is_in_memory(descriptor, offset + size - 1))
        size /= 2;
    return size > STRIDE || is_in_memory(descriptor, offset + size - 1) ? size : 0;
}

static bool fetch_page(int descriptor, uint64_t offset)
{
    char byte;
    ssize_t count = pread(descriptor, &byte, 1, (off_t)offset);
    while (count < 0 && errno == EINTR)
        count = pread(descriptor, &byte, 1, (off_t)offset);
    return count >= 0;
}

/* The stretch behind it is asked for too, so that it is on its way while this one is sent. */
bool http_file_pages_fetch(int descriptor, uint64_t offset, uint64_t size)
{
    posix_fadvise(descriptor, (off_t)offset, (off_t)(2 * size), POSIX_FADV_WILLNEED);
    for (uint64_t at = offset; at < offset + size; at += STRIDE)
        if (!fetch_page(descriptor, at))
            return false;
    return fetch_page(descriptor, offset + size - 1);
}
