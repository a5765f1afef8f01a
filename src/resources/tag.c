/*
 * Hashing by XXH3: a tag guards against mistaking one answer for another, not against an attacker,
 * and SHA-256 over a page of fifty rows costs as much as reading them from the database.
 */
#include "resources/tag.h"

#include <stdlib.h>
#include <xxhash.h>

#include "base/hex.h"

struct tag_hash {
    XXH3_state_t *state;
};

struct tag_hash *tag_hash_create(void)
{
    struct tag_hash *hash = calloc(1, sizeof(*hash));
    if (!hash)
        return NULL;
    hash->state = XXH3_createState();
    if (hash->state)
        return hash;
    free(hash);
    return NULL;
}

void tag_hash_destroy(struct tag_hash *hash)
{
    if (!hash)
        return;
    XXH3_freeState(hash->state);
    free(hash);
}

void tag_hash_start(struct tag_hash *hash)
{
    XXH3_128bits_reset(hash->state);
}

void tag_hash_add(struct tag_hash *hash, struct slice bytes)
{
    if (bytes.size)
        XXH3_128bits_update(hash->state, bytes.data, bytes.size);
}

void tag_hash_finish(struct tag_hash *hash, char hex[TAG_HASH_HEX + 1])
{
    XXH128_canonical_t canonical;
    XXH128_canonicalFromHash(&canonical, XXH3_128bits_digest(hash->state));
    hex_print(canonical.digest, TAG_HASH_HEX / 2, hex);
}

/* What is between the quotes, without W/. */
static struct slice opaque(struct slice tag)
{
    if (slice_starts_with(tag, SLICE("W/")))
        tag = slice_skip(tag, 2);
    if (tag.size < 2 || tag.data[0] != '"' || tag.data[tag.size - 1] != '"')
        return slice_of("", 0);
    return slice_of(tag.data + 1, tag.size - 2);
}

/* ANSWER of RECORD.ANSWER-coding. */
static struct slice answer_part(struct slice tag)
{
    struct slice inner = opaque(tag);
    size_t point = slice_find(inner, '.');
    if (point < inner.size)
        inner = slice_skip(inner, point + 1);
    return slice_of(inner.data, slice_find(inner, '-'));
}

bool tag_matches(struct slice if_none_match, struct slice tag)
{
    struct slice wanted = answer_part(tag);
    struct slice part;
    if (!if_none_match.data || !wanted.size)
        return false;
    if (slice_equal(slice_trim(if_none_match), SLICE("*")))
        return true;
    while (slice_split(&if_none_match, ',', &part))
        if (slice_equal(answer_part(slice_trim(part)), wanted))
            return true;
    return false;
}

bool tag_matches_record(struct slice if_match, struct slice record)
{
    struct slice part;
    if (slice_equal(slice_trim(if_match), SLICE("*")))
        return true;
    while (slice_split(&if_match, ',', &part)) {
        struct slice tag = slice_trim(part);
        struct slice inner = opaque(tag);
        size_t point = slice_find(inner, '.');
        bool is_strong = !slice_starts_with(tag, SLICE("W/"));
        if (is_strong && point < inner.size && slice_equal(slice_of(inner.data, point), record))
            return true;
    }
    return false;
}
