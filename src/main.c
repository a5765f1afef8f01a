/* The executable: its table of commands. */
#include "cli/options.h"

static const struct command_switch healthcheck_switches[] = {
    {"--ready", "ask /readyz instead: can it serve requests?"},
    {NULL, NULL},
};

static const struct command_switch bans_list_switches[] = {
    {"--json", "print JSON, each ban as the admin listener gives it"},
    {NULL, NULL},
};

static const struct command_switch check_switches[] = {
    {"--files", "compare the files' rows with files.root as well: takes long"},
    {NULL, NULL},
};

static const struct command_switch outbox_list_switches[] = {
    {"--all", "also what was carried out, and what was dropped"},
    {"--json", "print JSON; times are seconds since 1970, or 0"},
    {NULL, NULL},
};

#define ASKS_THE_DATABASE                                                                          \
    "Asks the database itself (mysql.*), as serve does: give the same settings. No\n"              \
    "gateway needs to run."

#define ASKS_THE_GATEWAY                                                                           \
    "Asks the running gateway at the first address of admin.listen; where that asks\n"             \
    "for admin.token, give the same here: in -c FILE or PORTCULLIS_ADMIN_TOKEN_FILE."

static const struct command commands[] = {
    {"serve", "run the gateway",
     "Runs the gateway in the foreground until SIGTERM or SIGINT, then drains:\n"
     "requests in flight finish. Logs are JSON lines on standard output.",
     NULL, command_serve, NULL, 0, 0},
    {"check", "check configuration, catalog and database",
     "Reads configuration, catalog and database and lists every problem with what\n"
     "to mend. Serves nothing and changes nothing. With --files every file is read and\n"
     "compared with its row, and what no row names is listed; the gateway may run on.",
     check_switches, command_check, NULL, 0, 0},
    {"openapi", "print an OpenAPI document of what is served",
     "Prints an OpenAPI 3.1 document of what the gateway serves from this database, as\n"
     "it serves it at /openapi.json below remote.base.\n" ASKS_THE_DATABASE,
     NULL, command_openapi, NULL, 0, 0},
    {"bans list", "print the bans in force",
     "Prints the bans in force, whoever made them: network, end, time left, and\n"
     "whether it is a row of tblbannedips. With an address: whether it is banned, and\n"
     "by which bans.\n" ASKS_THE_GATEWAY,
     bans_list_switches, command_bans_list, "[ADDRESS]", 0, 1},
    {"bans add", "ban a network",
     "Bans an address (192.0.2.7), a network (192.0.2.0/24, 2001:db8:1:2::/64) or\n"
     "wildcards (192.0.*.*) on all gateways, at once. A single IPv6 address means\n"
     "its /64 (ban.ipv6_prefix). LENGTH is a number with s, m or h, as in 15m;\n"
     "without it the length of a ban for failed logins. A REASON of several words\n"
     "is put in quotes. What is banned for longer already stays so. Exempt\n"
     "addresses are let in all the same.\n" ASKS_THE_GATEWAY,
     NULL, command_bans_add, "NETWORK [LENGTH] [REASON]", 1, 3},
    {"bans remove", "lift a ban",
     "Lifts the ban of exactly this network, on all gateways, and deletes its rows\n"
     "of tblbannedips.\n" ASKS_THE_GATEWAY,
     NULL, command_bans_remove, "NETWORK", 1, 1},
    {"outbox list", "print what WHMCS is still to be asked for",
     "Prints the suspensions and e-mails that wait to be carried out, and those that\n"
     "were given up: state, service, report, tries so far, when it is tried next, and\n"
     "what went wrong last.\n" ASKS_THE_DATABASE,
     outbox_list_switches, command_outbox_list, NULL, 0, 0},
    {"outbox retry", "make a row of the outbox due now",
     "Makes a row that waits, was given up or dropped due now, with all its attempts\n"
     "(abuse.max_attempts) before it. `all` means every row that was given up.\n"
     "A line of tblactivitylog says who did it.\n" ASKS_THE_DATABASE,
     NULL, command_outbox_retry, "ID|all", 1, 1},
    {"outbox drop", "end a row of the outbox for good",
     "Ends a row that waits or was given up: WHMCS is not asked for it any more. The\n"
     "REASON, one word or put in quotes, is kept with it, and in "
     "tblactivitylog.\n" ASKS_THE_DATABASE,
     NULL, command_outbox_drop, "ID REASON", 2, 2},
    {"healthcheck", "ask a running gateway whether it is well",
     "Asks the admin listener (admin.listen) for /healthz, for two seconds at most.\n"
     "Exit code 0: it is well.",
     healthcheck_switches, command_healthcheck, NULL, 0, 0},
    {"version", "print the version", "Prints the version and those of the libraries in use.", NULL,
     command_version, NULL, 0, 0},
};

int main(int argc, char **argv)
{
    return options_run(commands, sizeof(commands) / sizeof(commands[0]), argc, argv);
}
