/* The worker's half: the report stored, under a map that fits the database. */
#include "base/clock.h"
#include "endpoints/abuse_request.h"
#include "endpoints/worker.h"
#include "observe/log.h"

static struct slice address_of(const struct abuse_request *request)
{
    char text[NETWORK_TEXT];
    if (!network_address_is_known(&request->address))
        return SLICE("");
    network_address_print(&request->address, text);
    return arena_copy(&request->http->arena, slice_from(text));
}

/* The map that was in force is none, or no longer fits: learn, and read the report anew. */
static bool adopt_new_map(struct abuse_request *request, struct worker *worker)
{
    struct shared_abuse_map *shared = request->gateway->abuse_map;
    enum result result = shared_abuse_map_refresh(shared, request->map, worker->database);
    struct abuse_map *map = result == RESULT_OK ? shared_abuse_map_acquire(shared) : NULL;
    if (!map)
        return false;
    abuse_map_release(request->map);
    request->map = map;
    report_refusal_init(&request->refusal, &request->http->arena);
    return true;
}

static enum result store(struct abuse_request *request, struct worker *worker)
{
    const struct config_abuse *config = &request->gateway->config->abuse;
    const struct config_mysql *mysql = &request->gateway->config->mysql;
    const struct report_order order = {
        .report = &request->report,
        .map = request->map,
        .admin = slice_from(request->principal.username),
        .admin_id = request->principal.admin_id,
        .address = address_of(request),
        .idempotency_key = request->idempotency_key,
        .dedup_window_s = (config->dedup_window_ms + 999) / 1000,
        .timelimit_min = config->timelimit_minutes,
        .email_template = slice_from(config->email_template),
        .deadline_us = request->http->started_us + mysql->request_deadline_ms * 1000,
    };
    return report_store(worker->database, &order, &request->http->arena, &request->receipt,
                        &request->refusal);
}

static void work(struct abuse_request *request, struct worker *worker)
{
    if (!request->map && !(adopt_new_map(request, worker) && abuse_read_report(request))) {
        report_refuse_for_now(&request->refusal, REPORT_NOT_STORED, 1,
                              "Not stored: the database cannot be reached; try again");
        return;
    }
    if (store(request, worker) == RESULT_STALE && adopt_new_map(request, worker) &&
        abuse_read_report(request))
        store(request, worker);
}

static void tell(const struct abuse_request *request)
{
    const struct config_abuse *config = &request->gateway->config->abuse;
    if (report_is_refused(&request->refusal))
        return;
    bool sends_email = slice_from(config->email_template).size > 0;
    if (request->receipt.is_stored && (request->report.suspend == REPORT_IMMEDIATE || sends_email))
        dispatcher_wake(request->gateway->dispatcher);
    metric_increment(request->receipt.is_stored ? METRIC_ABUSE_REPORTS : METRIC_ABUSE_REPEATED);
    if (request->report.is_vendors_suspend)
        log_warning("abuse_suspend",
                    "report %lld, request %.*s: suspend_method=suspend is not in the vendor's "
                    "table, and was taken as nosuspend: nothing is suspended",
                    (long long)request->receipt.report_id, SLICE_ARGS(request->request_id));
}

void abuse_work_run(struct pool_job *job, void *context)
{
    struct abuse_request *request = (struct abuse_request *)job;
    struct worker *worker = context;
    uint64_t began_us = clock_now_us();
    if (!worker) {
        report_refuse_for_now(&request->refusal, REPORT_NOT_STORED, 1,
                              "Not stored: no worker could be made; try again");
        return;
    }
    database_take_elapsed_us(worker->database);
    work(request, worker);
    tell(request);
    uint64_t *phases = request->http->phase_us;
    uint64_t spent_us = clock_now_us() - began_us;
    phases[METRIC_PHASE_DB] = database_take_elapsed_us(worker->database);
    phases[METRIC_PHASE_RENDER] =
        spent_us - (phases[METRIC_PHASE_DB] < spent_us ? phases[METRIC_PHASE_DB] : spent_us);
    worker_report(worker);
}
