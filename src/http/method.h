/* Request methods: those of the IANA registry, and which of them we offer (RFC 9110 9, 16.1). */
#ifndef PORTCULLIS_HTTP_METHOD_H
#define PORTCULLIS_HTTP_METHOD_H

#include "http/http.h"

/* False when text is no registered method. Methods are case-sensitive. */
bool http_method_find(struct slice text, enum http_method *method);

#endif
