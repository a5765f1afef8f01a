/*
 * Media types of files by their names: the system's table (/etc/mime.types), or a few that are
 * built in where it is missing.
 *
 * Read once at start, unchanged since: any thread may ask.
 */
#ifndef PORTCULLIS_HTTP_MEDIA_TYPE_H
#define PORTCULLIS_HTTP_MEDIA_TYPE_H

#include "base/slice.h"

#define HTTP_MEDIA_TYPES_PATH "/etc/mime.types"

struct http_media_types;

/* path: a file in the format of mime.types(5); what cannot be read, or holds nothing, is logged and
 * replaced by the built-in few. NULL only when memory is out. */
struct http_media_types *http_media_types_load(const char *path);
void http_media_types_destroy(struct http_media_types *types); /* NULL is fine */

/* The type by what follows the name's last point, in any case; application/octet-stream where that
 * says nothing. Borrowed from types, or a literal. */
struct slice http_media_type_by_name(const struct http_media_types *types, struct slice name);

/* Fit to stand in a Content-Type field: type/subtype after RFC 9110 8.3.1, parameters allowed, at
 * most 127 bytes, no control characters. */
bool http_media_type_is_sane(struct slice type);

#endif
