/* The way of an upload, from state to state (remote_upload.h). */
#include "endpoints/remote_upload.h"

#include "endpoints/remote_work.h"
#include "store/blob_store.h"

enum {
    SHARED_BYTES = 8 * 1024 * 1024, /* of all buffers, as long as each has the least */
    LEAST_BUFFER = 128 * 1024,      /* powers of two, as buffer_reserve takes */
    MOST_BUFFER = 512 * 1024,
    READ_BYTES = 64 * 1024, /* the most that one read of the socket brings */
};

static const struct config *config_of(const struct remote_upload *upload)
{
    return upload->request->gateway->config;
}

/* --- what others ask of it ------------------------------------------------------------------- */

const struct write_file *remote_upload_file(const struct remote_request *request)
{
    return request->upload && request->upload->has_file ? &request->upload->file : NULL;
}

const struct http_pairs *remote_upload_pairs(const struct remote_request *request)
{
    const struct remote_upload *upload = request->upload;
    if (!upload)
        return NULL;
    return upload->has_file ? &upload->fields : &upload->read;
}

bool remote_upload_is_early(const struct remote_request *request)
{
    return request->upload && request->upload->has_file && !request->upload->is_raw;
}

bool remote_upload_is_working(const struct remote_request *request)
{
    return request->upload && request->upload->is_working;
}

bool remote_upload_is_admission(const struct remote_request *request)
{
    return request->upload && request->upload->has_file &&
           request->upload->state == UPLOAD_ADMITTING;
}

bool remote_upload_is_storing(const struct remote_request *request)
{
    return request->upload && request->upload->state == UPLOAD_STORING;
}

/* --- bytes ----------------------------------------------------------------------------------- */

static struct gateway_loop *loop_of(const struct remote_upload *upload)
{
    struct loop *loop = http_request_loop(upload->request->http);
    return &upload->request->gateway->loop_states[loop_index(loop)];
}

/* Of its buffer, by how many there are now. It is written when one more read may not fit. */
static size_t buffer_size(const struct remote_upload *upload)
{
    size_t loops = loop_group_size(upload->request->gateway->loops);
    size_t uploads = loop_of(upload)->uploads;
    size_t share = SHARED_BYTES / loops / (uploads ? uploads : 1);
    size_t size = LEAST_BUFFER;
    while (size < MOST_BUFFER && 2 * size <= share)
        size *= 2;
    return size;
}

static void buffer_take(struct remote_upload *upload)
{
    struct gateway_loop *state = loop_of(upload);
    state->uploads++;
    if (!buffer_reserve(&upload->buffer, buffer_size(upload)))
        state->uploads--;
}

static void buffer_give_back(struct remote_upload *upload)
{
    loop_of(upload)->uploads -= upload->buffer.data ? 1 : 0;
    buffer_clear(&upload->buffer);
}

void remote_upload_add(struct remote_upload *upload, struct slice piece)
{
    upload->received += piece.size;
    upload->is_too_large = upload->received > config_of(upload)->files.max_upload;
    if (upload->is_too_large)
        return;
    if (!upload->buffer.data)
        buffer_take(upload);
    buffer_append_slice(&upload->buffer, piece);
}

static void on_written(struct remote_upload *upload)
{
    struct remote_request *request = upload->request;
    if (upload->written != RESULT_OK) {
        write_explain_disk(upload->written, &request->problem);
        remote_refuse(request);
    } else if (upload->state == UPLOAD_STORING) {
        buffer_give_back(upload);
        request->asked_us = loop_now_us(http_request_loop(request->http));
        remote_login_begin(request); /* he may have been locked out while the bytes came */
    } else {
        if (upload->buffer.capacity > 2 * buffer_size(upload))
            buffer_give_back(upload);
        http_resume(request->http);
    }
}

/* Goes on reading, or first writes what has come. */
static void advance(struct remote_upload *upload)
{
    if (upload->buffer.size > buffer_size(upload) - READ_BYTES)
        remote_upload_write(upload, false, on_written);
    else
        http_resume(upload->request->http);
}

/* --- admission ------------------------------------------------------------------------------- */

/* Worker. */
static void admit(struct pool_job *job, void *worker)
{
    struct remote_request *request = (struct remote_request *)job;
    enum result result = RESULT_OK;
    if (!worker) {
        execute_explain(RESULT_UNAVAILABLE, &request->problem);
        return;
    }
    if (remote_work_admit(request, worker)) {
        request->bytes = blob_new_begin(request->gateway->execute.files_store, &result);
        if (!request->bytes)
            write_explain_disk(result, &request->problem);
    }
    worker_report(worker);
}

static void on_admitted(struct pool_job *job)
{
    struct remote_request *request = (struct remote_request *)job;
    bool has_gone = job->was_dropped || atomic_load(&job->is_abandoned);
    request->http->phase_us[METRIC_PHASE_QUEUE] += job->queued_us;
    job->run = NULL;
    if (has_gone) {
        remote_drop(request);
    } else if (!request->bytes) {
        remote_refuse(request);
    } else {
        request->upload->state = UPLOAD_STREAMING;
        advance(request->upload);
    }
}

void remote_upload_admit(struct remote_request *request)
{
    struct pool_job *job = &request->job;
    job->run = admit;
    job->done = on_admitted;
    request->asked_us = loop_now_us(http_request_loop(request->http));
    remote_submit_job(request, chain_last(&request->chain)->resource->lane);
}

/* A file has begun, or the form cannot be read on: nothing more of it is, until the caller is known
 * and let in. */
static void begin_admission(struct remote_upload *upload)
{
    struct remote_request *request = upload->request;
    http_pause(request->http);
    upload->state = UPLOAD_ADMITTING;
    if (request->parameter_problem.status == 413) {
        metric_increment(METRIC_LIMIT_BODY);
        request->problem = request->parameter_problem;
        remote_refuse(request);
    } else if (remote_read_body(request)) {
        remote_login_begin(request);
    } else {
        remote_refuse(request);
    }
}

/* --- the body as it comes -------------------------------------------------------------------- */

/* After each piece, and at the end. True: the request is answered, or waits for something. */
static bool has_failed(struct remote_upload *upload)
{
    struct remote_request *request = upload->request;
    const struct problem *fault = &request->parameter_problem;
    bool is_let_in = upload->state == UPLOAD_STREAMING;
    if (upload->is_too_large)
        remote_upload_refuse_size(request);
    else if (upload->buffer.has_failed)
        execute_explain(RESULT_NO_MEMORY, &request->problem);
    else if (is_let_in && problem_is_set(fault))
        request->problem = *fault;
    if (!problem_is_set(&request->problem))
        return false;
    remote_refuse(request);
    return true;
}

void remote_upload_take(struct http_request *http, struct slice piece)
{
    struct remote_request *request = http->data;
    struct remote_upload *upload = request->upload;
    if (upload->is_raw)
        remote_upload_add(upload, piece);
    else
        remote_upload_form_feed(upload, piece);
    if (has_failed(upload))
        return;
    if (upload->state == UPLOAD_STREAMING)
        advance(upload);
    else if (upload->has_file || problem_is_set(&request->parameter_problem))
        begin_admission(upload);
}

bool remote_upload_end(struct remote_request *request)
{
    struct remote_upload *upload = request->upload;
    if (!upload)
        return false;
    if (upload->reader)
        remote_upload_form_end(upload);
    if (!upload->has_file)
        return false;
    if (!has_failed(upload)) {
        upload->state = UPLOAD_STORING;
        remote_upload_write(upload, true, on_written);
    }
    return true;
}

/* --- the end --------------------------------------------------------------------------------- */

bool remote_upload_refuse(struct remote_request *request)
{
    if (!request->bytes)
        return false;
    remote_upload_discard(request->upload);
    return true;
}

void remote_upload_release(struct remote_request *request)
{
    if (!request || !request->upload)
        return;
    buffer_give_back(request->upload);
    if (request->bytes)
        remote_upload_discard_later(request);
}
