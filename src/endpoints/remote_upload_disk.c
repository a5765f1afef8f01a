/* Writing, sealing and discarding wait for the disk: libuv's pool does them. */
#include <stdlib.h>

#include "endpoints/remote_upload.h"
#include "store/blob_store.h"

static void write_bytes(uv_work_t *work)
{
    struct remote_upload *upload = work->data;
    struct blob_new *bytes = upload->request->bytes;
    upload->written =
        upload->buffer.size ? blob_new_write(bytes, buffer_slice(&upload->buffer)) : RESULT_OK;
    if (upload->written == RESULT_OK && upload->is_last)
        upload->written = blob_new_seal(bytes);
}

/* The request is its owner's again. True when its client has gone meanwhile: it is over then. */
static bool is_over(struct remote_upload *upload)
{
    upload->is_working = false;
    upload->buffer.size = 0;
    if (!atomic_load(&upload->request->job.is_abandoned))
        return false;
    remote_drop(upload->request);
    return true;
}

static void on_written(uv_work_t *work, int status)
{
    struct remote_upload *upload = work->data;
    (void)status; /* never cancelled */
    if (!is_over(upload))
        upload->done(upload);
}

static void start(struct remote_upload *upload, uv_work_cb run, uv_after_work_cb done)
{
    struct http_request *http = upload->request->http;
    http_pause(http);
    upload->work.data = upload;
    upload->is_working = true;
    uv_queue_work(loop_uv(http_request_loop(http)), &upload->work, run, done);
}

void remote_upload_write(struct remote_upload *upload, bool is_last,
                         void (*done)(struct remote_upload *upload))
{
    upload->done = done;
    upload->is_last = is_last;
    start(upload, write_bytes, on_written);
}

static void discard_bytes(uv_work_t *work)
{
    struct remote_upload *upload = work->data;
    blob_new_discard(upload->request->bytes);
    upload->request->bytes = NULL;
}

static void on_discarded(uv_work_t *work, int status)
{
    struct remote_upload *upload = work->data;
    (void)status;
    if (!is_over(upload))
        remote_refuse(upload->request);
}

void remote_upload_discard(struct remote_upload *upload)
{
    start(upload, discard_bytes, on_discarded);
}

/* --- without the request -------------------------------------------------------------------- */

struct remains {
    uv_work_t work;
    struct blob_new *bytes;
};

static void discard_remains(uv_work_t *work)
{
    struct remains *remains = work->data;
    blob_new_discard(remains->bytes);
}

static void free_remains(uv_work_t *work, int status)
{
    (void)status;
    free(work->data);
}

void remote_upload_discard_later(struct remote_request *request)
{
    struct remains *remains = request->bytes ? calloc(1, sizeof(*remains)) : NULL;
    if (!remains) {
        blob_new_discard(request->bytes); /* memory is out: better late than left */
        request->bytes = NULL;
        return;
    }
    remains->work.data = remains;
    remains->bytes = request->bytes;
    request->bytes = NULL;
    uv_queue_work(loop_uv(http_request_loop(request->http)), &remains->work, discard_remains,
                  free_remains);
}
