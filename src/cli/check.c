/* `portcullis check`: configuration, catalog and database, every problem and how to mend it. */
#include <stdio.h>

#include "cli/check_abuse.h"
#include "cli/check_files.h"
#include "cli/command.h"
#include "endpoints/admin.h"
#include "resources/model.h"

struct report {
    size_t resources;
    size_t off;
    size_t warnings;
    size_t extras;
};

static void print_findings(const struct model *model, struct report *report)
{
    static const char *const marks[] = {[MODEL_FINE] = "ok      ",
                                        [MODEL_EXTRA] = "extra   ",
                                        [MODEL_WARNING] = "warning ",
                                        [MODEL_OFF] = "OFF     "};
    for (const struct model_finding *finding = model->findings; finding; finding = finding->next) {
        printf("%s %.*s: %.*s\n", marks[finding->severity], SLICE_ARGS(finding->resource),
               SLICE_ARGS(finding->text));
        report->resources += finding->severity == MODEL_FINE;
        report->warnings += finding->severity == MODEL_WARNING;
        report->extras += finding->severity == MODEL_EXTRA;
    }
    for (size_t i = 0; i < model->resource_count; i++)
        report->off += !model_is_served(&model->resources[i]);
}

/* Files come last: what is found there is long, or takes long. */
static int check_tables(const struct config *config, const struct catalog *catalog,
                        const struct abuse_catalog *abuse, struct database *database,
                        bool with_files)
{
    struct model *model = NULL;
    struct report report = {0};
    if (model_learn(catalog, database, &model) != RESULT_OK) {
        printf("FAILED   mysql: %s (%u); mend mysql.hosts or mysql.socket, mysql.user, "
               "mysql.password, mysql.database\n",
               database_error_text(database), database_error_number(database));
        return COMMAND_FAILED;
    }
    printf("ok       mysql: %.*s\n", SLICE_ARGS(model->schema->server_version));
    print_findings(model, &report);
    printf("\n%zu resources served, %zu off, %zu warnings, %zu extra columns\n", report.resources,
           report.off, report.warnings, report.extras);
    int code = report.off ? COMMAND_FAILED : COMMAND_GOOD;
    if (check_abuse_database(abuse, database) != COMMAND_GOOD)
        code = COMMAND_FAILED;
    if (with_files && check_files(&config->files, model, database) != COMMAND_GOOD)
        code = COMMAND_FAILED;
    model_release(model);
    return code;
}

static int check_database(const struct config *config, const struct catalog *catalog,
                          const struct abuse_catalog *abuse, bool with_files)
{
    if (!config->mysql.user[0] || !config->mysql.database[0]) {
        printf("FAILED   mysql: mysql.user and mysql.database must be set\n");
        return COMMAND_FAILED;
    }
    struct database *database = database_create(&config->mysql);
    if (!database)
        return COMMAND_FAILED;
    int code = check_tables(config, catalog, abuse, database, with_files);
    database_destroy(database);
    return code;
}

static void check_admin(const struct config_admin *config)
{
    if (admin_is_closed(config))
        printf("warning  admin: admin.listen is beyond loopback and admin.token is not set: only "
               "/healthz and /readyz are served there; set admin.token\n");
}

static struct catalog *check_catalog(const char *path)
{
    struct catalog *catalog = NULL;
    struct buffer problems;
    buffer_init(&problems);
    enum result result = catalog_load(path, &catalog, &problems);
    if (result != RESULT_OK)
        printf("FAILED   catalog:\n%.*s", SLICE_ARGS(buffer_slice(&problems)));
    else
        printf("ok       catalog: %s, %zu resources\n", path[0] ? path : "compiled in",
               catalog->resource_count);
    buffer_clear(&problems);
    return catalog;
}

int command_check(const struct command_options *options)
{
    struct config *config = command_load_config(options);
    if (!config)
        return COMMAND_FAILED;
    printf("ok       configuration\n");
    check_admin(&config->admin);
    check_abuse_settings(&config->abuse);
    struct catalog *catalog = check_catalog(config->remote.catalog);
    struct abuse_catalog *abuse = check_abuse_catalog(config->abuse.catalog);
    int code = catalog && abuse
                   ? check_database(config, catalog, abuse, command_has_switch(options, "--files"))
                   : COMMAND_FAILED;
    abuse_catalog_destroy(abuse);
    catalog_destroy(catalog);
    config_destroy(config);
    return code;
}
