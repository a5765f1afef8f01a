/* Help texts: names on the left, 26 columns, what they do on the right. */
#include "cli/help.h"

#include <stdio.h>

static void print_row(const char *name, const char *help)
{
    printf("  %-26s %s\n", name, help);
}

static void print_common(void)
{
    print_row("-c, --config FILE", "settings to read; else $PORTCULLIS_CONFIG, else");
    print_row("", "none: defaults and environment");
    print_row("-o, --option S.KEY=VALUE", "one setting; wins over file and environment;");
    print_row("", "may be repeated");
    print_row("-h, --help", "this text, or that of a command");
}

void help_print_all(const struct command *commands, size_t count)
{
    printf("portcullis %s: an HTTP gateway to the APIs of a WHMCS database\n\n",
           PORTCULLIS_VERSION);
    printf("Usage: portcullis COMMAND [options]\n\nCommands:\n");
    for (size_t i = 0; i < count; i++)
        print_row(commands[i].name, commands[i].summary);
    printf("\nOptions:\n");
    print_common();
    printf("\nEvery setting, its unit and default: portcullis.ini.example. In the environment\n"
           "a setting is PORTCULLIS_SECTION_KEY, or PORTCULLIS_SECTION_KEY_FILE naming a\n"
           "file that holds it.\n"
           "\nExit codes: 0 good, 1 failed, 2 wrong usage.\n");
}

void help_print_command(const struct command *command)
{
    printf("portcullis %s: %s\n\n", command->name, command->summary);
    printf("Usage: portcullis %s%s%s [options]\n\n%s\n\nOptions:\n", command->name,
           command->words ? " " : "", command->words ? command->words : "", command->help);
    const struct command_switch *own = command->switches;
    for (; own && own->name; own++)
        print_row(own->name, own->help);
    print_common();
}
