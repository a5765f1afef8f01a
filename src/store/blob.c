/* Opening and deleting beneath a root. */
#include "store/blob.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "observe/log.h"
#include "store/beneath.h"

/* What is done with a regular file. */
typedef enum result entry_step(int folder, const char *name, struct slice path, struct blob *blob);

static enum result with_folder(int root, struct slice path, struct blob *blob, entry_step *step)
{
    char text[PATH_MAX];
    const char *name;
    struct stat status;
    enum result result = beneath_check(path, text);
    if (result != RESULT_OK)
        return result;
    int folder = beneath_open_folder(root, text, BENEATH_LOOK, &name);
    if (folder < 0)
        return beneath_explain(path, errno);
    /* Looked at before it is opened: opening alone moves a tape. */
    if (fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) != 0)
        result = beneath_explain(path, errno);
    else if (!S_ISREG(status.st_mode))
        result = beneath_refuse(path, S_ISLNK(status.st_mode) ? "a link" : "not a regular file");
    else
        result = step(folder, name, path, blob);
    close(folder);
    return result;
}

static enum result with_root(const char *root, struct slice path, struct blob *blob,
                             entry_step *step)
{
    int folder = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0) {
        log_error("files_root", "%s cannot be opened: %s", root, strerror(errno));
        return RESULT_UNAVAILABLE;
    }
    enum result result = with_folder(folder, path, blob, step);
    close(folder);
    return result;
}

/* O_NONBLOCK, and looked at again: should another program put a FIFO in the file's place meanwhile,
 * it must not hold the worker until somebody writes to it. */
static enum result entry_open(int folder, const char *name, struct slice path, struct blob *blob)
{
    struct stat status;
    int file = openat(folder, name, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW | O_CLOEXEC);
    if (file < 0)
        return beneath_explain(path, errno);
    if (fstat(file, &status) != 0 || !S_ISREG(status.st_mode)) {
        close(file);
        return beneath_refuse(path, "not a regular file");
    }
    *blob = (struct blob){.descriptor = file,
                          .size = (uint64_t)status.st_size,
                          .modified_s = (int64_t)status.st_mtim.tv_sec,
                          .modified_ns = (uint32_t)status.st_mtim.tv_nsec,
                          .inode = (uint64_t)status.st_ino};
    return RESULT_OK;
}

enum result blob_open(const char *root, struct slice path, struct blob *blob)
{
    *blob = (struct blob){.descriptor = -1};
    return with_root(root, path, blob, entry_open);
}

/* Should another program put something else in the file's place meanwhile, unlinkat follows no
 * link and removes no folder. */
static enum result entry_delete(int folder, const char *name, struct slice path, struct blob *blob)
{
    (void)blob;
    if (unlinkat(folder, name, 0) == 0)
        return RESULT_OK;
    if (errno == ENOENT)
        return RESULT_NOT_FOUND;
    log_error("file_not_deleted", "path %.*s under files.root: %s", SLICE_ARGS(path),
              strerror(errno));
    return RESULT_FAILED;
}

enum result blob_delete(const char *root, struct slice path)
{
    return with_root(root, path, NULL, entry_delete);
}
