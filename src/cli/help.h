/* What `--help` prints, made from the table of commands. Lines have at most 80 characters. */
#ifndef PORTCULLIS_CLI_HELP_H
#define PORTCULLIS_CLI_HELP_H

#include "cli/command.h"

void help_print_all(const struct command *commands, size_t count);
void help_print_command(const struct command *command);

#endif
