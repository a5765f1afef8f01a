#include "endpoints/admin_answer.h"

static const struct slice text_type = {"text/plain; charset=utf-8", 25};
static const struct slice json_type = {"application/json; charset=utf-8", 31};

static void fill(struct http_response *response, struct slice type, struct buffer *text)
{
    http_response_field(response, SLICE("Content-Type"), type);
    http_response_field(response, SLICE("Cache-Control"), SLICE("no-store"));
    http_response_field(response, SLICE("X-Content-Type-Options"), SLICE("nosniff"));
    bool is_whole = !text->has_failed;
    response->body = http_body_create();
    if (response->body && is_whole)
        response->body->head = *text; /* moved */
    else
        buffer_clear(text);
    if (!response->body || !is_whole)
        response->status = 503;
}

void admin_answer(struct http_request *request, struct http_response *response, struct slice type,
                  struct buffer *text)
{
    fill(response, type, text);
    http_respond(request, response);
}

void admin_answer_text(struct http_request *request, int status, const char *line)
{
    struct http_response response = {.status = status};
    struct buffer text = {0};
    buffer_printf(&text, "%s\n", line);
    admin_answer(request, &response, text_type, &text);
}

/* A writer gives members without their object. */
static void write_object(struct buffer *text,
                         void (*write)(struct writer *writer, const void *context),
                         const void *context)
{
    struct writer *writer = writer_create(FORMAT_JSON);
    text->has_failed = text->has_failed || !writer;
    if (!writer)
        return;
    buffer_append_char(text, '{');
    writer_start(writer, text);
    write(writer, context);
    writer_finish(writer);
    buffer_append_slice(text, SLICE("}\n"));
    writer_destroy(writer);
}

void admin_answer_json(struct http_request *request, int status,
                       void (*write)(struct writer *writer, const void *context),
                       const void *context)
{
    struct http_response response = {.status = status};
    struct buffer text = {0};
    write_object(&text, write, context);
    admin_answer(request, &response, json_type, &text);
}

static void write_problem(struct writer *writer, const void *context)
{
    const struct problem *problem = context;
    writer_member_integer(writer, SLICE("status"), problem->status);
    writer_member_string(writer, SLICE("message"), problem->message);
    writer_key(writer, SLICE("errors"));
    writer_list_begin(writer, SLICE("error"));
    for (const struct problem_cause *cause = problem->first; cause; cause = cause->next) {
        writer_object_begin(writer);
        writer_member_string(writer, SLICE("code"), cause->code);
        writer_member_string(writer, SLICE("field"), cause->field);
        writer_member_string(writer, SLICE("detail"), cause->detail);
        writer_object_end(writer);
    }
    writer_list_end(writer);
}

void admin_answer_fill(const struct problem *problem, struct http_response *response)
{
    struct buffer text = {0};
    response->status = problem->status;
    if (problem->allow.size)
        http_response_field(response, SLICE("Allow"), problem->allow);
    if (problem->status == 401)
        http_response_field(response, SLICE("WWW-Authenticate"),
                            SLICE("Bearer realm=\"portcullis admin listener\""));
    write_object(&text, write_problem, problem);
    fill(response, json_type, &text);
}

void admin_answer_problem(struct http_request *request, const struct problem *problem)
{
    struct http_response response = {0};
    admin_answer_fill(problem, &response);
    http_respond(request, &response);
}
