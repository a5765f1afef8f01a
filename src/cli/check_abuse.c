#include "cli/check_abuse.h"

#include <stdio.h>

#include "abuse/abuse_map.h"
#include "abuse/outbox.h"
#include "abuse/whmcs_call.h"
#include "cli/command.h"

void check_abuse_settings(const struct config_abuse *config)
{
    bool is_begun = config->whmcs_url[0] || config->whmcs_identifier[0] || config->whmcs_secret[0];
    if (is_begun && !whmcs_is_configured(config))
        printf("warning  abuse: suspensions wait until abuse.whmcs_url, abuse.whmcs_identifier and "
               "abuse.whmcs_secret are all set\n");
    if (whmcs_is_in_the_clear(config))
        printf("warning  abuse: abuse.whmcs_url is http:// and beyond this machine: the secret "
               "travels in plain text\n");
}

struct abuse_catalog *check_abuse_catalog(const char *path)
{
    struct abuse_catalog *catalog = NULL;
    struct buffer problems;
    buffer_init(&problems);
    if (abuse_catalog_load(path, &catalog, &problems) != RESULT_OK)
        printf("FAILED   abuse catalog:\n%.*s", SLICE_ARGS(buffer_slice(&problems)));
    else
        printf("ok       abuse catalog: %s, table %.*s\n", path[0] ? path : "compiled in",
               SLICE_ARGS(catalog->table));
    buffer_clear(&problems);
    return catalog;
}

static void print_columns(const struct abuse_map *map)
{
    for (size_t i = 0; i < ABUSE_COLUMNS; i++) {
        struct slice name = abuse_column_name((enum abuse_column)i);
        const struct schema_column *column = map->columns[i];
        if (column)
            printf("ok       abuse: %.*s is %.*s.%.*s (%.*s)\n", SLICE_ARGS(name),
                   SLICE_ARGS(map->catalog->table), SLICE_ARGS(column->name),
                   SLICE_ARGS(column->type_text));
    }
}

static void print_findings(const struct abuse_map *map)
{
    static const char *const marks[] = {
        [ABUSE_FINE] = "ok      ", [ABUSE_WARNING] = "warning ", [ABUSE_OFF] = "OFF     "};
    for (const struct abuse_finding *finding = map->findings; finding; finding = finding->next)
        printf("%s abuse: %.*s\n", marks[finding->severity], SLICE_ARGS(finding->text));
}

static void print_outbox(struct database *database)
{
    struct outbox_numbers numbers;
    if (outbox_count(database, &numbers) == RESULT_OK)
        printf("ok       outbox: %lld waiting\n", (long long)numbers.pending);
    else
        printf("warning  outbox: portcullis_outbox cannot be read: abuse reports that suspend are "
               "refused; schema/structure/90_portcullis.sql makes it\n");
}

int check_abuse_database(const struct abuse_catalog *catalog, struct database *database)
{
    struct abuse_map *map = NULL;
    if (abuse_map_learn(catalog, database, &map) != RESULT_OK)
        return COMMAND_FAILED;
    printf("\n");
    print_columns(map);
    print_findings(map);
    print_outbox(database);
    int code = map->off_reason.size ? COMMAND_FAILED : COMMAND_GOOD;
    abuse_map_release(map);
    return code;
}
