/* `portcullis healthcheck`: for containers and people. */
#include <stdio.h>
#include <string.h>

#include "cli/admin_client.h"
#include "cli/command.h"

enum { DEADLINE_MS = 2000 };

/* Prints the first line of what is answered. */
static int judge(const char *path, const struct admin_answer *answer)
{
    struct slice line = buffer_slice(&answer->body);
    line.size = slice_find(line, '\n');
    if (answer->status == 200) {
        printf("%s: ok\n", path);
        return COMMAND_GOOD;
    }
    fprintf(stderr, "portcullis: %s: %d: %.*s\n", path, answer->status, SLICE_ARGS(line));
    return COMMAND_FAILED;
}

static int ask(const struct config_admin *config, const char *path)
{
    const struct admin_client_options options = {.config = config, .timeout_ms = DEADLINE_MS};
    struct admin_client *client = admin_client_create(&options);
    struct admin_answer answer;
    if (!client)
        return COMMAND_FAILED;
    int code = admin_client_ask(client, "GET", path, slice_of(NULL, 0), &answer) == RESULT_OK
                   ? judge(path, &answer)
                   : COMMAND_FAILED;
    buffer_clear(&answer.body);
    admin_client_destroy(client);
    return code;
}

int command_healthcheck(const struct command_options *options)
{
    struct config *config = command_load_config(options);
    if (!config)
        return COMMAND_FAILED;
    int code = ask(&config->admin, command_has_switch(options, "--ready") ? "/readyz" : "/healthz");
    config_destroy(config);
    return code;
}
