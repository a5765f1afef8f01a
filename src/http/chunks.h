/*
 * The validator of chunked bodies: reads the raw bytes of chunk sizes, extensions, the CRLF after
 * each chunk and the trailer section before llhttp does, and refuses what RFC 9112 7.1 does not
 * allow or what two readers might understand differently.
 *
 * Pure code, knows no socket, allocates nothing. Lives inside another struct. Trailers are checked
 * and dropped: nothing above reads them. Stricter than the RFC in two places: no blanks around
 * extensions, and no more than 16 digits in a size.
 */
#ifndef PORTCULLIS_HTTP_CHUNKS_H
#define PORTCULLIS_HTTP_CHUNKS_H

#include "base/slice.h"

struct http_fault;

enum { HTTP_CHUNK_EXTENSION_BYTES = 256, HTTP_TRAILER_NAME_BYTES = 32 };

struct http_chunks {
    uint8_t state;
    uint8_t digits;         /* read of the size so far */
    uint8_t name_size;      /* bytes of name in use; HTTP_TRAILER_NAME_BYTES + 1: longer */
    uint16_t extension;     /* bytes of extensions in this size line */
    uint32_t trailer_count; /* fields of the trailer section so far */
    uint64_t left;          /* bytes of the chunk still to come; while in a size: its value */
    uint64_t trailer;       /* bytes of the trailer section so far */
    uint64_t max_trailer;   /* bytes */
    uint64_t max_fields;
    char name[HTTP_TRAILER_NAME_BYTES]; /* of the trailer field being read, in lower case */
};

enum http_chunks_state { HTTP_CHUNKS_MORE, HTTP_CHUNKS_DONE, HTTP_CHUNKS_FAULT };

void http_chunks_init(struct http_chunks *chunks, uint64_t max_trailer, uint64_t max_fields);

/* Checks bytes and says in *checked how many of them are good and belong to the body: on MORE those
 * up to where extensions begin or end, or a chunk's data ends (never two chunks' at once), or all;
 * on DONE those up to the body's end; on FAULT those before the offending one. *is_extension: they
 * are all a chunk's extensions, which llhttp 8.1 reads wrongly (";a=b;c", escapes in quotes) and
 * which therefore are not for it. */
enum http_chunks_state http_chunks_check(struct http_chunks *chunks, struct slice bytes,
                                         size_t *checked, bool *is_extension,
                                         struct http_fault *fault);

#endif
