/*
 * Options may stand before, behind and between a command's words; a command's own switches too.
 * Behind `--` everything is a word.
 */
#include "cli/options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/help.h"

/* The command line as it is being read. The arrays have room for argc entries. */
struct parsing {
    const char *config_path;
    struct config_override *overrides;
    size_t override_count;
    char **switches; /* that are not ours: the command's, if it knows them */
    int switch_count;
    char **words; /* first the command's name */
    size_t word_count;
    bool wants_help;
    bool has_only_words; /* `--` was seen */
};

/* The value of -x VALUE, -xVALUE, --long VALUE or --long=VALUE; NULL when argument is another
 * option. *at moves on where the value stands apart; *is_missing when there is none. */
static char *option_value(int argc, char **argv, int *at, const char *brief, const char *full,
                          bool *is_missing)
{
    char *argument = argv[*at];
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

static int parse_option(struct parsing *parsing, int argc, char **argv, int *at)
{
    bool is_missing = false;
    const char *argument = argv[*at];
    const char *path = option_value(argc, argv, at, "-c", "--config", &is_missing);
    char *setting =
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
    else
        parsing->switches[parsing->switch_count++] = argv[*at];
    return COMMAND_GOOD;
}

static int parse_one(struct parsing *parsing, int argc, char **argv, int *at)
{
    const char *argument = argv[*at];
    if (!parsing->has_only_words && strcmp(argument, "--") == 0)
        parsing->has_only_words = true;
    else if (parsing->has_only_words || argument[0] != '-')
        parsing->words[parsing->word_count++] = argv[*at];
    else
        return parse_option(parsing, argc, argv, at);
    return COMMAND_GOOD;
}

/* How many of the words make up the command's name; 0: they do not. */
static size_t match_name(const struct command *command, const struct parsing *parsing)
{
    struct slice rest = slice_from(command->name);
    struct slice part;
    size_t count = 0;
    while (slice_split(&rest, ' ', &part)) {
        if (count == parsing->word_count || !slice_equal(part, slice_from(parsing->words[count])))
            return 0;
        count++;
    }
    return count;
}

/* Its place among the commands; count: there is none. */
static size_t find_command(const struct command *commands, size_t count,
                           const struct parsing *parsing)
{
    size_t i = 0;
    while (i < count && !match_name(&commands[i], parsing))
        i++;
    return i;
}

/* The word begins names of two: "bans" those of "bans list" and "bans add". */
static bool is_in_group(const struct command *command, const char *word)
{
    size_t size = strlen(word);
    return strncmp(command->name, word, size) == 0 && command->name[size] == ' ';
}

static const char *find_group(const struct command *commands, size_t count,
                              const struct parsing *parsing)
{
    for (size_t i = 0; parsing->word_count && i < count; i++)
        if (is_in_group(&commands[i], parsing->words[0]))
            return parsing->words[0];
    return NULL;
}

/* What stands where a command's name, or its second word, should; NULL: nothing. */
static const char *find_stray(const struct parsing *parsing, const char *group)
{
    if (group)
        return parsing->word_count > 1 ? parsing->words[1] : NULL;
    if (parsing->word_count)
        return parsing->words[0];
    return parsing->switch_count ? parsing->switches[0] : NULL;
}

static int refuse_command(const struct command *commands, size_t count,
                          const struct parsing *parsing)
{
    const char *group = find_group(commands, count, parsing);
    const char *stray = find_stray(parsing, group);
    const char *joint = "";
    if (stray)
        fprintf(stderr, "portcullis: unknown command \"%s%s%s\"; allowed:", group ? group : "",
                group ? " " : "", stray);
    else
        fprintf(stderr, "portcullis: which command? Allowed:");
    for (size_t i = 0; i < count; i++) {
        if (group && !is_in_group(&commands[i], group))
            continue;
        fprintf(stderr, "%s %s", joint, commands[i].name);
        joint = ",";
    }
    fprintf(stderr, "\nTry: portcullis %s%s--help\n", group ? group : "", group ? " " : "");
    return COMMAND_WRONG_USAGE;
}

static bool knows_switch(const struct command *command, const char *name)
{
    const struct command_switch *own = command->switches;
    while (own && own->name && strcmp(own->name, name) != 0)
        own++;
    return own && own->name;
}

static int refuse_argument(const struct command *command, const char *argument)
{
    fprintf(stderr, "portcullis %s: unknown %s \"%s\"; allowed:", command->name,
            argument[0] == '-' ? "option" : "argument", argument);
    if (command->words)
        fprintf(stderr, " %s,", command->words);
    const struct command_switch *own = command->switches;
    for (; own && own->name; own++)
        fprintf(stderr, " %s,", own->name);
    fprintf(stderr, " -c FILE, -o section.key=value, --help\n");
    return COMMAND_WRONG_USAGE;
}

static int check_arguments(const struct command *command, const struct command_options *options)
{
    for (int i = 0; i < options->argc; i++)
        if (!knows_switch(command, options->argv[i]))
            return refuse_argument(command, options->argv[i]);
    if (options->word_count > command->most_words)
        return refuse_argument(command, options->words[command->most_words]);
    if (options->word_count >= command->least_words)
        return COMMAND_GOOD;
    fprintf(stderr, "portcullis %s: an argument is missing: portcullis %s %s\n", command->name,
            command->name, command->words);
    return COMMAND_WRONG_USAGE;
}

static int print_help(const struct command *commands, size_t count, const struct parsing *parsing)
{
    size_t found = find_command(commands, count, parsing);
    const char *group = find_group(commands, count, parsing);
    if (found < count) {
        help_print_command(&commands[found]);
        return COMMAND_GOOD;
    }
    if (parsing->word_count && (!group || parsing->word_count > 1))
        return refuse_command(commands, count, parsing);
    if (!group)
        help_print_all(commands, count);
    for (size_t i = 0; group && i < count; i++)
        if (is_in_group(&commands[i], group))
            help_print_command(&commands[i]);
    return COMMAND_GOOD;
}

static int run(const struct command *commands, size_t count, const struct parsing *parsing)
{
    if (parsing->wants_help)
        return print_help(commands, count, parsing);
    size_t found = find_command(commands, count, parsing);
    if (found == count)
        return refuse_command(commands, count, parsing);
    const struct command *command = &commands[found];
    size_t own_words = match_name(command, parsing);
    const char *path = parsing->config_path ? parsing->config_path : getenv("PORTCULLIS_CONFIG");
    const struct command_options options = {.config_path = path && *path ? path : NULL,
                                            .overrides = parsing->overrides,
                                            .override_count = parsing->override_count,
                                            .argc = parsing->switch_count,
                                            .argv = parsing->switches,
                                            .word_count = parsing->word_count - own_words,
                                            .words = parsing->words + own_words};
    int code = check_arguments(command, &options);
    return code == COMMAND_GOOD ? command->run(&options) : code;
}

/* Habit asks for the version like this as well. */
static void heed_version_switch(struct parsing *parsing)
{
    static char version[] = "version";
    if (parsing->word_count || !parsing->switch_count ||
        strcmp(parsing->switches[0], "--version") != 0)
        return;
    parsing->words[parsing->word_count++] = version;
    parsing->switches++;
    parsing->switch_count--;
}

int options_run(const struct command *commands, size_t count, int argc, char **argv)
{
    size_t room = argc > 0 ? (size_t)argc : 1;
    struct config_override *overrides = calloc(room, sizeof(*overrides));
    char **switches = calloc(room, sizeof(*switches));
    char **words = calloc(room, sizeof(*words));
    struct parsing parsing = {.overrides = overrides, .switches = switches, .words = words};
    int code = overrides && switches && words ? COMMAND_GOOD : COMMAND_FAILED;
    for (int at = 1; code == COMMAND_GOOD && at < argc; at++)
        code = parse_one(&parsing, argc, argv, &at);
    heed_version_switch(&parsing);
    if (code == COMMAND_GOOD)
        code = run(commands, count, &parsing);
    free(overrides);
    free(switches);
    free(words);
    return code;
}

bool command_has_switch(const struct command_options *options, const char *name)
{
    for (int i = 0; i < options->argc; i++)
        if (strcmp(options->argv[i], name) == 0)
            return true;
    return false;
}

int command_tell_no_memory(void)
{
    fprintf(stderr, "portcullis: out of memory\n");
    return COMMAND_FAILED;
}

struct config *command_load_config(const struct command_options *options)
{
    struct buffer problems = {0};
    struct config *config = NULL;
    enum result result = config_load(options->config_path, options->overrides,
                                     options->override_count, &config, &problems);
    if (result == RESULT_NO_MEMORY)
        command_tell_no_memory();
    if (problems.size)
        fwrite(problems.data, 1, problems.size, stderr);
    buffer_clear(&problems);
    for (size_t i = 0; i < options->override_count; i++)
        config_override_hide(options->overrides[i].text);
    return config;
}
