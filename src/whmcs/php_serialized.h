/*
 * Text as PHP's serialize() writes it: what settings such as WhitelistedIPs hold. Read strictly:
 * null, booleans, integers, floats, strings and arrays of these, eight levels deep; objects and
 * references are refused. Lengths count bytes and must be right. Pure; any thread.
 */
#ifndef PORTCULLIS_WHMCS_PHP_SERIALIZED_H
#define PORTCULLIS_WHMCS_PHP_SERIALIZED_H

#include "base/result.h"
#include "base/slice.h"

/*
 * For a list of arrays, [["ip" => "127.0.0.1", "note" => "dev"], …]: calls visit, in order, with
 * each string that stands under the key `name` in an array of the list. value points into text.
 * RESULT_INVALID, before any call, when text is not one whole serialized value.
 */
enum result php_serialized_visit(struct slice text, struct slice name,
                                 void (*visit)(void *context, struct slice value), void *context);

#endif
