/*
 * What `check --files` consists of:
 *
 *   check_files.c    all of it, and its words
 *   check_rows.c     every row in the order of its key: are its bytes there, and are they right?
 *   check_orphans.c  every file under files.root: does a row name it?
 */
#ifndef PORTCULLIS_CLI_CHECK_FILES_PARTS_H
#define PORTCULLIS_CLI_CHECK_FILES_PARTS_H

#include "cli/file_set.h"
#include "config/config.h"
#include "resources/file_row.h"

enum file_verdict {
    FILE_FINE,
    FILE_WITHOUT, /* a row without bytes */
    FILE_PENDING, /* on its way, in or out; or the next keeper's */
    FILE_MISSING, /* from here on: faults */
    FILE_OTHER_SIZE,
    FILE_OTHER_HASH,
    FILE_REFUSED,
    FILE_UNREADABLE,
    FILE_ORPHAN,
    FILE_VERDICTS,
};

struct file_check {
    const struct config_files *files;
    const struct model *model;
    struct database *database;
    struct file_set seen; /* bytes that rows name */
    size_t counts[FILE_VERDICTS];
    int walk_error; /* errno of walking files.root; 0: none */
};

/* Counts, and prints what is a fault. about: the row, or "file"; detail may be NULL. */
void check_files_tell(struct file_check *check, enum file_verdict verdict, const char *about,
                      struct slice path, const char *detail);

/* A page of rows, copied: it is long until the last of them is looked at. */
struct check_row {
    int64_t id;
    struct slice path;
    struct slice sha256;
    bool has_size;
    uint64_t size;
    enum download_claim claim;
};

/* What is done with a row. RESULT_OK, or the end. */
typedef enum result check_row_step(struct file_check *check, const struct file_columns *columns,
                                   const struct check_row *row, void *context);
/* Every row that may have bytes, of all resources. */
enum result check_each_row(struct file_check *check, check_row_step *step, void *context);

enum result check_rows(struct file_check *check);
/* RESULT_FAILED with walk_error, or the rows' result. */
enum result check_orphans(struct file_check *check);

#endif
