/* Conditional requests for a file's bytes (RFC 9110 13), in the order of 13.2.2. Pure. */
#ifndef PORTCULLIS_ENDPOINTS_FILE_CONDITION_H
#define PORTCULLIS_ENDPOINTS_FILE_CONDITION_H

#include "base/slice.h"

/* What there is now. */
struct file_version {
    struct slice tag;   /* strong, with its quotes */
    int64_t modified_s; /* since 1970 */
};

/* The fields as they came; data NULL: absent. */
struct file_conditions {
    struct slice if_match;
    struct slice if_unmodified_since;
    struct slice if_none_match;
    struct slice if_modified_since;
};

enum file_verdict {
    FILE_WANTED,
    FILE_NOT_MODIFIED, /* 304 */
    FILE_CHANGED,      /* 412 */
};

/* Of a GET or HEAD. Dates that are none are as good as absent. */
enum file_verdict file_condition_judge(const struct file_conditions *conditions,
                                       const struct file_version *version);
/* Whether Range counts: If-Range is absent, or names just this version. A date does only where it
 * is exact and the file has not changed within the last second before now_s (8.8.2.2). */
bool file_condition_range_counts(struct slice if_range, const struct file_version *version,
                                 int64_t now_s);

#endif
