/* The file's part in a form: told from the fields, and held to its place, behind them all. */
#include "endpoints/remote_upload.h"

/* Reads no further; what is told of it waits for the login, as of all parameters. */
static enum result refuse(struct remote_upload *upload, struct slice code, struct slice field,
                          const char *detail)
{
    struct problem *problem = &upload->request->parameter_problem;
    problem_set(problem, 400, SLICE("Request Invalid or Bad Format"));
    problem_add(problem, code, field, "%s", detail);
    return RESULT_INVALID;
}

/* Browsers of old sent whole paths. */
static struct slice base_name(struct slice name)
{
    size_t begin = name.size;
    while (begin > 0 && name.data[begin - 1] != '/' && name.data[begin - 1] != '\\')
        begin--;
    return slice_skip(name, begin);
}

/* Bytes that clients make up themselves, and send without a filename. */
static bool is_file(void *context, struct slice field)
{
    struct remote_upload *upload = context;
    if (!slice_equal(field, SLICE("file")))
        return false;
    if (!upload->is_judged)
        upload->takes_nameless = remote_read_takes_file(upload->request);
    upload->is_judged = true;
    return upload->takes_nameless;
}

static enum result on_file(void *context, const struct multipart_file *file)
{
    struct remote_upload *upload = context;
    if (upload->has_file)
        return refuse(upload, SLICE("unexpected_file"), file->field,
                      "a second file; one is taken of a request");
    upload->has_file = true;
    upload->part = file->field;
    upload->file.name = base_name(file->name);
    upload->file.type = remote_upload_type(file->type);
    upload->fields = upload->read;
    upload->read = (struct http_pairs){.count = upload->fields.count};
    return RESULT_OK;
}

static void on_file_piece(void *context, struct slice piece)
{
    remote_upload_add(context, piece);
}

static void on_file_end(void *context)
{
    (void)context; /* what follows decides: nothing may */
}

bool remote_upload_form_begin(struct remote_upload *upload)
{
    struct remote_request *request = upload->request;
    struct http_request *http = request->http;
    upload->events = (struct multipart_events){.is_file = is_file,
                                               .on_file = on_file,
                                               .on_file_piece = on_file_piece,
                                               .on_file_end = on_file_end,
                                               .context = upload};
    upload->reader =
        multipart_reader_create(&http->arena, http_request_field(http, SLICE("content-type")),
                                request->gateway->config->http.max_body, &upload->read,
                                &upload->events, &request->parameter_problem);
    return upload->reader != NULL;
}

/* A field behind the file came too late to be heard: the file was let in without it. */
static void check(struct remote_upload *upload, enum result result)
{
    struct problem *problem = &upload->request->parameter_problem;
    bool is_late = upload->has_file && upload->read.count > upload->fields.count;
    if (result != RESULT_OK && !problem_is_set(problem))
        execute_explain(result, problem);
    else if (result == RESULT_OK && is_late)
        refuse(upload, SLICE("file_not_last"), upload->read.first->name,
               "it stands behind the file; all parameters must come before it");
}

void remote_upload_form_feed(struct remote_upload *upload, struct slice piece)
{
    check(upload, multipart_reader_feed(upload->reader, piece));
}

void remote_upload_form_end(struct remote_upload *upload)
{
    check(upload, multipart_reader_end(upload->reader));
}
