/*
 * What a command of the executable is: a row of the table in main.c. From the table come the
 * dispatch, `--help` and the list of what is allowed after an unknown word.
 *
 * All of this runs on the main thread before any other exists.
 */
#ifndef PORTCULLIS_CLI_COMMAND_H
#define PORTCULLIS_CLI_COMMAND_H

#include <stdbool.h>
#include <stddef.h>

#include "config/config.h"

/* Exit codes. */
enum command_exit { COMMAND_GOOD = 0, COMMAND_FAILED = 1, COMMAND_WRONG_USAGE = 2 };

struct command_options {
    const char *config_path;                 /* -c; else $PORTCULLIS_CONFIG; NULL: no file */
    const struct config_override *overrides; /* -o, in order */
    size_t override_count;
    int argc; /* the command's own switches, all known ones */
    char **argv;
    size_t word_count; /* what stands behind the command's name, as many as it takes */
    char **words;
};

/* A switch of one command alone. */
struct command_switch {
    const char *name; /* "--ready" */
    const char *help; /* one line */
};

struct command {
    const char *name;                      /* one word, or two: "bans list" */
    const char *summary;                   /* one line, at most 60 characters */
    const char *help;                      /* what it does, lines of at most 80 characters */
    const struct command_switch *switches; /* ends with a NULL name; NULL: none */
    int (*run)(const struct command_options *options); /* returns an exit code */
    const char *words; /* the words behind its name: "NETWORK [LENGTH]"; NULL: none */
    size_t least_words;
    size_t most_words;
};

/* Whether the command line holds this switch of the command. */
bool command_has_switch(const struct command_options *options, const char *name);

/* Loads the configuration, or prints every problem to standard error and returns NULL. The caller
 * destroys it. */
struct config *command_load_config(const struct command_options *options);

/* Says on standard error that memory is out; the exit code for it. */
int command_tell_no_memory(void);

int command_serve(const struct command_options *options);
int command_check(const struct command_options *options);
int command_openapi(const struct command_options *options);
int command_bans_list(const struct command_options *options);
int command_bans_add(const struct command_options *options);
int command_bans_remove(const struct command_options *options);
int command_outbox_list(const struct command_options *options);
int command_outbox_retry(const struct command_options *options);
int command_outbox_drop(const struct command_options *options);
int command_healthcheck(const struct command_options *options);
int command_version(const struct command_options *options);

#endif
