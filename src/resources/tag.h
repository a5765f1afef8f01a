/*
 * Entity tags (remote-api.md, section 6): "RECORD.ANSWER", RECORD a hash of the last record's
 * writable columns, for If-Match, ANSWER of the whole uncompressed answer, for If-None-Match.
 * A list has a weak tag of the answer alone.
 */
#ifndef PORTCULLIS_RESOURCES_TAG_H
#define PORTCULLIS_RESOURCES_TAG_H

#include "base/buffer.h"

enum { TAG_HASH_HEX = 24, TAG_SIZE = 2 * TAG_HASH_HEX + 8 };

struct tag_hash; /* a running hash; one a worker, used again and again */

struct tag_hash *tag_hash_create(void);
void tag_hash_destroy(struct tag_hash *hash);
void tag_hash_start(struct tag_hash *hash);
void tag_hash_add(struct tag_hash *hash, struct slice bytes);
/* TAG_HASH_HEX hex digits and a NUL. */
void tag_hash_finish(struct tag_hash *hash, char hex[TAG_HASH_HEX + 1]);

/* Does If-None-Match (RFC 9110 13.1.2: `*`, or a list of tags, compared weakly) name this tag? The
 * ANSWER part alone is compared, without a coding's ending (-gzip, -br). */
bool tag_matches(struct slice if_none_match, struct slice tag);
/* Does If-Match (RFC 9110 13.1.1: `*`, or a list of tags, compared strongly) name a version of the
 * record whose RECORD part this is? */
bool tag_matches_record(struct slice if_match, struct slice record);

#endif
