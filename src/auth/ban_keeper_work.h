/*
 * What the keeper has still to write: one wish for each network, the latest, and lines for the
 * log, in order. Bounded; the oldest lines go first. No lock: the keeper's guards it.
 */
#ifndef PORTCULLIS_AUTH_BAN_KEEPER_WORK_H
#define PORTCULLIS_AUTH_BAN_KEEPER_WORK_H

#include <uthash.h>

#include "base/network.h"

enum {
    BAN_WORK_MOST = 100000, /* rows and lines together */
    BAN_WORK_MOST_TEXT = 1000,
};

/* What is to become of a network's rows: deleted, then a row added. */
struct ban_row_work {
    struct network network;
    bool has_delete;
    bool has_add;
    uint64_t version; /* changes with every wish */
    int64_t ends_ms;  /* of has_add: the ban's end, Unix time */
    char *reason;     /* owned; of has_add */
    UT_hash_handle hh;
};

struct ban_line_work {
    struct ban_line_work *next;
    char address[NETWORK_TEXT];
    char text[];
};

struct ban_work {
    struct ban_row_work *rows; /* oldest first */
    struct ban_line_work *lines;
    struct ban_line_work **lines_end;
    size_t line_count;
    uint64_t version;
};

/* A row's wish as it was when it was taken up. */
struct ban_row_copy {
    struct network network;
    bool has_delete;
    bool has_add;
    uint64_t version;
    int64_t ends_ms;
    char reason[BAN_WORK_MOST_TEXT + 1];
};

void ban_work_init(struct ban_work *work);
void ban_work_clear(struct ban_work *work);

/* Text that is longer than a row should hold is cut; bytes that are no UTF-8 are replaced. Wished
 * twice, the later end stays. */
void ban_work_add_row(struct ban_work *work, const struct network *network, int64_t ends_ms,
                      struct slice reason);
void ban_work_delete_row(struct ban_work *work, const struct network *network);
void ban_work_add_line(struct ban_work *work, struct slice text, const struct network *network);

/* Are rows of this network waiting to be deleted? */
bool ban_work_deletes(const struct ban_work *work, const struct network *network);
/* Is one waiting to be added, and until when? */
bool ban_work_adds(const struct ban_work *work, const struct network *network, int64_t *ends_ms);
/* The oldest, which stays until ban_work_end_row. False: there is none. */
bool ban_work_first_row(const struct ban_work *work, struct ban_row_copy *copy);
/* It could not be done, and lets the others go first. */
void ban_work_postpone_row(struct ban_work *work, const struct ban_row_copy *copy);
/* Done with, unless another wish came meanwhile: then false, and it is still to be done. */
bool ban_work_end_row(struct ban_work *work, const struct ban_row_copy *copy);
/* The oldest, the caller's to free; NULL: there is none. */
struct ban_line_work *ban_work_take_line(struct ban_work *work);
/* Puts it back, to be the first. */
void ban_work_return_line(struct ban_work *work, struct ban_line_work *line);
size_t ban_work_count(const struct ban_work *work);

#endif
