/*
 * The bytes of files under files.root. Nothing outside the root is ever opened: the kernel resolves
 * the path (openat2, RESOLVE_BENEATH and RESOLVE_NO_SYMLINKS), so no link, `..` or absolute path
 * leads out, and only regular files are opened.
 */
#ifndef PORTCULLIS_STORE_BLOB_H
#define PORTCULLIS_STORE_BLOB_H

#include "base/result.h"
#include "base/slice.h"

struct blob {
    int descriptor;       /* the caller's to close */
    uint64_t size;        /* bytes */
    int64_t modified_s;   /* seconds since 1970 */
    uint32_t modified_ns; /* and of the second */
    uint64_t inode;
};

/* Worker thread: opening may wait for the disk. RESULT_NOT_FOUND when there is no such file,
 * RESULT_DENIED (logged) when the path leaves the root or is no regular file, RESULT_UNAVAILABLE
 * (logged) when the root is away, or the system is out of descriptors. */
enum result blob_open(const char *root, struct slice path, struct blob *blob);
/* Deletes a regular file; nothing else is ever deleted, and no folder left empty. Worker thread.
 * RESULT_NOT_FOUND when there is none (any more), RESULT_DENIED and RESULT_UNAVAILABLE as above,
 * RESULT_FAILED (logged) when the disk refuses. */
enum result blob_delete(const char *root, struct slice path);

enum { BLOB_SHA256 = 65 }; /* 64 hex digits and a NUL */
/* Of the whole file, from its beginning; its offset stays. RESULT_OK, RESULT_NO_MEMORY,
 * RESULT_FAILED with errno. */
enum result blob_hash(int descriptor, char sha256[BLOB_SHA256]);

#endif
