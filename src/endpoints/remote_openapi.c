/* BASE/openapi.json: a request of the Remote API like any other, but that no chain leads to it. */
#include <stdio.h>

#include "endpoints/remote_request.h"
#include "endpoints/worker.h"

bool remote_openapi_is_meant(const struct remote_request *request)
{
    struct slice base = slice_from(request->gateway->config->remote.base);
    return slice_starts_with(request->http->path, base) &&
           slice_equal(slice_skip(request->http->path, base.size), SLICE("/openapi.json"));
}

bool remote_openapi_compile(struct remote_request *request)
{
    const struct value *params = request->parameters.params;
    if (request->parameters.items) {
        problem_set(&request->problem, 400, SLICE("Request Invalid or Bad Format"));
        problem_add(&request->problem, SLICE("bad_json"), SLICE("params"), "allowed: nothing");
    }
    for (const struct value *item = params ? params->first : NULL; item; item = item->next)
        query_refuse_name(&request->problem, item->name, SLICE("nothing"));
    request->is_compiled = !problem_is_set(&request->problem);
    return request->is_compiled;
}

/* NULL: it is not made yet, or memory is out. */
static struct remote_answer *find(struct remote_request *request, const struct abuse_map *map)
{
    struct openapi_copy copy;
    if (!shared_openapi_get(request->gateway->openapi, request->model, map, request->coding, &copy))
        return NULL;
    struct remote_answer *answer = remote_answer_create();
    if (!answer) {
        http_body_release(copy.body);
        return NULL;
    }
    http_body_release(answer->body);
    answer->body = copy.body;
    answer->coding = copy.coding;
    answer->status = 200;
    answer->format = FORMAT_JSON;
    snprintf(answer->tag, sizeof(answer->tag), "%s", copy.tag);
    return answer;
}

bool remote_openapi_recall(struct remote_request *request)
{
    struct abuse_map *map = shared_abuse_map_acquire(request->gateway->abuse_map);
    struct remote_answer *answer = find(request, map);
    abuse_map_release(map);
    if (answer)
        remote_answer_send(request, answer);
    return answer != NULL;
}

void remote_openapi_run(struct pool_job *job, void *context)
{
    struct remote_request *request = (struct remote_request *)job;
    struct worker *worker = context;
    if (!worker)
        return;
    struct abuse_map *map = shared_abuse_map_acquire(request->gateway->abuse_map);
    enum result result = shared_openapi_make(request->gateway->openapi, request->model, map);
    request->answer = result == RESULT_OK ? find(request, map) : NULL;
    abuse_map_release(map);
    if (request->answer)
        return;
    execute_explain(RESULT_NO_MEMORY, &request->problem);
    request->answer = remote_answer_problem(request, worker->writers);
}
