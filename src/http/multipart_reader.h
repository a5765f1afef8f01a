/*
 * multipart/form-data as it streams in (RFC 7578; delimiters after RFC 2046 5.1.1): fields are
 * gathered, a file's bytes are handed on piece by piece and never held.
 *
 * Pure: bytes in, events out; no socket, no disk, no clock. One reader a body; what it makes lies
 * in the arena. Used by the connection's loop thread.
 *
 *     multipart_reader_create(arena, content_type, most_bytes, pairs, events, problem)
 *     for each piece of the body: multipart_reader_feed(reader, piece)
 *     multipart_reader_end(reader)      the body has ended: the closing delimiter must have come
 *
 * However the body is cut into pieces, the events and the verdict are the same, but for where a
 * file's pieces are cut. A refused or unfinished body gives no on_file_end: what was written of the
 * file is to be dropped.
 */
#ifndef PORTCULLIS_HTTP_MULTIPART_READER_H
#define PORTCULLIS_HTTP_MULTIPART_READER_H

#include "base/problem.h"
#include "base/result.h"
#include "http/parameters.h"

struct multipart_reader;

/* What the head of a file's part says. Slices lie in the arena. */
struct multipart_file {
    struct slice field; /* the part's name */
    struct slice name;  /* filename, decoded: UTF-8 without NUL, perhaps a path; browsers send an
                           empty one (and an empty file) where no file was chosen; empty too where
                           the part has none */
    struct slice type;  /* Content-Type as the client wrote it, UTF-8; empty: none given */
};

struct multipart_events {
    /* A part without a filename begins: is it a file even so (RFC 7578 4.2: a filename is not
     * compulsory)? What stood before it is in pairs. NULL: none is. */
    bool (*is_file)(void *context, struct slice field);
    /* A file begins: a part with a filename, or by is_file; pieces of it, its end and further parts
     * may follow in the same call. RESULT_OK, or the problem is set and the reader is done. */
    enum result (*on_file)(void *context, const struct multipart_file *file);
    /* Never empty; lies in the bytes given to feed, or in the reader, until the call returns. */
    void (*on_file_piece)(void *context, struct slice piece);
    void (*on_file_end)(void *context); /* by multipart_reader_end too */
    void *context;
};

/* most_bytes bounds all but delimiters and files' bytes together: heads, values, what stands before
 * the first delimiter and behind the last; past it 413 (too_large). A part's head has 4 KiB.
 * Fields are added to pairs as http_multipart_decode adds them. content_type is the whole field
 * value. NULL with the problem set: 400, or out of memory (problem not set). events, pairs, arena
 * and problem are borrowed for the reader's life. */
struct multipart_reader *multipart_reader_create(struct arena *arena, struct slice content_type,
                                                 uint64_t most_bytes, struct http_pairs *pairs,
                                                 const struct multipart_events *events,
                                                 struct problem *problem);
/* RESULT_OK; RESULT_INVALID or RESULT_LIMIT with the problem set; RESULT_NO_MEMORY. After anything
 * but RESULT_OK the reader takes no more. What comes after the closing delimiter is dropped. */
enum result multipart_reader_feed(struct multipart_reader *reader, struct slice bytes);
/* RESULT_INVALID (bad_multipart) when the closing delimiter has not come. A body of no byte at all
 * is a form of no parts. */
enum result multipart_reader_end(struct multipart_reader *reader);

#endif
