/* `portcullis openapi`: prints the OpenAPI document of what would be served from this database. */
#include <stdio.h>

#include "cli/command.h"
#include "endpoints/openapi_document.h"
#include "observe/log.h"

static int complain(const char *what, struct slice detail)
{
    fprintf(stderr, "portcullis openapi: %s%.*s\n", what, SLICE_ARGS(detail));
    return COMMAND_FAILED;
}

/* Where all addresses are listened at, this machine asks one of its own. */
static struct slice asked_address(struct slice address, struct arena *arena)
{
    static const struct {
        struct slice all;
        const char *own;
    } wide[] = {{SLICE("0.0.0.0:"), "127.0.0.1:"}, {SLICE("[::]:"), "[::1]:"}};
    for (size_t i = 0; i < sizeof(wide) / sizeof(wide[0]); i++)
        if (slice_starts_with(address, wide[i].all))
            return arena_printf(arena, "http://%s%.*s", wide[i].own,
                                SLICE_ARGS(slice_skip(address, wide[i].all.size)));
    return arena_printf(arena, "http://%.*s", SLICE_ARGS(address));
}

/* The first address that is listened at, as it is asked from this machine; sockets have none. */
static struct slice print_server(const struct config *config, struct arena *arena)
{
    struct slice rest = slice_from(config->server.listen);
    struct slice address;
    while (slice_split(&rest, ',', &address)) {
        address = slice_trim(address);
        struct slice name = slice_split_word(&address);
        bool is_plain =
            name.size && name.data[0] != '/' && !slice_starts_with(name, SLICE("unix:"));
        if (is_plain)
            return asked_address(name, arena);
    }
    return SLICE("/");
}

static int print_document(const struct config *config, const struct model *model,
                          const struct abuse_map *map)
{
    struct arena arena;
    struct buffer text;
    arena_init(&arena);
    buffer_init(&text);
    const struct openapi_source source = {config, model, map, print_server(config, &arena)};
    enum result result = openapi_document_write(&source, &text);
    bool is_printed = result == RESULT_OK && fwrite(text.data, 1, text.size, stdout) == text.size &&
                      fflush(stdout) == 0;
    buffer_clear(&text);
    arena_clear(&arena);
    if (is_printed)
        return COMMAND_GOOD;
    return complain(result == RESULT_OK ? "cannot write to standard output" : "out of memory",
                    SLICE(""));
}

static int learn(const struct config *config, const struct catalog *catalog,
                 const struct abuse_catalog *abuse, struct database *database)
{
    struct model *model = NULL;
    struct abuse_map *map = NULL;
    enum result result = model_learn(catalog, database, &model);
    if (result == RESULT_OK)
        result = abuse_map_learn(abuse, database, &map);
    if (result != RESULT_OK) {
        model_release(model);
        return result == RESULT_NO_MEMORY
                   ? complain("out of memory", SLICE(""))
                   : complain("mysql: ", slice_from(database_error_text(database)));
    }
    int code = print_document(config, model, map);
    abuse_map_release(map);
    model_release(model);
    return code;
}

static int ask_database(const struct config *config, const struct catalog *catalog,
                        const struct abuse_catalog *abuse)
{
    if (!config->mysql.user[0] || !config->mysql.database[0])
        return complain("mysql.user and mysql.database must be set", SLICE(""));
    struct database *database = database_create(&config->mysql);
    if (!database)
        return complain("out of memory", SLICE(""));
    int code = learn(config, catalog, abuse, database);
    database_destroy(database);
    return code;
}

static enum result read_catalogs(const struct config *config, struct catalog **catalog,
                                 struct abuse_catalog **abuse, struct buffer *problems)
{
    enum result result = catalog_load(config->remote.catalog, catalog, problems);
    enum result other = abuse_catalog_load(config->abuse.catalog, abuse, problems);
    return result == RESULT_OK ? other : result;
}

int command_openapi(const struct command_options *options)
{
    struct config *config = command_load_config(options);
    struct catalog *catalog = NULL;
    struct abuse_catalog *abuse = NULL;
    struct buffer problems;
    log_set_level(LOG_LEVEL_NONE); /* standard output is for the document */
    if (!config)
        return COMMAND_FAILED;
    buffer_init(&problems);
    int code = read_catalogs(config, &catalog, &abuse, &problems) == RESULT_OK
                   ? ask_database(config, catalog, abuse)
                   : complain("the catalog is wrong:\n", buffer_slice(&problems));
    buffer_clear(&problems);
    abuse_catalog_destroy(abuse);
    catalog_destroy(catalog);
    config_destroy(config);
    return code;
}
