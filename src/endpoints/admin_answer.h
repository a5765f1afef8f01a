/*
 * Answers of the admin listener: text for its plain pages, JSON for bans and for every refusal.
 * The request's loop.
 */
#ifndef PORTCULLIS_ENDPOINTS_ADMIN_ANSWER_H
#define PORTCULLIS_ENDPOINTS_ADMIN_ANSWER_H

#include "base/problem.h"
#include "format/writer.h"
#include "http/http.h"

/* Sends text, which is moved from. response has its status and may have fields. */
void admin_answer(struct http_request *request, struct http_response *response, struct slice type,
                  struct buffer *text);
void admin_answer_text(struct http_request *request, int status, const char *line);
/* Sends the object whose members `write` writes. */
void admin_answer_json(struct http_request *request, int status,
                       void (*write)(struct writer *writer, const void *context),
                       const void *context);
/* Sends {"status","message","errors":[{"code","field","detail"}]}, with Allow on a 405 and
 * WWW-Authenticate on a 401. */
void admin_answer_problem(struct http_request *request, const struct problem *problem);
/* The same, put into a response that another sends. */
void admin_answer_fill(const struct problem *problem, struct http_response *response);

#endif
