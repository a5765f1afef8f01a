/*
 * The web pages that the binary carries (site.h), at BASE/ROOT/: the sandbox, the reference, the
 * documentation, and what else CMakeLists.txt names. Answered on the loop, from memory, with strong
 * tags, compressed at build time, and under a Content-Security-Policy that lets a page reach
 * nothing but its own origin.
 *
 * What lies in a root's assets/ is served as assets-VERSION/ and may be kept for ever; any other
 * VERSION than this binary's (two gateways of different age behind one balancer) serves the same
 * files, not to be kept.
 */
#ifndef PORTCULLIS_ENDPOINTS_STATIC_FILES_H
#define PORTCULLIS_ENDPOINTS_STATIC_FILES_H

#include "http/http.h"

struct static_files;

/* Main thread, before the loops start. NULL when memory is out. */
struct static_files *static_files_create(void);
/* After the loops have ended. */
void static_files_destroy(struct static_files *files);

/* Any thread. The coding of the file at path (below BASE/: sandbox/assets-1f/app.js) that is the
 * best of those up to `best` it has; NULL: there is none. */
struct static_answer {
    const char *type;
    const char *hash;
    enum http_coding coding;
    bool is_lasting;        /* path names its version: it never changes */
    struct http_body *body; /* borrowed */
};
bool static_files_find(const struct static_files *files, struct slice path, enum http_coding best,
                       struct static_answer *answer);

/* Its context is the gateway. */
const struct http_handler *static_files_handler(void);

#endif
