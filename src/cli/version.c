/* `portcullis version`. */
#include <stdio.h>

#include <openssl/crypto.h>
#include <uv.h>

#include "cli/command.h"

int command_version(const struct command_options *options)
{
    (void)options;
    printf("portcullis %s (libuv %s, %s)\n", PORTCULLIS_VERSION, uv_version_string(),
           OpenSSL_version(OPENSSL_VERSION));
    return COMMAND_GOOD;
}
