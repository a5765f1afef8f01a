/* The executable: its table of commands. */
#include "cli/options.h"

static const struct command_switch healthcheck_switches[] = {
    {"--ready", "ask /readyz instead: can it serve requests?"},
    {NULL, NULL},
};

static const struct command commands[] = {
    {"serve", "run the gateway",
     "Runs the gateway in the foreground until SIGTERM or SIGINT, then drains:\n"
     "requests in flight finish. Logs are JSON lines on standard output.",
     NULL, command_serve},
    {"check", "check configuration, catalog and database",
     "Reads configuration, catalog and database and lists every problem with what\n"
     "to mend. Serves nothing and changes nothing.",
     NULL, command_check},
    {"healthcheck", "ask a running gateway whether it is well",
     "Asks the admin listener (admin.listen) for /healthz, for two seconds at most.\n"
     "Exit code 0: it is well.",
     healthcheck_switches, command_healthcheck},
    {"version", "print the version", "Prints the version and those of the libraries in use.", NULL,
     command_version},
};

int main(int argc, char **argv)
{
    return options_run(commands, sizeof(commands) / sizeof(commands[0]), argc, argv);
}
