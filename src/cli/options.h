/* The command line: which command, its options, `--help` and what is said of wrong usage. */
#ifndef PORTCULLIS_CLI_OPTIONS_H
#define PORTCULLIS_CLI_OPTIONS_H

#include "cli/command.h"

/* Runs the command that argv names; returns the process's exit code. */
int options_run(const struct command *commands, size_t count, int argc, char **argv);

#endif
