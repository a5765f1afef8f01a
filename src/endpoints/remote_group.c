/*
 * Several requests of one kind, taken from the queue together and answered together. Whatever goes
 * wrong with that, each is then tried alone.
 */
#include "base/clock.h"
#include "endpoints/remote_work.h"
#include "resources/execute_group.h"

_Static_assert((int)POOL_MOST_GROUPED <= (int)EXECUTE_MOST_MEMBERS, "a group must fit");

struct group {
    struct remote_request *requests[POOL_MOST_GROUPED];
    struct envelope_request envelopes[POOL_MOST_GROUPED];
    struct execute_answer parts[POOL_MOST_GROUPED];
    struct execute_member members[POOL_MOST_GROUPED];
    size_t count;
};

static void add_request(struct group *group, struct remote_request *request, struct worker *worker)
{
    size_t at = group->count++;
    struct execute_context context;
    remote_work_prepare(request, worker, &context, &group->envelopes[at]);
    group->requests[at] = request;
    group->parts[at] = (struct execute_answer){0};
    group->members[at] = (struct execute_member){
        .set = &request->queries,
        .request = &group->envelopes[at],
        .writer = context.writer,
        .arena = context.arena,
        .answer = &group->parts[at],
        .problem = &request->problem,
    };
}

static void note_phases(struct group *group, struct worker *worker, uint64_t spent_us)
{
    uint64_t db_us = database_take_elapsed_us(worker->database);
    for (size_t i = 0; i < group->count; i++) {
        uint64_t *phases = group->requests[i]->http->phase_us;
        phases[METRIC_PHASE_DB] = db_us < spent_us ? db_us : spent_us;
        phases[METRIC_PHASE_RENDER] = spent_us - phases[METRIC_PHASE_DB];
    }
}

/* Those that the group could not answer stay without an answer. */
static void take_answers(struct group *group, struct worker *worker)
{
    for (size_t i = 0; i < group->count; i++) {
        struct remote_request *request = group->requests[i];
        if (group->members[i].result == RESULT_LIMIT)
            continue;
        request->answer = group->members[i].result == RESULT_OK
                              ? remote_work_answer(request, &group->parts[i])
                              : remote_answer_problem(request, worker->writers);
        metric_increment(METRIC_POOL_GROUPED);
    }
}

static void run_alone(struct group *group, struct worker *worker)
{
    for (size_t i = 0; i < group->count; i++) {
        remote_work_clear(&group->parts[i]);
        if (!group->requests[i]->answer)
            remote_work_run(&group->requests[i]->job, worker);
    }
}

void remote_work_run_group(struct pool_job *first, void *context)
{
    struct worker *worker = context;
    struct group group = {.count = 0};
    struct execute_context execute;
    struct envelope_request envelope;
    if (!worker)
        return;
    for (struct pool_job *job = first; job; job = job->next)
        add_request(&group, (struct remote_request *)job, worker);
    remote_work_prepare(group.requests[0], worker, &execute, &envelope);

    uint64_t began_us = clock_now_us();
    database_take_elapsed_us(worker->database);
    if (execute_group(&execute, group.members, group.count) == RESULT_OK)
        take_answers(&group, worker);
    note_phases(&group, worker, clock_now_us() - began_us);
    run_alone(&group, worker);
    worker_report(worker);
}
