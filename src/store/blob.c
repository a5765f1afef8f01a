/* Opening beneath a root. */
#include "store/blob.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "observe/log.h"

static int open_beneath(int root, const char *path)
{
    struct open_how how = {
        /* O_NONBLOCK: a FIFO must not hold the worker until somebody writes to it. */
        .flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY,
        .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
    };
    return (int)syscall(SYS_openat2, root, path, &how, sizeof(how));
}

static enum result refuse(struct slice path, const char *why)
{
    log_warning("file_refused", "path %.*s under files.root: %s", SLICE_ARGS(path), why);
    return RESULT_DENIED;
}

enum result blob_open(const char *root, struct slice path, struct blob *blob)
{
    char text[PATH_MAX];
    struct stat status;
    *blob = (struct blob){.descriptor = -1};
    if (path.size == 0)
        return RESULT_NOT_FOUND;
    if (path.size >= sizeof(text) || memchr(path.data, '\0', path.size))
        return refuse(path, "too long, or holds a NUL");
    memcpy(text, path.data, path.size);
    text[path.size] = '\0';

    int folder = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0) {
        log_error("files_root", "%s cannot be opened: %s", root, strerror(errno));
        return RESULT_NOT_FOUND;
    }
    int file = open_beneath(folder, text);
    int error = errno;
    close(folder);
    if (file < 0 && (error == ENOENT || error == ENOTDIR))
        return RESULT_NOT_FOUND;
    if (file < 0)
        return refuse(path, error == EXDEV || error == ELOOP ? "leads out of it, or through a link"
                                                             : strerror(error));
    if (fstat(file, &status) != 0 || !S_ISREG(status.st_mode)) {
        close(file);
        return refuse(path, "not a regular file");
    }
    *blob = (struct blob){file, (uint64_t)status.st_size, (int64_t)status.st_mtime};
    return RESULT_OK;
}
