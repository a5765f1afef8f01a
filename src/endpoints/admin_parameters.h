/*
 * Parameters of the admin listener's pages: a table of the names a page knows, filled from a
 * query, a form or a JSON object of strings. Pure; slices live in the problem's arena or in what
 * was read.
 */
#ifndef PORTCULLIS_ENDPOINTS_ADMIN_PARAMETERS_H
#define PORTCULLIS_ENDPOINTS_ADMIN_PARAMETERS_H

#include "base/problem.h"
#include "base/result.h"

struct admin_parameter {
    struct slice name;
    struct slice value; /* valid UTF-8; data NULL: not given */
};

struct admin_parameters {
    struct admin_parameter *rows;
    size_t count;
};

/* Each sets the problem (400) and returns false when something is unknown, given twice or
 * malformed; when memory is out, 503. */
bool admin_parameters_read_form(const struct admin_parameters *parameters, struct slice text,
                                struct problem *problem);
bool admin_parameters_read_json(const struct admin_parameters *parameters, struct slice text,
                                struct problem *problem);

#endif
