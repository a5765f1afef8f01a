/* Making and ending a worker's belongings, on its own thread. */
#include "endpoints/worker.h"

#include <stdlib.h>

#include "observe/log.h"

static void destroy(struct worker *worker)
{
    database_destroy(worker->database);
    for (size_t i = 0; i < FORMAT_COUNT; i++)
        if (worker->writers[i])
            writer_destroy(worker->writers[i]);
    tag_hash_destroy(worker->record_hash);
    tag_hash_destroy(worker->answer_hash);
    free(worker);
}

void *worker_init(void *context, size_t index)
{
    struct gateway *gateway = context;
    struct worker *worker = calloc(1, sizeof(*worker));
    if (!worker)
        return NULL;
    worker->gateway = gateway;
    worker->index = index;
    worker->database = database_create(&gateway->config->mysql);
    bool has_writers = writer_create_each(worker->writers, gateway_numbers_are_strings(gateway));
    worker->record_hash = tag_hash_create();
    worker->answer_hash = tag_hash_create();
    if (!has_writers || !worker->database || !worker->record_hash || !worker->answer_hash) {
        log_error("worker", "worker %zu cannot be made: memory is out", index);
        destroy(worker);
        return NULL;
    }
    return worker;
}

void worker_fini(void *worker)
{
    if (worker)
        destroy(worker);
}

void worker_report(struct worker *worker)
{
    atomic_bool *is_up = &worker->gateway->worker_is_up[worker->index];
    bool is_connected = database_is_connected(worker->database);
    if (atomic_load_explicit(is_up, memory_order_relaxed) != is_connected)
        atomic_store_explicit(is_up, is_connected, memory_order_relaxed);
}

void worker_interrupt(void *worker)
{
    database_interrupt(((struct worker *)worker)->database);
}

void worker_idle(void *context)
{
    struct worker *worker = context;
    if (!worker)
        return;
    database_keep_alive(worker->database);
    struct model *model = shared_model_acquire(worker->gateway->model);
    bool is_doubted = shared_model_take_doubt(worker->gateway->model);
    if ((!model || is_doubted) &&
        shared_model_refresh(worker->gateway->model, model, worker->database) != RESULT_OK &&
        is_doubted)
        shared_model_doubt(worker->gateway->model); /* looked at too early, or in vain */
    model_release(model);
    worker_report(worker);
}
