/* What XML 1.0 (fifth edition) allows in text and names; mxml passes anything through. */
#ifndef PORTCULLIS_FORMAT_XML_TEXT_H
#define PORTCULLIS_FORMAT_XML_TEXT_H

#include "base/buffer.h"

/* A carriage return must be a reference, else parsers read it as a line feed (2.11); mxml prints it
 * raw. Tags hold none but in an attribute, where it is right too. */
#define XML_TEXT_RETURN SLICE("&#13;")

/* Whether text may name an element. Letters are those that the fourth and the fifth edition both
 * allow, since parsers in use follow either; a colon is refused, since it would name a namespace
 * that nobody declared. */
bool xml_name_is_valid(struct slice text);

/* Replaces out's content by text and a NUL (counted in size), with U+FFFD for bytes that are not
 * UTF-8 and for characters outside production 2 (Char): what mxml may be given. */
void xml_text_make_safe(struct buffer *out, struct slice text);

/* Whether text is printed as it is. No for some that are, never yes for one that is not. */
bool xml_text_is_plain(struct slice text);

/* Appends text as the content of an element: made safe, and escaped as mxml escapes an opaque node,
 * by the entities that mxml names. */
void xml_text_append(struct buffer *out, struct slice text);

#endif
