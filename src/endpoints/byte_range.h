/* The Range field (RFC 9110 14.1.2, 14.2), for bytes. Pure. */
#ifndef PORTCULLIS_ENDPOINTS_BYTE_RANGE_H
#define PORTCULLIS_ENDPOINTS_BYTE_RANGE_H

#include "base/slice.h"

/* Ranges of one answer. Each costs a head of its own and, on a disk, a seek; a client that wants
 * more does as well with the whole. */
enum { BYTE_RANGE_MOST = 32 };

struct byte_range {
    uint64_t first;
    uint64_t size; /* at least 1 */
};

struct byte_range_set {
    size_t count;
    struct byte_range ranges[BYTE_RANGE_MOST]; /* in the order of asking; none overlaps or touches
                                                  another */
};

enum byte_range_verdict {
    BYTE_RANGE_NONE,          /* malformed, other units, too many: the whole is sent */
    BYTE_RANGE_SOME,          /* 206 */
    BYTE_RANGE_UNSATISFIABLE, /* 416 */
};

/* total is the file's size; the set is empty unless the verdict is BYTE_RANGE_SOME. */
enum byte_range_verdict byte_range_read(struct slice field, uint64_t total,
                                        struct byte_range_set *set);

#endif
