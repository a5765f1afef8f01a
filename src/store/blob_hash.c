/* SHA-256 of a whole file. */
#include <errno.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/hex.h"
#include "store/blob_store_internal.h"

enum { PIECE_BYTES = 128 * 1024 };

static enum result feed(EVP_MD_CTX *hash, int descriptor, unsigned char *piece)
{
    off_t at = 0;
    for (;;) {
        ssize_t got = pread(descriptor, piece, PIECE_BYTES, at);
        if (got == 0)
            return RESULT_OK;
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0 || EVP_DigestUpdate(hash, piece, (size_t)got) != 1)
            return RESULT_FAILED;
        at += got;
    }
}

enum result blob_hash(int descriptor, char sha256[BLOB_SHA256])
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    EVP_MD_CTX *hash = EVP_MD_CTX_new();
    unsigned char *piece = malloc(PIECE_BYTES);
    enum result result = RESULT_NO_MEMORY;
    sha256[0] = '\0';
    if (hash && piece && EVP_DigestInit_ex(hash, EVP_sha256(), NULL) == 1)
        result = feed(hash, descriptor, piece);
    if (result == RESULT_OK && EVP_DigestFinal_ex(hash, digest, &size) != 1)
        result = RESULT_NO_MEMORY;
    if (result == RESULT_OK)
        hex_print(digest, size, sha256);
    free(piece);
    EVP_MD_CTX_free(hash);
    return result;
}
