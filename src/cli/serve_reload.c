#include "cli/serve_reload.h"

#include <stdlib.h>
#include <string.h>

#include "config/config.h"
#include "observe/log.h"

bool serve_reload_init(struct serve_reload *reload, const struct command_options *options)
{
    size_t count = options->override_count;
    *reload = (struct serve_reload){.options = options};
    reload->overrides = calloc(count + 1, sizeof(*reload->overrides));
    bool is_whole = reload->overrides != NULL;
    for (size_t i = 0; is_whole && i < count; i++) {
        reload->overrides[i].text = strdup(options->overrides[i].text);
        is_whole = reload->overrides[i].text != NULL;
    }
    if (!is_whole)
        serve_reload_clear(reload);
    return is_whole;
}

void serve_reload_clear(struct serve_reload *reload)
{
    for (size_t i = 0; reload->overrides && i < reload->options->override_count; i++)
        free(reload->overrides[i].text);
    free(reload->overrides);
    while (reload->kept) {
        struct serve_reload_kept *kept = reload->kept;
        reload->kept = kept->next;
        config_destroy(kept->config);
        free(kept);
    }
    *reload = (struct serve_reload){0};
}

/* Every problem, in a line of its own. */
static void tell_problems(struct slice problems)
{
    struct slice line;
    while (slice_split(&problems, '\n', &line))
        if (line.size)
            log_error("reload", "%.*s", SLICE_ARGS(line));
    log_error("reload", "all settings stay as they were");
}

struct told {
    size_t taken;
    size_t waiting;
};

static void tell(void *context, const char *section, const char *name, bool is_taken)
{
    struct told *told = context;
    told->taken += is_taken ? 1 : 0;
    told->waiting += is_taken ? 0 : 1;
    if (is_taken)
        log_info("reload", "%s.%s has changed", section, name);
    else
        log_warning("reload", "%s.%s needs a restart to change", section, name);
}

/* Before anything changes: what cannot be kept is not replaced. */
static struct serve_reload_kept *make_room(struct config *loaded)
{
    struct serve_reload_kept *kept = malloc(sizeof(*kept));
    if (kept)
        kept->config = loaded;
    else
        log_error("reload", "memory is out: all settings stay as they were");
    return kept;
}

/* A file that is read at start alone may have changed, too; nothing tells. */
static void tell_files(const struct config *config)
{
    if (config->remote.catalog[0] || config->abuse.catalog[0])
        log_info("reload",
                 "the files of remote.catalog and abuse.catalog are read at the start alone");
}

bool serve_reload_run(struct serve_reload *reload, struct config *config)
{
    struct told told = {0};
    struct buffer problems = {0};
    struct config *loaded = NULL;
    enum result result = config_load(reload->options->config_path, reload->overrides,
                                     reload->options->override_count, &loaded, &problems);
    if (result != RESULT_OK)
        tell_problems(problems.size ? buffer_slice(&problems) : SLICE("memory is out"));
    buffer_clear(&problems);
    struct serve_reload_kept *kept = result == RESULT_OK ? make_room(loaded) : NULL;
    if (!kept) {
        config_destroy(loaded);
        return false;
    }
    config_reload(config, loaded, tell, &told);
    if (told.taken) {
        kept->next = reload->kept;
        reload->kept = kept;
    } else { /* nothing points into it */
        config_destroy(loaded);
        free(kept);
    }
    if (!told.taken && !told.waiting)
        log_info("reload", "no setting has changed");
    tell_files(config);
    return told.taken > 0;
}
