/*
 * Finds the delimiter of multipart bodies (RFC 2046 5.1.1) in bytes that come in pieces:
 *
 *     CRLF "--" boundary ["--"] *(space / tab) CRLF
 *
 * Linear in the bytes whatever they are: a CR stands nowhere inside what is looked for but at its
 * start and before its end, so a search that fails begins anew where it stands. Pure, allocates
 * nothing; lives inside the reader.
 */
#ifndef PORTCULLIS_HTTP_MULTIPART_DELIMITER_H
#define PORTCULLIS_HTTP_MULTIPART_DELIMITER_H

#include "base/slice.h"

enum {
    MULTIPART_MOST_BOUNDARY = 70,
    MULTIPART_MOST_PADDING = 256, /* blanks; what has more is text */
};

struct multipart_delimiter {
    char text[4 + MULTIPART_MOST_BOUNDARY]; /* CRLF, dashes, boundary */
    uint8_t text_size;
    uint8_t state;    /* where in the delimiter the search stands */
    uint8_t matched;  /* bytes of text */
    uint16_t padding; /* blanks so far */
    bool is_closing;  /* it had the closing dashes */
    uint16_t held_size;
    /* What came in earlier pieces of a delimiter, or what may be none. */
    char held[4 + MULTIPART_MOST_BOUNDARY + 2 + MULTIPART_MOST_PADDING + 1];
};

/* boundary has 1 to 70 characters, no CR among them; it is copied. */
void multipart_delimiter_init(struct multipart_delimiter *delimiter, struct slice boundary);
/* A body or a part's content begins: a delimiter that stands there needs no CRLF before it. */
void multipart_delimiter_restart(struct multipart_delimiter *delimiter);
/* Gives what stands before the delimiter to on_text (never empty; in *bytes, or in the delimiter
 * until the call returns) and cuts it and the delimiter off *bytes. False: the delimiter has not
 * come yet, all of *bytes is taken. */
bool multipart_delimiter_find(struct multipart_delimiter *delimiter, struct slice *bytes,
                              void (*on_text)(void *context, struct slice text), void *context);
/* The body ends here: that was a closing delimiter, which needs no CRLF behind it. */
bool multipart_delimiter_closes(const struct multipart_delimiter *delimiter);
/* A line, without its CRLF, that is a delimiter. */
bool multipart_delimiter_is(const struct multipart_delimiter *delimiter, struct slice line);

#endif
