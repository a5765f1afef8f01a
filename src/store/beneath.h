/*
 * Folders beneath a root. The kernel resolves the path (openat2, RESOLVE_BENEATH and
 * RESOLVE_NO_SYMLINKS), so that no link, `..` or absolute path leads out; where it has no openat2,
 * or a seccomp profile hides it, the path is walked name by name, no link followed.
 *
 * Whoever has the folder looks at the last name in it without following links: fstatat, openat with
 * O_NOFOLLOW, unlinkat, linkat, renameat2. All may wait for the disk.
 */
#ifndef PORTCULLIS_STORE_BENEATH_H
#define PORTCULLIS_STORE_BENEATH_H

#include <limits.h>

#include "base/result.h"
#include "base/slice.h"

/* The gateway's own folder under files.root (blob_store.h); no path of a row leads into it. */
#define BENEATH_OWN_FOLDER ".portcullis"

enum beneath_folder {
    BENEATH_LOOK, /* O_PATH: enough to look at, open and unlink names in it */
    BENEATH_SYNC, /* can be fsynced */
    BENEATH_MAKE, /* the same; made (0750) and fsynced where there is none */
};

/* Checks a row's path and copies it, with a final NUL, into text. RESULT_NOT_FOUND when it is
 * empty; RESULT_DENIED, logged, when it is absolute, too long, holds a NUL or `..`, or leads into
 * the gateway's own folder. */
enum result beneath_check(struct slice path, char text[PATH_MAX]);
/* Opens the folder that holds the last name of a checked text, which is cut there; *name is what is
 * left. The descriptor, which the caller closes, or -1 with errno: ELOOP or EXDEV through a link or
 * out. */
int beneath_open_folder(int root, char *text, enum beneath_folder how, const char **name);
/* Memory, or descriptors, are short for now. */
bool beneath_is_shortage(int error);
/* The result of such a failure, or of one with the last name; all but RESULT_NOT_FOUND are logged.
 * RESULT_LIMIT: the disk is full. RESULT_UNAVAILABLE: it may work later. */
enum result beneath_explain(struct slice path, int error);
/* RESULT_DENIED, logged. */
enum result beneath_refuse(struct slice path, const char *why);

#endif
