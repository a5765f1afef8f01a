/*
 * What a request asks for, once its query and body have been decoded: who calls, which method and
 * chain, and the tree `params`. PHP-style brackets and JSON meet here; which member means what is
 * the target resource's affair.
 *
 * Sources are added in order, later ones win: the query first, then the body. Everything lies in
 * the arena; names and texts of pairs are borrowed and must live as long. Pure code: no I/O, any
 * thread, fuzzed. Source: spec/remote-api.md section 2.
 */
#ifndef PORTCULLIS_RESOURCES_PARAMETERS_H
#define PORTCULLIS_RESOURCES_PARAMETERS_H

#include "base/problem.h"
#include "base/result.h"
#include "format/value.h"
#include "http/parameters.h"

/* file_content, in params or beside them, counts for no bytes: the body's limit bounds it. */
enum {
    PARAMETERS_MOST_DEPTH = 8,             /* nesting of params: `{}` is 1; bounds recursion */
    PARAMETERS_MOST_NAMES = 512,           /* members and items of params, all sources together */
    PARAMETERS_MOST_BYTES = 64 * 1024,     /* text of params of each source, as it was sent */
    PARAMETERS_MOST_LIST_NAMES = 64 * 512, /* of a list in all; of each item MOST_NAMES */
};

struct parameters {
    struct arena *arena;   /* borrowed: the request's */
    struct slice username; /* data NULL when not given; so the next three */
    struct slice password; /* as sent: plain or hashed, not looked into */
    struct slice method;   /* any case, not checked */
    struct slice action;   /* the chain with dots or slashes, not checked */
    struct value *params;  /* VALUE_OBJECT; NULL only when parameters_init found no memory */
    struct value *items; /* VALUE_LIST: params was a list that is not empty (bulk create; bounded by
                          * the body's limit); NULL: it was none. A later source's list wins */
    struct value *loose; /* VALUE_OBJECT of the top-level names that are not reserved: strings, or
                          * trees where brackets or an envelope made them. The target takes those
                          * it knows and ignores the others. NULL as params */
};

/* The first parameters_add_… answers RESULT_NO_MEMORY if there was none. */
void parameters_init(struct parameters *parameters, struct arena *arena);
/* Where the text of a name that stands beside params is kept; NULL for any other name. */
struct slice *parameters_reserved(struct parameters *parameters, struct slice name);

/*
 * Adds a query's or form body's pairs. Within one source brackets win over JSON; params of a later
 * source are merged over earlier ones member by member (top level). What was read before a failure
 * stays.
 *
 * RESULT_INVALID: not UTF-8 (bad_encoding), not JSON or no object (bad_json), malformed brackets or
 * a reserved name with brackets (unknown_parameter); RESULT_LIMIT: too_deep, too_many_names,
 * too_large. The problem is set to 400 then, its cause naming the field. RESULT_NO_MEMORY.
 */
enum result parameters_add_pairs(struct parameters *parameters, const struct http_pairs *pairs,
                                 struct problem *problem);

/* Adds an application/json body: the params object itself, or, when it has a member `params`, the
 * envelope {username, password, method, action, params}. An empty body adds nothing. Errors as
 * above, and invalid_value for an envelope's member that is no text. */
enum result parameters_add_json(struct parameters *parameters, struct slice body,
                                struct problem *problem);

#endif
