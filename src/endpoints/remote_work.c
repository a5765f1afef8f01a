/* The worker's half: execute, compress; always ends with an answer. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "endpoints/remote_work.h"
#include "store/blob_store.h"

struct remote_answer *remote_answer_create(void)
{
    struct remote_answer *answer = calloc(1, sizeof(*answer));
    if (!answer)
        return NULL;
    atomic_init(&answer->references, 1);
    answer->body = http_body_create();
    if (answer->body)
        return answer;
    free(answer);
    return NULL;
}

struct remote_answer *remote_answer_share(struct remote_answer *answer)
{
    atomic_fetch_add_explicit(&answer->references, 1, memory_order_relaxed);
    return answer;
}

void remote_answer_release(struct remote_answer *answer)
{
    if (!answer || atomic_fetch_sub_explicit(&answer->references, 1, memory_order_acq_rel) != 1)
        return;
    http_body_release(answer->body);
    shared_file_release(answer->file);
    free(answer);
}

struct remote_answer *remote_answer_problem(const struct remote_request *request,
                                            struct writer *const writers[FORMAT_COUNT])
{
    const struct problem *problem = &request->problem;
    struct remote_answer *answer = remote_answer_create();
    if (!answer)
        return NULL;
    struct slice method = request->method.size ? request->method : request->http->method_text;
    const struct envelope_request envelope = {
        .action = request->chain.action,
        .method = method,
        .format = request->chain.format,
        .code = problem->status,
        .message = problem->message,
    };
    answer->status = problem->status;
    answer->format = request->chain.format;
    answer->retry_after_s = problem->retry_after_s;
    answer->wants_basic = request->credentials.is_basic;
    snprintf(answer->allow, sizeof(answer->allow), "%.*s", SLICE_ARGS(problem->allow));
    envelope_write_problem(writers[answer->format], &envelope, problem, &answer->body->head);
    if (!answer->body->head.has_failed)
        return answer;
    remote_answer_release(answer);
    return NULL;
}

void remote_work_prepare(struct remote_request *request, struct worker *worker,
                         struct execute_context *context, struct envelope_request *envelope)
{
    *context = (struct execute_context){
        .database = worker->database,
        .writer = worker->writers[request->chain.format],
        .record_hash = worker->record_hash,
        .answer_hash = worker->answer_hash,
        .counts = request->gateway->counts,
        .file_cache = request->gateway->file_cache,
        .options = &request->gateway->execute,
        .arena = &request->http->arena,
        .deadline_us = (request->asked_us ? request->asked_us : request->http->started_us) +
                       request->gateway->config->mysql.request_deadline_ms * 1000,
    };
    *envelope = (struct envelope_request){
        .action = request->chain.action,
        .method = request->method,
        .format = request->chain.format,
        .code = 200,
        .message = SLICE("Success"),
    };
}

static enum result read_once(struct remote_request *request, struct worker *worker,
                             struct execute_answer *parts)
{
    struct execute_context context;
    struct envelope_request envelope;
    remote_work_prepare(request, worker, &context, &envelope);
    if (request->is_write)
        return remote_write_execute(request, &context, &envelope, parts);
    return execute_read(&context, &request->queries, &envelope, parts, &request->problem);
}

/* The schema changed under us: learn it, and read the request anew under the new model. */
static bool adopt_new_model(struct remote_request *request, struct worker *worker)
{
    enum result result =
        shared_model_refresh(request->gateway->model, request->model, worker->database);
    struct model *model =
        result == RESULT_OK ? shared_model_acquire(request->gateway->model) : NULL;
    if (!model) {
        execute_explain(result, &request->problem);
        return false;
    }
    model_release(request->model);
    request->model = model;
    return chain_parse(model, &request->http->arena, request->segments, request->separator,
                       &request->chain, &request->problem) == RESULT_OK &&
           remote_compile(request);
}

void remote_work_clear(struct execute_answer *parts)
{
    buffer_clear(&parts->head);
    buffer_clear(&parts->rows);
    shared_file_release(parts->file);
    *parts = (struct execute_answer){0};
}

static bool execute(struct remote_request *request, struct worker *worker,
                    struct execute_answer *parts)
{
    enum result result = read_once(request, worker, parts);
    if (result == RESULT_STALE) {
        remote_work_clear(parts);
        if (!adopt_new_model(request, worker))
            return false;
        result = read_once(request, worker, parts);
        if (result == RESULT_STALE)
            execute_explain(result, &request->problem);
    }
    return result == RESULT_OK;
}

bool remote_work_admit(struct remote_request *request, struct worker *worker)
{
    struct execute_answer parts = {0};
    bool is_let_in = execute(request, worker, &parts);
    remote_work_clear(&parts);
    return is_let_in;
}

/* Bytes that have not become a record's: refused, tried only, or answered from before. */
static void discard_bytes(struct remote_request *request)
{
    blob_new_discard(request->bytes);
    request->bytes = NULL;
}

struct remote_answer *remote_work_answer(struct remote_request *request,
                                         struct execute_answer *parts)
{
    const struct config_http *http = &request->gateway->config->http;
    struct remote_answer *answer = remote_answer_create();
    if (!answer)
        return NULL;
    answer->status = 200;
    answer->format = request->chain.format;
    answer->file = parts->file;
    answer->created_id = parts->created_id;
    memcpy(answer->tag, parts->tag, sizeof(answer->tag));
    answer->body->head = parts->head;
    answer->body->rest = parts->rows;
    *parts = (struct execute_answer){0};
    bool is_worth_it = request->coding != HTTP_CODING_IDENTITY && http->compress_min &&
                       http_body_size(answer->body) >= http->compress_min;
    if (is_worth_it && http_compress(answer->body, request->coding, http))
        answer->coding = request->coding;
    return answer;
}

static struct remote_answer *work(struct remote_request *request, struct worker *worker)
{
    struct execute_answer parts = {0};
    struct shared_file_moment moment = shared_file_cache_moment(request->gateway->file_cache);
    uint64_t *phases = request->http->phase_us;
    uint64_t began_us = clock_now_us();
    database_take_elapsed_us(worker->database);
    bool is_good = execute(request, worker, &parts);
    discard_bytes(request);
    if (is_good && parts.file)
        remote_file_keep(request, moment, parts.file);
    struct remote_answer *answer = is_good ? remote_work_answer(request, &parts)
                                           : remote_answer_problem(request, worker->writers);
    remote_work_clear(&parts);
    phases[METRIC_PHASE_DB] = database_take_elapsed_us(worker->database);
    uint64_t spent_us = clock_now_us() - began_us;
    phases[METRIC_PHASE_RENDER] =
        spent_us - (phases[METRIC_PHASE_DB] < spent_us ? phases[METRIC_PHASE_DB] : spent_us);
    return answer;
}

void remote_work_run(struct pool_job *job, void *worker)
{
    struct remote_request *request = (struct remote_request *)job;
    if (!worker)
        return;
    request->answer = work(request, worker);
    worker_report(worker);
}

void remote_work_share(struct pool_job *leader, struct pool_job *follower)
{
    struct remote_answer *answer = ((struct remote_request *)leader)->answer;
    ((struct remote_request *)follower)->answer = answer ? remote_answer_share(answer) : NULL;
}
