/* The Range field (RFC 9110 14.1.2), for one range of bytes. Pure. */
#ifndef PORTCULLIS_ENDPOINTS_BYTE_RANGE_H
#define PORTCULLIS_ENDPOINTS_BYTE_RANGE_H

#include "base/slice.h"

struct byte_range {
    uint64_t first;
    uint64_t size;
};

enum byte_range_verdict {
    BYTE_RANGE_NONE, /* no range, several, or malformed: the whole is sent (RFC 9110 14.2) */
    BYTE_RANGE_ONE,
    BYTE_RANGE_UNSATISFIABLE, /* 416 */
};

/* total is the file's size; *range is changed only for BYTE_RANGE_ONE. */
enum byte_range_verdict byte_range_read(struct slice field, uint64_t total,
                                        struct byte_range *range);

#endif
