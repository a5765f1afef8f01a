/* crypt_r of libxcrypt, with its 32 KiB of state on the heap and cleansed afterwards. */
#include "auth/bcrypt.h"

#include <crypt.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

unsigned bcrypt_cost(struct slice stored)
{
    if (stored.size != BCRYPT_TEXT_BYTES || memcmp(stored.data, "$2", 2) != 0 ||
        !strchr("yab", stored.data[2]) || stored.data[3] != '$' || stored.data[6] != '$')
        return 0;
    uint64_t cost = 0;
    if (!slice_to_u64(slice_of(stored.data + 4, 2), &cost) || cost < BCRYPT_LEAST_COST ||
        cost > BCRYPT_MOST_COST)
        return 0;
    return (unsigned)cost;
}

/* setting: a whole stored hash, NUL-terminated. */
static bool hash_is(const char *md5_hex, const char *setting)
{
    char password[MD5_HEX_BYTES + 1];
    struct crypt_data *work = calloc(1, sizeof(*work));
    if (!work)
        return false;
    memcpy(password, md5_hex, MD5_HEX_BYTES);
    password[MD5_HEX_BYTES] = '\0';
    const char *made = crypt_r(password, setting, work);
    bool is_equal = made && strlen(made) == BCRYPT_TEXT_BYTES &&
                    CRYPTO_memcmp(made, setting, BCRYPT_TEXT_BYTES) == 0;
    OPENSSL_cleanse(password, sizeof(password));
    OPENSSL_cleanse(work, sizeof(*work));
    free(work);
    return is_equal;
}

bool bcrypt_matches(const char *md5_hex, struct slice stored)
{
    char setting[BCRYPT_TEXT_BYTES + 1];
    if (bcrypt_cost(stored) == 0)
        return false;
    memcpy(setting, stored.data, BCRYPT_TEXT_BYTES);
    setting[BCRYPT_TEXT_BYTES] = '\0';
    bool is_equal = hash_is(md5_hex, setting);
    OPENSSL_cleanse(setting, sizeof(setting));
    return is_equal;
}

void bcrypt_spend(unsigned cost)
{
    static const char nobody[] = "00000000000000000000000000000000";
    char setting[BCRYPT_TEXT_BYTES + 1];
    snprintf(setting, sizeof(setting), "$2y$%02u$%s", cost % 100,
             "portcullisportcullisp.portcullisportcullisportcullisp");
    hash_is(nobody, setting);
}
