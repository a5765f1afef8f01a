/*
 * One request of the Remote API on its way: what the loop read of it, what a worker makes of it,
 * and the answer. Lives in the HTTP request's arena; owned by exactly one thread at any moment.
 *
 *   guard.c          loop    the client's address, bans, rates
 *   remote_read.c    loop    chain, method, parameters, credentials; refuses what is wrong
 *   remote_login.c   both    the login: known, in line for its turn, or a job of its own
 *   remote_work.c    worker  execute, compress
 *   remote_write.c   both    what a write asks beside its parameters: conditions, Idempotency-Key
 *   remote_upload*.c both    a body that is read as it streams in: files, forms that may hold one
 *   remote_group.c   worker  the same for several records at once
 *   remote_answer.c  loop    the answer's head; conditional requests; faults of http itself
 *   remote_openapi.c both    the one document that no chain leads to
 *   remote_file.c    both    downloads: what is remembered of them; conditions, ranges, the head
 *   remote_api.c     loop    the handler that strings them together
 */
#ifndef PORTCULLIS_ENDPOINTS_REMOTE_REQUEST_H
#define PORTCULLIS_ENDPOINTS_REMOTE_REQUEST_H

#include "endpoints/login_attempt.h"
#include "resources/parameters.h"
#include "resources/write_execute.h"

/* What a worker (or the loop, for refusals) made; shared by joint requests by reference and never
 * changed once shared. */
struct remote_answer {
    atomic_uint references;
    int status;
    struct http_body *body;  /* one reference */
    enum http_coding coding; /* that body is in */
    enum format format;
    char tag[TAG_SIZE];
    char allow[64]; /* 405 */
    uint32_t retry_after_s;
    bool wants_basic;         /* 401: which scheme WWW-Authenticate names */
    struct shared_file *file; /* one reference: bytes to send instead of body; or NULL */
    int64_t created_id;       /* for Location; 0: none */
};

struct remote_answer *remote_answer_create(void);
struct remote_answer *remote_answer_share(struct remote_answer *answer);
void remote_answer_release(struct remote_answer *answer);

struct remote_upload;

struct remote_request {
    struct pool_job job; /* first: the pool gives it back */
    struct http_request *http;
    struct gateway *gateway;
    struct model *model;            /* one reference */
    struct network_address address; /* the client's */
    struct rate_verdict rate;       /* of the address */
    struct rate_verdict admin_rate; /* once he is known */
    struct problem problem;

    struct slice segments; /* the raw chain, kept to be parsed again under a new model */
    char separator;
    struct chain chain;
    struct slice method; /* GET, POST, PUT, DELETE: what is asked for, whatever the wire said */

    struct parameters parameters;
    bool has_foreign_body;            /* of a type that is not read: 415 */
    struct problem parameter_problem; /* told only after the login */
    struct login_credentials credentials;
    struct auth_principal principal; /* once is_known */
    bool is_known;
    struct login_attempt login; /* of one that memory does not know */

    struct query_viewer viewer; /* the principal, once is_compiled */
    struct query_set queries;   /* of a read */
    struct write write;         /* of anything else */
    bool is_write;              /* method is not GET */
    bool is_openapi;            /* BASE/openapi.json: there is no chain */
    bool is_compiled;
    struct remote_upload *upload; /* arena; NULL: the body is collected, or none */
    /* Of a file, on their way to its record; NULL: none (any more). The worker's, or libuv's
     * pool's, or between them the loop's. */
    struct blob_new *bytes;
    struct slice key;        /* arena; of what it asks, and who; data NULL: not printed yet */
    uint64_t asked_us;       /* when it could first be carried out; 0: when it began */
    enum http_coding coding; /* the best that the client takes */
    struct slice request_id;
    struct remote_answer *answer;
    struct shared_file *file; /* one reference, until it was sent: the head borrows from it */
};

/* Loop. on_head: finds the chain in the path, where it is there; false: refused, problem set. */
bool remote_read_head(struct remote_request *request);
/* Loop. on_head: is files/{id}/content asked for? Then the chain is read, if need be from the
 * query. */
bool remote_read_is_content(struct remote_request *request);
/* Loop, while a form streams in: is a single file created by what has come so far? */
bool remote_read_takes_file(struct remote_request *request);
/* Loop. Behind remote_read_head, of a request whose body is not to be read: reads the chain from
 * the query where the path has none; false: there is none, problem set. */
bool remote_read_query_chain(struct remote_request *request);
/* Loop. on_head, of a request that is refused unread: which format its answer is to have. */
void remote_read_format(struct remote_request *request);
/* Loop. on_end: everything else; false: refused, problem set. */
bool remote_read_body(struct remote_request *request);
/* Loop or worker: gives params their meaning under request->model; false: problem set. */
bool remote_compile(struct remote_request *request);
/* Loop or worker: makes the principal the viewer, of what is compiled already too. */
void remote_see(struct remote_request *request);
/* Loop or worker: gives params their meaning as a write, and checks the fields that go with it. */
bool remote_write_compile(struct remote_request *request);
/* Worker: carries it out; RESULT_STALE and the like as execute_read. */
enum result remote_write_execute(struct remote_request *request, struct execute_context *context,
                                 const struct envelope_request *envelope,
                                 struct execute_answer *parts);
/* Loop: Location of what was created, or empty. */
struct slice remote_write_location(struct remote_request *request, int64_t created_id);

/* Loop. on_head: true where the body is to be streamed, or the request is refused already. */
bool remote_upload_begin(struct remote_request *request);
/* Loop. on_body. */
void remote_upload_take(struct http_request *http, struct slice piece);
/* Loop. on_end; false: there is no file, the request goes on as any other. */
bool remote_upload_end(struct remote_request *request);
/* Loop: gives the request, compiled, to a worker who lets its file in. */
void remote_upload_admit(struct remote_request *request);
/* Any thread. The form's fields, the file (NULL: none), and whether it is now to be let in. */
const struct http_pairs *remote_upload_pairs(const struct remote_request *request);
const struct write_file *remote_upload_file(const struct remote_request *request);
bool remote_upload_is_admission(const struct remote_request *request);
/* Loop: the file has come, and is to be stored: its caller is asked for again. */
bool remote_upload_is_storing(const struct remote_request *request);
/* Loop: a file's part came, and no login before it. */
bool remote_upload_is_early(const struct remote_request *request);
/* Loop: libuv's pool is at work for it. */
bool remote_upload_is_working(const struct remote_request *request);
/* Loop or worker: may there be such a file, or none, here? False: problem set. */
bool remote_upload_check(struct remote_request *request);
/* Loop. Of a request that is to be refused: true when its bytes go first, and then it is. */
bool remote_upload_refuse(struct remote_request *request);
/* Loop: the request ends, however; NULL is fine. */
void remote_upload_release(struct remote_request *request);

/* Loop: equal keys may share an answer. Empty when they must not. */
struct slice remote_join_key(struct remote_request *request);
/* Loop or worker: equal keys see the same, whatever form the answer takes. Empty when memory is
 * out. Once is_compiled; it holds as long as request->model lives. */
struct slice remote_sight_key(struct remote_request *request);

/* Loop. Logs in, from memory or by a job of its own, now or when it is its turn; then compiles and
 * gives the request to the workers, or refuses it. An upload comes here twice: before its bytes,
 * and once they are there. */
void remote_login_begin(struct remote_request *request);
/* Sets the problem of a request that its guard, or its admin's rate, does not let pass. */
void remote_refuse_banned(struct remote_request *request);
void remote_refuse_too_fast(struct remote_request *request);
/* Loop: sends the answer of request->problem. */
void remote_refuse(struct remote_request *request);
/* Loop: gives the job, its run and done set, to the workers; refuses the request when their queue
 * is full. */
bool remote_submit_job(struct remote_request *request, uint32_t lane);
/* Loop: the same with the request as it was compiled. */
void remote_submit(struct remote_request *request);
/* Loop: ends a request whose client has gone. */
void remote_drop(struct remote_request *request);

/* Loop: answers a download that was resolved a moment ago; false: it takes a worker. */
bool remote_file_recall(struct remote_request *request);
/* Worker: remembers what was resolved for this request. */
void remote_file_keep(struct remote_request *request, struct shared_file_moment moment,
                      struct shared_file *file);
/* Loop: sends the file's bytes, or what the request's conditions and ranges make of them; takes the
 * reference over. */
void remote_file_send(struct remote_request *request, struct shared_file *file);

/* Loop. on_head: does the path name the OpenAPI document? */
bool remote_openapi_is_meant(const struct remote_request *request);
/* Loop: it takes no parameters; false: problem set. */
bool remote_openapi_compile(struct remote_request *request);
/* Loop: answers with the document as it was made before; false: it takes a worker. */
bool remote_openapi_recall(struct remote_request *request);
/* Worker: makes it, and the answer; a job's run. */
void remote_openapi_run(struct pool_job *job, void *worker);

/* Worker: the job's run, run_group and share. */
void remote_work_run(struct pool_job *job, void *worker);
void remote_work_run_group(struct pool_job *first, void *worker);
void remote_work_share(struct pool_job *leader, struct pool_job *follower);

/* Any thread: makes the answer of request->problem, with a writer of that thread. NULL when memory
 * is out. */
struct remote_answer *remote_answer_problem(const struct remote_request *request,
                                            struct writer *const writers[FORMAT_COUNT]);
/* Loop: the fields of every answer. */
void remote_answer_add_fields(struct remote_request *request, struct http_response *response);
/* Loop: sends answer, consuming the reference; NULL is answered by a bare 503. */
void remote_answer_send(struct remote_request *request, struct remote_answer *answer);
/* Loop: an answer to what http itself refused. */
void remote_answer_fault(struct http_request *http, const struct http_fault *fault,
                         struct http_response *response);

#endif
