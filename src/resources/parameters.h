/*
 * What a request asks for, once its query and body have been decoded: who calls, which method and
 * chain, and the tree `params`. PHP-style brackets and JSON meet here; which member means what is
 * the target resource's affair.
 *
 * Sources are added in order, later ones win: the query first, then the body. Everything lies in
 * the arena; names and texts borrow from the pairs and the body, which must live as long. Pure
 * code: no I/O, any thread, fuzzed. Source: spec/remote-api.md section 2.
 */
#ifndef PORTCULLIS_RESOURCES_PARAMETERS_H
#define PORTCULLIS_RESOURCES_PARAMETERS_H

#include "base/problem.h"
#include "base/result.h"
#include "format/value.h"
#include "http/parameters.h"

enum {
    PARAMETERS_MOST_DEPTH = 8,         /* nesting of params: `{}` is 1; stops stack exhaustion */
    PARAMETERS_MOST_NAMES = 512,       /* members and items in all, all sources together */
    PARAMETERS_MOST_BYTES = 64 * 1024, /* of text of params, each source */
};

struct parameters {
    struct arena *arena;   /* borrowed: the request's */
    struct slice username; /* data NULL when not given; so the next three */
    struct slice password; /* as sent: plain or hashed, not looked into */
    struct slice method;   /* any case, not checked */
    struct slice action;   /* the chain with dots or slashes, not checked */
    struct value *params;  /* VALUE_OBJECT; NULL only when parameters_init found no memory */
    struct value *loose; /* VALUE_OBJECT of VALUE_STRING: top-level names that are not reserved; the
                          * target takes those it knows and ignores the others */
    size_t names;        /* members and items read so far, towards PARAMETERS_MOST_NAMES */
};

/* RESULT_NO_MEMORY is told by the first parameters_add_… then. */
void parameters_init(struct parameters *parameters, struct arena *arena);

/*
 * Adds a query's or form body's pairs. Within one source brackets win over JSON; params of a later
 * source are merged over earlier ones member by member (top level). Afterwards, on failure, the
 * parameters hold what was read before it.
 *
 * RESULT_INVALID: not UTF-8 (bad_encoding), not JSON or no object (bad_json), malformed brackets or
 * a reserved name with brackets (unknown_parameter); RESULT_LIMIT: too_deep, too_many_names,
 * too_large. The problem is set to 400 then, each cause naming the field. RESULT_NO_MEMORY.
 */
enum result parameters_add_pairs(struct parameters *parameters, const struct http_pairs *pairs,
                                 struct problem *problem);

/* Adds an application/json body: the params object itself, or, when it has a member `params`, the
 * envelope {username, password, method, action, params}. An empty body adds nothing. Errors as
 * above. */
enum result parameters_add_json(struct parameters *parameters, struct slice body,
                                struct problem *problem);

#endif
