/*
 * What stands around the parts of multipart/form-data: the Content-Type that names their boundary,
 * and each part's own head (RFC 7578 4). Private to the room; pure, everything in the arena.
 */
#ifndef PORTCULLIS_HTTP_MULTIPART_HEAD_H
#define PORTCULLIS_HTTP_MULTIPART_HEAD_H

#include "base/problem.h"
#include "base/result.h"
#include "http/multipart_delimiter.h"

enum { MULTIPART_MOST_HEAD = 4096 }; /* bytes, with the empty line */

/* Slices lie in the arena. */
struct multipart_head {
    struct slice name;
    struct slice filename;
    struct slice type; /* Content-Type; empty: none */
    bool has_disposition;
    bool has_name;
    bool has_filename;
};

/* The boundary that the whole field value names; it lies in there. */
enum result multipart_head_boundary(struct slice content_type, struct slice *boundary,
                                    struct problem *problem);
/* text is a head with its empty line, or the first MULTIPART_MOST_HEAD bytes of one that is too
 * long. RESULT_INVALID has set the problem: 400, bad_multipart or bad_encoding. */
enum result multipart_head_read(struct arena *arena, struct slice text,
                                const struct multipart_delimiter *delimiter,
                                struct multipart_head *head, struct problem *problem);

#endif
