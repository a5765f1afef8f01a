/*
 * The action chain: `v1/projects/100/actions/json`, from a path or from `action`.
 *
 * Pure code over the model; needs no database and no login, so a wrong chain costs nothing. The
 * chain points into the model it was parsed with, which must outlive it.
 * Source: remote-api.md, sections 1 and 3.
 */
#ifndef PORTCULLIS_RESOURCES_CHAIN_H
#define PORTCULLIS_RESOURCES_CHAIN_H

#include "base/problem.h"
#include "base/result.h"
#include "format/writer.h"
#include "resources/model.h"

enum { CHAIN_MOST_LINKS = 8, CHAIN_MOST_SIBLINGS = 8 };

enum chain_verb {
    CHAIN_NO_VERB,
    CHAIN_BYTHREAD,
    CHAIN_DOWNLOAD,
    CHAIN_CONTENT,
};

/* What the chain's end asks for; decides which methods are offered there. */
enum chain_target {
    CHAIN_LIST,     /* a resource without id */
    CHAIN_RECORD,   /* a resource with id */
    CHAIN_THREADS,  /* …/bythread */
    CHAIN_BYTES,    /* …/{id}/download */
    CHAIN_UPLOAD,   /* …/{id}/content: the request's body is the bytes */
    CHAIN_SETTINGS, /* config, config/{name} */
    CHAIN_DIRECTORY /* api/resources */
};

struct chain_link {
    const struct model_resource *resource;
    bool has_id;
    int64_t id;
};

struct chain {
    enum format format;
    struct chain_link links[CHAIN_MOST_LINKS];
    size_t link_count;                                          /* at least 1 in a good chain */
    const struct model_resource *siblings[CHAIN_MOST_SIBLINGS]; /* beyond the last link's own */
    size_t sibling_count;
    enum chain_verb verb;
    enum chain_target target;
    struct slice setting; /* config/{name} */
    struct slice action;  /* the chain as answers show it: plural names, slashes */
    struct slice route;   /* its shape for metrics: projects/{id}/actions */
};

/*
 * Parses segments separated by separator: '/' for a raw path, whose segments are percent-decoded
 * here, once, after splitting; '.' for the parameter `action`, which its form has decoded.
 * Returns RESULT_OK, or RESULT_INVALID with the problem set (400, 404). chain->format, action and
 * route are defined in any case. Only the catalog decides, nothing learnt from the database: the
 * caller may not be logged in yet.
 */
enum result chain_parse(const struct model *model, struct arena *arena, struct slice segments,
                        char separator, struct chain *chain, struct problem *problem);

/* For those who are logged in: sets the problem 503 when a link or the verb is off for want of a
 * table or column. Before this, a link's columns must not be looked at. */
enum result chain_check_served(const struct chain *chain, struct problem *problem);

/* Sets the problem 405 with Allow unless the chain's end offers that method: GET, POST, … */
enum result chain_check_method(const struct chain *chain, struct slice method,
                               struct problem *problem);
/* The value of Allow for the chain: "GET, HEAD, OPTIONS". */
struct slice chain_allowed_methods(const struct chain *chain, struct arena *arena);

static inline const struct chain_link *chain_last(const struct chain *chain)
{
    return &chain->links[chain->link_count - 1];
}

#endif
