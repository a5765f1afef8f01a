/*
 * Base64 (RFC 4648 section 4) as strict as the RFC asks: its own alphabet, whole groups, padding,
 * no bits set that nobody reads. Line breaks between the characters are passed over, since common
 * tools put them in; blanks are not, since a blank may be a '+' that a form has lost.
 */
#ifndef PORTCULLIS_BASE_BASE64_H
#define PORTCULLIS_BASE_BASE64_H

#include "base/slice.h"

/* How many bytes the text stands for; false when it is no base64. */
bool base64_measure(struct slice text, size_t *size);
/* Decodes good text into room for as many bytes as base64_measure said. */
void base64_decode(struct slice text, char *bytes);

#endif
