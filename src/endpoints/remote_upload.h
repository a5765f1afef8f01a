/*
 * A body that is read as it streams in: a form that may hold a file, or a file's bytes alone
 * (PUT files/{id}/content).
 *
 *   FORM       fields are gathered; without a file the request goes on like any other at its end
 *   ADMITTING  a file begins: reading is paused; login, then a job that checks all that can be
 *              checked without the bytes, and opens a file on the disk
 *   STREAMING  bytes fill one buffer; a full one is written by libuv's pool, reading paused; the
 *              fewer uploads there are, the larger it may be
 *   STORING    all is there: sealed by libuv's pool, the login once more, since the bytes may have
 *              taken longer than auth.recheck; then the write, a job like any other
 *
 * remote_upload.c       the way through these states
 * remote_upload_begin.c what the head says, and whether there may be a file
 * remote_upload_form.c  what a form is told: which part is the file, and what may not be
 * remote_upload_disk.c  what waits for the disk, off the loop
 *
 * In the request's arena, but for the buffer. The loop's thread; while is_working the buffer and
 * request->bytes are libuv's pool's.
 */
#ifndef PORTCULLIS_ENDPOINTS_REMOTE_UPLOAD_H
#define PORTCULLIS_ENDPOINTS_REMOTE_UPLOAD_H

#include "endpoints/remote_request.h"
#include "http/multipart_reader.h"

enum remote_upload_state { UPLOAD_FORM, UPLOAD_ADMITTING, UPLOAD_STREAMING, UPLOAD_STORING };

struct remote_upload {
    struct remote_request *request;
    enum remote_upload_state state;
    bool is_raw;                     /* the body is the file */
    struct multipart_reader *reader; /* else */
    struct multipart_events events;
    struct http_pairs read;   /* its fields; once a file has begun, those behind it */
    struct http_pairs fields; /* once a file has begun: those before it */
    bool is_judged;           /* a part called file without a filename has come: is it one? */
    bool takes_nameless;      /* it is; the first decides for all */
    bool has_file;
    struct slice part;      /* the name of the file's part; empty: raw */
    struct write_file file; /* what it says of itself */
    uint64_t received;      /* bytes of the file */
    bool is_too_large;

    struct buffer buffer; /* bytes not written yet; counted in its loop's uploads */
    uv_work_t work;
    bool is_working;
    void (*done)(struct remote_upload *upload);
    bool is_last;        /* the work seals too */
    enum result written; /* what came of it */
};

/* remote_upload.c: more of the file. */
void remote_upload_add(struct remote_upload *upload, struct slice piece);

/* remote_upload_begin.c: a Content-Type, where it says anything of the bytes; else empty. */
struct slice remote_upload_type(struct slice type);
/* Sets request->problem to 413; false. */
bool remote_upload_refuse_size(struct remote_request *request);

/* remote_upload_form.c: the reader for the request's form; false where the form cannot be read. */
bool remote_upload_form_begin(struct remote_upload *upload);
/* A piece of the body, or its end. What is wrong is in request->parameter_problem. */
void remote_upload_form_feed(struct remote_upload *upload, struct slice piece);
void remote_upload_form_end(struct remote_upload *upload);

/* remote_upload_disk.c: writes the buffer, is_last: and seals; then calls done, on the loop. */
void remote_upload_write(struct remote_upload *upload, bool is_last,
                         void (*done)(struct remote_upload *upload));
/* Discards request->bytes, then refuses the request, or drops it when its client has gone. */
void remote_upload_discard(struct remote_upload *upload);
/* Discards bytes of a request that is about to go. */
void remote_upload_discard_later(struct remote_request *request);

#endif
