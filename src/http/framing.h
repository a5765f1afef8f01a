/*
 * What the fields of a head say about the message itself: its host, where its body ends, whether
 * the connection goes on (RFC 9110 7.2, 10.1.1; RFC 9112 3.2, 6, 9.3). Pure code.
 */
#ifndef PORTCULLIS_HTTP_FRAMING_H
#define PORTCULLIS_HTTP_FRAMING_H

#include "http/parser.h"

/* What was met among the fields, gathered one by one. Slices point into the head. */
struct http_framing {
    struct slice host;
    struct slice content_length;
    struct slice transfer_encoding;
    unsigned host_count;
    unsigned content_length_count;
    unsigned transfer_encoding_count;
    bool has_close;
    bool has_keep_alive;
    bool has_continue;
    bool has_other_expectation;
};

/* Notes one field if it is one of those above. */
void http_framing_note(struct http_framing *framing, const struct http_field *field);

/* Decides, once all fields were noted: fills in head's host and everything below its fields. False:
 * *fault says why. */
bool http_framing_decide(const struct http_framing *framing, struct http_head *head,
                         struct http_fault *fault);

#endif
