/* Hashing by OpenSSL's SHA-256, cut to 96 bits: long enough that no two answers share a tag. */
#include "resources/tag.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

struct tag_hash {
    EVP_MD_CTX *context;
    EVP_MD *sha256;    /* fetched once: the implicit fetch costs more than the hash */
    char pending[512]; /* small pieces are gathered: each call of OpenSSL's costs more than they do
                        */
    size_t pending_size;
};

struct tag_hash *tag_hash_create(void)
{
    struct tag_hash *hash = calloc(1, sizeof(*hash));
    if (!hash)
        return NULL;
    hash->context = EVP_MD_CTX_new();
    hash->sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
    if (!hash->context || !hash->sha256) {
        tag_hash_destroy(hash);
        return NULL;
    }
    return hash;
}

void tag_hash_destroy(struct tag_hash *hash)
{
    if (!hash)
        return;
    EVP_MD_CTX_free(hash->context);
    EVP_MD_free(hash->sha256);
    free(hash);
}

void tag_hash_start(struct tag_hash *hash)
{
    EVP_DigestInit_ex2(hash->context, hash->sha256, NULL);
    hash->pending_size = 0;
}

static void flush(struct tag_hash *hash)
{
    EVP_DigestUpdate(hash->context, hash->pending, hash->pending_size);
    hash->pending_size = 0;
}

void tag_hash_add(struct tag_hash *hash, struct slice bytes)
{
    if (bytes.size > sizeof(hash->pending) - hash->pending_size)
        flush(hash);
    if (bytes.size > sizeof(hash->pending)) {
        EVP_DigestUpdate(hash->context, bytes.data, bytes.size);
    } else if (bytes.size) {
        memcpy(hash->pending + hash->pending_size, bytes.data, bytes.size);
        hash->pending_size += bytes.size;
    }
}

void tag_hash_finish(struct tag_hash *hash, char hex[TAG_HASH_HEX + 1])
{
    static const char digits[] = "0123456789abcdef";
    unsigned char bytes[EVP_MAX_MD_SIZE] = {0};
    flush(hash);
    EVP_DigestFinal_ex(hash->context, bytes, NULL);
    for (size_t i = 0; i < TAG_HASH_HEX / 2; i++) {
        hex[2 * i] = digits[bytes[i] >> 4];
        hex[2 * i + 1] = digits[bytes[i] & 15];
    }
    hex[TAG_HASH_HEX] = '\0';
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
