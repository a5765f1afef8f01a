/* What remote_work.c and remote_group.c share. Worker threads only. */
#ifndef PORTCULLIS_ENDPOINTS_REMOTE_WORK_H
#define PORTCULLIS_ENDPOINTS_REMOTE_WORK_H

#include "endpoints/remote_request.h"
#include "endpoints/worker.h"

/* What executing the request needs of its worker, and what its envelope says when all goes well. */
void remote_work_prepare(struct remote_request *request, struct worker *worker,
                         struct execute_context *context, struct envelope_request *envelope);
/* May the request's file be let in? False: problem set. */
bool remote_work_admit(struct remote_request *request, struct worker *worker);
/* Makes the answer of executed parts, compressed if the client takes it; the parts are taken over.
 * NULL when memory is out. */
struct remote_answer *remote_work_answer(struct remote_request *request,
                                         struct execute_answer *parts);
/* Frees what parts still hold. */
void remote_work_clear(struct execute_answer *parts);

#endif
