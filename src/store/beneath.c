/* Resolving a folder beneath a root: by the kernel, else name by name. */
#include "store/beneath.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "observe/log.h"

enum result beneath_refuse(struct slice path, const char *why)
{
    log_warning("file_refused", "path %.*s under files.root: %s", SLICE_ARGS(path), why);
    return RESULT_DENIED;
}

static bool is_no_name(struct slice part)
{
    return part.size == 0 || slice_equal(part, SLICE("."));
}

static const char *fault_of(struct slice path)
{
    struct slice rest = path;
    struct slice part;
    bool is_first = true;
    if (path.size >= PATH_MAX || memchr(path.data, '\0', path.size))
        return "too long, or holds a NUL";
    if (path.data[0] == '/')
        return "leads out of it: absolute";
    while (slice_split(&rest, '/', &part)) {
        if (slice_equal(part, SLICE("..")))
            return "leads out of it: holds ..";
        /* Whatever the case: there are file systems that do not tell. */
        if (is_first && slice_equal_nocase(part, SLICE(BENEATH_OWN_FOLDER)))
            return "leads into the gateway's own folder";
        is_first = is_first && is_no_name(part);
    }
    return NULL;
}

enum result beneath_check(struct slice path, char text[PATH_MAX])
{
    if (path.size == 0)
        return RESULT_NOT_FOUND;
    const char *fault = fault_of(path);
    if (fault)
        return beneath_refuse(path, fault);
    memcpy(text, path.data, path.size);
    text[path.size] = '\0';
    return RESULT_OK;
}

bool beneath_is_shortage(int error)
{
    return error == EMFILE || error == ENFILE || error == ENOMEM;
}

/* EAGAIN: another process has a lease of the file, which it is giving up. */
static bool may_work_later(int error)
{
    return beneath_is_shortage(error) || error == EAGAIN || error == EIO || error == ESTALE;
}

enum result beneath_explain(struct slice path, int error)
{
    switch (error) {
    case ENOENT:
    case ENOTDIR:
        return RESULT_NOT_FOUND;
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
        log_error("disk_full", "path %.*s under files.root: %s", SLICE_ARGS(path), strerror(error));
        return RESULT_LIMIT;
    case EXDEV:
    case ELOOP:
        return beneath_refuse(path, "leads out of it, or through a link");
    case EACCES:
    case EPERM:
    case ENAMETOOLONG:
        return beneath_refuse(path, strerror(error));
    default:
        log_error("files", "path %.*s under files.root: %s", SLICE_ARGS(path), strerror(error));
        return may_work_later(error) ? RESULT_UNAVAILABLE : RESULT_FAILED;
    }
}

static int flags_of(enum beneath_folder how)
{
    return O_DIRECTORY | O_CLOEXEC | (how == BENEATH_LOOK ? O_PATH : O_RDONLY);
}

static int open_resolved(int root, const char *folder, enum beneath_folder how)
{
    struct open_how way = {
        .flags = (unsigned)flags_of(how),
        .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
    };
    return (int)syscall(SYS_openat2, root, folder, &way, sizeof(way));
}

/* One name further, which is a folder and no link. */
static int step_into(int folder, const char *name, enum beneath_folder how)
{
    struct stat status;
    int opened = openat(folder, name, flags_of(how) | O_NOFOLLOW);
    if (opened < 0 && errno == ENOTDIR) {
        bool is_link =
            fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(status.st_mode);
        errno = is_link ? ELOOP : ENOTDIR;
    }
    return opened;
}

/* The name stays when the power goes: the folder it stands in is synced. */
static bool make_in(int folder, const char *name)
{
    if (mkdirat(folder, name, 0750) != 0)
        return errno == EEXIST;
    return fsync(folder) == 0;
}

static void close_quietly(int descriptor)
{
    int error = errno;
    close(descriptor);
    errno = error;
}

static int walk(int root, char *folder, enum beneath_folder how)
{
    char *rest = folder;
    char *name;
    int at = openat(root, ".", flags_of(how));
    while (at >= 0 && (name = strsep(&rest, "/"))) {
        if (is_no_name(slice_from(name)))
            continue;
        int next = how != BENEATH_MAKE || make_in(at, name) ? step_into(at, name, how) : -1;
        close_quietly(at);
        at = next;
    }
    return at;
}

/* EPERM is what seccomp profiles say that are older than the call; where it is the file system's
 * word, walking hears it again. */
static bool is_hidden(int error)
{
    return error == ENOSYS || error == EPERM;
}

int beneath_open_folder(int root, char *text, enum beneath_folder how, const char **name)
{
    char *slash = strrchr(text, '/');
    *name = slash ? slash + 1 : text;
    if (!slash)
        return openat(root, ".", flags_of(how));
    *slash = '\0';
    int opened = open_resolved(root, text, how);
    if (opened >= 0)
        return opened;
    if (!is_hidden(errno) && !(errno == ENOENT && how == BENEATH_MAKE))
        return -1;
    return walk(root, text, how);
}
