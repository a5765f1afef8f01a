/* Options may stand before or after the command; a command's own switches anywhere as well. */
#include "cli/options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/help.h"

/* The command line as it is being read. The arrays have room for argc entries. */
struct parsing {
    const char *command_name;
    const char *config_path;
    struct config_override *overrides;
    size_t override_count;
    char **rest; /* switches that are not ours: the command's, if it knows them */
    int rest_count;
    bool wants_help;
};

/* The value of -x VALUE, -xVALUE, --long VALUE or --long=VALUE; NULL when argument is another
 * option. *at moves on where the value stands apart; *is_missing when there is none. */
static const char *option_value(int argc, char **argv, int *at, const char *brief, const char *full,
                                bool *is_missing)
{
    const char *argument = argv[*at];
    size_t size = strlen(full);
    bool is_brief = strncmp(argument, brief, 2) == 0;
    bool is_full = strncmp(argument, full, size) == 0 && (!argument[size] || argument[size] == '=');
    if (!is_brief && !is_full)
        return NULL;
    if (is_brief && argument[2])
        return argument + 2;
    if (is_full && argument[size] == '=')
        return argument + size + 1;
    *is_missing = *at + 1 >= argc;
    return *is_missing ? NULL : argv[++*at];
}

static int parse_one(struct parsing *parsing, int argc, char **argv, int *at)
{
    bool is_missing = false;
    const char *argument = argv[*at];
    const char *path = option_value(argc, argv, at, "-c", "--config", &is_missing);
    const char *setting =
        path || is_missing ? NULL : option_value(argc, argv, at, "-o", "--option", &is_missing);
    if (is_missing) {
        fprintf(stderr, "portcullis: %s needs a value: %s\n", argument,
                argument[1] == 'c' || argument[2] == 'c' ? "a file" : "section.key=value");
        return COMMAND_WRONG_USAGE;
    }
    if (path)
        parsing->config_path = path;
    else if (setting)
        parsing->overrides[parsing->override_count++].text = setting;
    else if (strcmp(argument, "-h") == 0 || strcmp(argument, "--help") == 0)
        parsing->wants_help = true;
    else if (argument[0] == '-' || parsing->command_name)
        parsing->rest[parsing->rest_count++] = argv[*at];
    else
        parsing->command_name = argument;
    return COMMAND_GOOD;
}

static const struct command *find_command(const struct command *commands, size_t count,
                                          const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(commands[i].name, name) == 0)
            return &commands[i];
    return NULL;
}

static int refuse_command(const struct command *commands, size_t count, const char *name)
{
    if (name)
        fprintf(stderr, "portcullis: unknown command \"%s\"; allowed:", name);
    else
        fprintf(stderr, "portcullis: which command? Allowed:");
    for (size_t i = 0; i < count; i++)
        fprintf(stderr, "%s %s", i ? "," : "", commands[i].name);
    fprintf(stderr, "\nTry: portcullis --help\n");
    return COMMAND_WRONG_USAGE;
}

static bool knows_switch(const struct command *command, const char *name)
{
    const struct command_switch *own = command->switches;
    while (own && own->name && strcmp(own->name, name) != 0)
        own++;
    return own && own->name;
}

static int check_rest(const struct command *command, const struct parsing *parsing)
{
    for (int i = 0; i < parsing->rest_count; i++) {
        if (knows_switch(command, parsing->rest[i]))
            continue;
        fprintf(stderr, "portcullis %s: unknown %s \"%s\"; allowed:", command->name,
                parsing->rest[i][0] == '-' ? "option" : "argument", parsing->rest[i]);
        const struct command_switch *own = command->switches;
        for (; own && own->name; own++)
            fprintf(stderr, " %s,", own->name);
        fprintf(stderr, " -c FILE, -o section.key=value, --help\n");
        return COMMAND_WRONG_USAGE;
    }
    return COMMAND_GOOD;
}

static int run(const struct command *commands, size_t count, struct parsing *parsing)
{
    if (!parsing->command_name && parsing->rest_count &&
        strcmp(parsing->rest[0], "--version") == 0) {
        parsing->command_name = "version";
        parsing->rest_count--;
        parsing->rest++;
    }
    const char *name = parsing->command_name;
    if (!name && parsing->wants_help) {
        help_print_all(commands, count);
        return COMMAND_GOOD;
    }
    const struct command *command = name ? find_command(commands, count, name) : NULL;
    if (!command)
        return refuse_command(commands, count,
                              name                  ? name
                              : parsing->rest_count ? parsing->rest[0]
                                                    : NULL);
    if (parsing->wants_help) {
        help_print_command(command);
        return COMMAND_GOOD;
    }
    int code = check_rest(command, parsing);
    if (code != COMMAND_GOOD)
        return code;
    const char *path = parsing->config_path ? parsing->config_path : getenv("PORTCULLIS_CONFIG");
    struct command_options options = {.config_path = path && *path ? path : NULL,
                                      .overrides = parsing->overrides,
                                      .override_count = parsing->override_count,
                                      .argc = parsing->rest_count,
                                      .argv = parsing->rest};
    return command->run(&options);
}

int options_run(const struct command *commands, size_t count, int argc, char **argv)
{
    size_t room = argc > 0 ? (size_t)argc : 1;
    struct config_override *overrides = calloc(room, sizeof(*overrides));
    char **rest = calloc(room, sizeof(*rest));
    struct parsing parsing = {.overrides = overrides, .rest = rest};
    int code = overrides && rest ? COMMAND_GOOD : COMMAND_FAILED;
    for (int at = 1; code == COMMAND_GOOD && at < argc; at++)
        code = parse_one(&parsing, argc, argv, &at);
    if (code == COMMAND_GOOD)
        code = run(commands, count, &parsing);
    free(overrides);
    free(rest);
    return code;
}

bool command_has_switch(const struct command_options *options, const char *name)
{
    for (int i = 0; i < options->argc; i++)
        if (strcmp(options->argv[i], name) == 0)
            return true;
    return false;
}

struct config *command_load_config(const struct command_options *options)
{
    struct buffer problems = {0};
    struct config *config = NULL;
    enum result result = config_load(options->config_path, options->overrides,
                                     options->override_count, &config, &problems);
    if (result == RESULT_NO_MEMORY)
        fprintf(stderr, "portcullis: out of memory\n");
    if (problems.size)
        fwrite(problems.data, 1, problems.size, stderr);
    buffer_clear(&problems);
    return config;
}
