/* What XML 1.0 (fifth edition) allows in text and names; mxml passes anything through. */
#ifndef PORTCULLIS_FORMAT_XML_TEXT_H
#define PORTCULLIS_FORMAT_XML_TEXT_H

#include "base/buffer.h"

/* Whether text may name an element. Letters are those that the fourth and the fifth edition both
 * allow, since parsers in use follow either; a colon is refused, since it would name a namespace
 * that nobody declared. */
bool xml_name_is_valid(struct slice text);

/* Replaces out's content by text and a NUL (counted in size), with U+FFFD for bytes that are not
 * UTF-8 and for characters outside production 2 (Char). */
void xml_text_make_safe(struct buffer *out, struct slice text);

#endif
