/*
 * PHP-style names: `params[a][b]=c` is a place in a tree. Used by parameters.c alone.
 * Source: spec/remote-api.md section 2, PHP's manual on variables from external sources.
 */
#ifndef PORTCULLIS_RESOURCES_BRACKETS_H
#define PORTCULLIS_RESOURCES_BRACKETS_H

#include "base/arena.h"
#include "base/result.h"
#include "format/value.h"

enum { BRACKETS_MOST_DEPTH = 8 }; /* keys of one name */

struct bracket_name {
    struct slice base;                      /* what stands before the first bracket */
    struct slice keys[BRACKETS_MOST_DEPTH]; /* between the brackets; empty: the next index */
    size_t count;                           /* of keys */
};

/* Takes a name apart. RESULT_INVALID unless brackets are closed, not nested, and nothing stands
 * between or after them; RESULT_LIMIT with too many. base is set in any case. */
enum result brackets_parse(struct slice text, struct bracket_name *name);

/* Puts text where the keys from first on say in the object; what stands there and is in the way is
 * replaced. All containers made are objects, named by index where they are lists. NO_MEMORY. */
enum result brackets_set(struct arena *arena, struct value *object, const struct bracket_name *name,
                         size_t first, struct slice text);

/* Makes each object below (not the given one) a list whose names are the indices 0 to n-1 in any
 * order, by order of index. RESULT_NO_MEMORY. */
enum result brackets_settle(struct arena *arena, struct value *object);

#endif
