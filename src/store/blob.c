/* Opening and deleting beneath a root. */
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

static enum result refuse(struct slice path, const char *why)
{
    log_warning("file_refused", "path %.*s under files.root: %s", SLICE_ARGS(path), why);
    return RESULT_DENIED;
}

/* path, with its final NUL, into text (PATH_MAX bytes). */
static enum result path_copy(struct slice path, char *text)
{
    if (path.size == 0)
        return RESULT_NOT_FOUND;
    if (path.size >= PATH_MAX || memchr(path.data, '\0', path.size))
        return refuse(path, "too long, or holds a NUL");
    memcpy(text, path.data, path.size);
    text[path.size] = '\0';
    return RESULT_OK;
}

/* The descriptor, or -1 with errno. */
static int open_beneath(const char *root, const char *path, uint64_t flags)
{
    struct open_how how = {
        .flags = flags | O_CLOEXEC,
        .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
    };
    int folder = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0) {
        log_error("files_root", "%s cannot be opened: %s", root, strerror(errno));
        errno = ENOENT;
        return -1;
    }
    int opened = (int)syscall(SYS_openat2, folder, path, &how, sizeof(how));
    int error = errno;
    close(folder);
    errno = error;
    return opened;
}

static enum result open_failed(struct slice path, int error)
{
    if (error == ENOENT || error == ENOTDIR)
        return RESULT_NOT_FOUND;
    return refuse(path, error == EXDEV || error == ELOOP ? "leads out of it, or through a link"
                                                         : strerror(error));
}

enum result blob_open(const char *root, struct slice path, struct blob *blob)
{
    char text[PATH_MAX];
    struct stat status;
    *blob = (struct blob){.descriptor = -1};
    enum result result = path_copy(path, text);
    if (result != RESULT_OK)
        return result;
    /* O_NONBLOCK: a FIFO must not hold the worker until somebody writes to it. */
    int file = open_beneath(root, text, O_RDONLY | O_NONBLOCK | O_NOCTTY);
    if (file < 0)
        return open_failed(path, errno);
    if (fstat(file, &status) != 0 || !S_ISREG(status.st_mode)) {
        close(file);
        return refuse(path, "not a regular file");
    }
    *blob = (struct blob){file, (uint64_t)status.st_size, (int64_t)status.st_mtime};
    return RESULT_OK;
}

/* Should another program put something else in the file's place meanwhile, unlinkat follows no
 * link and removes no folder. */
static enum result entry_delete(int folder, const char *name, struct slice path)
{
    struct stat status;
    if (fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) == 0) {
        if (!S_ISREG(status.st_mode))
            return refuse(path, "not a regular file");
        if (unlinkat(folder, name, 0) == 0)
            return RESULT_OK;
    }
    if (errno == ENOENT)
        return RESULT_NOT_FOUND;
    log_error("file_not_deleted", "path %.*s under files.root: %s", SLICE_ARGS(path),
              strerror(errno));
    return RESULT_FAILED;
}

/* Cuts the last name off text; what is left is the folder to open. */
static const char *name_split(char *text, const char **folder)
{
    char *slash = strrchr(text, '/');
    *folder = slash ? text : ".";
    if (!slash)
        return text;
    *slash = '\0';
    if (slash == text)
        *folder = "/"; /* absolute: openat2 is to refuse it */
    return slash + 1;
}

enum result blob_delete(const char *root, struct slice path)
{
    char text[PATH_MAX];
    const char *folder_path;
    enum result result = path_copy(path, text);
    if (result != RESULT_OK)
        return result;
    const char *name = name_split(text, &folder_path);
    int folder = open_beneath(root, folder_path, O_PATH | O_DIRECTORY);
    if (folder < 0)
        return open_failed(path, errno);
    result = entry_delete(folder, name, path);
    close(folder);
    return result;
}
