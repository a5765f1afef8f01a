/* `portcullis check --files`: do the rows of files and the bytes under files.root agree? */
#ifndef PORTCULLIS_CLI_CHECK_FILES_H
#define PORTCULLIS_CLI_CHECK_FILES_H

#include "config/config.h"
#include "resources/model.h"
#include "store/database.h"

/* Prints what is wrong, a line each with what to do, and a summary; an exit code. A gateway may
 * serve, and write, meanwhile: what it changes is not taken for a fault. */
int check_files(const struct config_files *files, const struct model *model,
                struct database *database);

#endif
