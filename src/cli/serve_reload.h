/* SIGHUP: the settings are loaded again, and what can change while running does (operations.md,
 * "Configuration"). Main thread. */
#ifndef PORTCULLIS_CLI_SERVE_RELOAD_H
#define PORTCULLIS_CLI_SERVE_RELOAD_H

#include "cli/command.h"

struct serve_reload_kept {
    struct config *config; /* owned */
    struct serve_reload_kept *next;
};

struct serve_reload {
    const struct command_options *options; /* borrowed */
    struct config_override *overrides;     /* copies: argv's secrets are starred over */
    struct serve_reload_kept *kept;        /* old values, which threads may be reading; owned */
};

/* Before the settings are loaded for the first time. False: memory. */
bool serve_reload_init(struct serve_reload *reload, const struct command_options *options);
/* After all threads have ended. */
void serve_reload_clear(struct serve_reload *reload);
/* True: config has changed. Whatever comes of it is logged; a bad file changes nothing. */
bool serve_reload_run(struct serve_reload *reload, struct config *config);

#endif
