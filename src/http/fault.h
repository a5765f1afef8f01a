/* Filling in a fault in one expression, and the status each word for one has. */
#ifndef PORTCULLIS_HTTP_FAULT_H
#define PORTCULLIS_HTTP_FAULT_H

#include "http/http.h"

/* Fills in *fault from literals and is false, so that a check can return it. */
#define HTTP_FAULT(fault, number, word, part, sentence)                                            \
    (*(fault) = (struct http_fault){.status = (number),                                            \
                                    .code = SLICE(word),                                           \
                                    .field = SLICE(part),                                          \
                                    .detail = SLICE(sentence)},                                    \
     false)

#endif
