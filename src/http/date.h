/* Dates in fields (RFC 9110 5.6.7). Pure. */
#ifndef PORTCULLIS_HTTP_DATE_H
#define PORTCULLIS_HTTP_DATE_H

#include "base/slice.h"

enum { HTTP_DATE_BYTES = 40 };

/* "Sun, 06 Nov 1994 08:49:37 GMT" into text; returns it. seconds: since 1970. */
struct slice http_date_print(int64_t seconds, char text[HTTP_DATE_BYTES]);
/* The three forms that a recipient has to accept; false for anything else. */
bool http_date_parse(struct slice text, int64_t *seconds);

#endif
