/*
 * One request of the Abuse API on its way. Lives in the HTTP request's arena; owned by exactly one
 * thread at any moment. Checked in the order of abuse-api.md: ban, rate, credential, method, body,
 * action, missing, values, service.
 *
 *   guard.c             loop    the client's address, bans, rates
 *   abuse_credential.c  both    API_ID: known, in line for its turn, or a job of its own; until it
 *                               is decided the body is not read
 *   abuse_read.c        loop    method, body, variables, values
 *   abuse_work.c        worker  the report stored
 *   abuse_answer.c      loop    the answer, and what http itself refuses
 *   abuse_api.c         loop    the handler that strings them together
 */
#ifndef PORTCULLIS_ENDPOINTS_ABUSE_REQUEST_H
#define PORTCULLIS_ENDPOINTS_ABUSE_REQUEST_H

#include "abuse/report_store.h"
#include "endpoints/login_attempt.h"

struct abuse_request {
    struct pool_job job; /* first: the pool gives it back */
    struct http_request *http;
    struct gateway *gateway;
    struct network_address address; /* the client's */
    struct rate_verdict rate;       /* of the address */
    struct rate_verdict admin_rate; /* once he is known */
    struct slice request_id;
    struct report_refusal refusal;
    bool is_answered;

    struct slice identifier; /* API_ID */
    struct slice ban_name;   /* under which its failures are counted */
    struct auth_principal principal;
    bool is_known;              /* the principal is */
    struct login_attempt login; /* of one that memory does not know */

    struct abuse_map *map; /* one reference; NULL: none was learnt when the report was read */
    struct report_variables variables;
    struct report report;
    struct slice idempotency_key; /* data NULL: none */
    struct report_receipt receipt;
};

/* Loop, on_head: finds the credential, in memory or by a job, now or when it is its turn. Ends in
 * abuse_admit, or in a refusal that was sent. */
void abuse_credential_begin(struct abuse_request *request);
/* Loop: who asks is known; lets his body come in, or sends a refusal. */
void abuse_admit(struct abuse_request *request);
/* Loop, on_end: false: refused. */
bool abuse_read(struct abuse_request *request);
/* Loop or worker: the variables under request->map; false: refused. */
bool abuse_read_report(struct abuse_request *request);

/* Worker: the job's run, once the report was read. */
void abuse_work_run(struct pool_job *job, void *worker);

/* Loop: gives the job, its run and done set, to the workers; false: their queue is full, and the
 * request was refused. */
bool abuse_submit_job(struct abuse_request *request, uint32_t lane);
/* Loop: ends a request whose client has gone. */
void abuse_drop(struct abuse_request *request);

void abuse_refuse_banned(struct abuse_request *request);
void abuse_refuse_too_fast(struct abuse_request *request);
/* Loop: sends the refusal, or the receipt where nothing is refused. */
void abuse_answer_send(struct abuse_request *request);
/* Loop: to OPTIONS. */
void abuse_answer_options(struct abuse_request *request);
/* Loop: an answer to what http itself refused. */
void abuse_answer_fault(struct http_request *http, const struct http_fault *fault,
                        struct http_response *response);

#endif
