/*
 * The web pages that the binary carries: the folders that CMakeLists.txt names, packed by
 * tools/pack_site.c. Constant; any thread.
 */
#ifndef PORTCULLIS_ENDPOINTS_SITE_H
#define PORTCULLIS_ENDPOINTS_SITE_H

#include <stddef.h>

/* A folder, served at BASE/NAME/. */
struct site_root {
    const char *name;   /* sandbox */
    const char *assets; /* version of what lies in NAME/assets/: a hash in hex */
};

struct site_bytes {
    const unsigned char *data;
    size_t size;
};

struct site_file {
    const char *path;            /* sandbox/assets/app.js */
    const char *type;            /* Content-Type */
    const char *hash;            /* of the plain bytes, in hex */
    struct site_bytes bodies[3]; /* by enum http_coding; size 0: that coding spares nothing */
};

extern const struct site_root site_roots[];
extern const size_t site_root_count;
extern const struct site_file site_files[]; /* sorted by path */
extern const size_t site_file_count;

#endif
