/* How decoded names and values are gathered, by forms and multipart alike; private to the room. */
#ifndef PORTCULLIS_HTTP_PAIRS_H
#define PORTCULLIS_HTTP_PAIRS_H

#include "http/parameters.h"

/* Appends a pair after checking its UTF-8 and the count; both slices live as long as the arena. */
enum result http_pairs_add(struct arena *arena, struct http_pairs *pairs, struct slice name,
                           struct slice value, struct problem *problem);
/* Sets the 400 that all faults of parameters share, and adds one cause; RESULT_INVALID. */
enum result http_pairs_refuse(struct problem *problem, struct slice code, struct slice field,
                              const char *detail);

#endif
