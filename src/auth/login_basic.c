/* Authorization: Basic (RFC 7617), and the same with the MD5 in the password's place. */
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <string.h>

#include "auth/bcrypt.h"
#include "auth/login.h"
#include "base/hex.h"

/* OpenSSL's decoder lets white space through and wants whole groups of four. */
static bool is_base64(struct slice text)
{
    size_t body = text.size;
    if (text.size == 0 || text.size % 4 != 0)
        return false;
    for (int i = 0; i < 2 && text.data[body - 1] == '='; i++)
        body--;
    for (size_t i = 0; i < body; i++) {
        char c = text.data[i];
        bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (!is_letter && !(c >= '0' && c <= '9') && c != '+' && c != '/')
            return false;
    }
    return true;
}

static size_t padding_of(struct slice text)
{
    return (size_t)(text.data[text.size - 1] == '=') + (size_t)(text.data[text.size - 2] == '=');
}

static struct slice base64_decode(struct arena *arena, struct slice text)
{
    unsigned char *out = is_base64(text) ? arena_alloc(arena, text.size) : NULL;
    if (!out)
        return slice_of(NULL, 0);
    int size = EVP_DecodeBlock(out, (const unsigned char *)text.data, (int)text.size);
    if (size < 0)
        return slice_of(NULL, 0);
    return slice_of((char *)out, (size_t)size - padding_of(text));
}

/* RFC 7617 2: neither part may hold control characters. */
static bool has_control(struct slice text)
{
    for (size_t i = 0; i < text.size; i++)
        if ((unsigned char)text.data[i] < 0x20 || text.data[i] == 0x7f)
            return true;
    return false;
}

static struct slice md5_hex_of(struct arena *arena, struct slice password)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    char *hex = arena_alloc(arena, MD5_HEX_BYTES + 1);
    if (!hex || EVP_Digest(password.data, password.size, digest, &size, EVP_md5(), NULL) != 1)
        return slice_of(NULL, 0);
    hex_print(digest, size, hex);
    OPENSSL_cleanse(digest, sizeof(digest));
    return slice_of(hex, MD5_HEX_BYTES);
}

/* The MD5 as it came, whatever it is: what is none costs what a wrong one costs. */
static struct slice as_it_is(struct arena *arena, struct slice password)
{
    return arena_copy(arena, password);
}

static const struct scheme {
    struct slice name;
    struct slice (*md5_hex)(struct arena *arena, struct slice password);
    bool is_basic;
} schemes[] = {{SLICE("basic"), md5_hex_of, true}, {SLICE("portcullis"), as_it_is, false}};

static const struct scheme *scheme_find(struct slice name)
{
    for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++)
        if (slice_equal_nocase(schemes[i].name, name))
            return &schemes[i];
    return NULL;
}

bool login_credentials_from_field(struct arena *arena, struct slice authorization,
                                  struct login_credentials *credentials)
{
    size_t end = slice_find(authorization, ' ');
    const struct scheme *scheme = scheme_find(slice_of(authorization.data, end));
    if (!scheme)
        return false;
    *credentials = (struct login_credentials){.is_basic = scheme->is_basic};
    struct slice pair = base64_decode(arena, slice_trim(slice_skip(authorization, end)));
    size_t colon = slice_find(pair, ':');
    if (colon == pair.size || has_control(pair))
        return true;
    struct slice password = slice_skip(pair, colon + 1);
    credentials->username = slice_of(pair.data, colon);
    credentials->md5_hex = scheme->md5_hex(arena, password);
    OPENSSL_cleanse((char *)password.data, password.size);
    return true;
}
