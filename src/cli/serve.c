/* `portcullis serve`: builds the gateway, waits for a signal, drains. */
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "cli/command.h"
#include "cli/serve_reload.h"
#include "endpoints/gateway.h"
#include "observe/log.h"

/* The level by its name; the table of keys allows no other. */
static enum log_level level_of(const char *name)
{
    static const struct slice names[] = {
        [LOG_LEVEL_DEBUG] = SLICE("debug"),
        [LOG_LEVEL_INFO] = SLICE("info"),
        [LOG_LEVEL_WARNING] = SLICE("warning"),
        [LOG_LEVEL_ERROR] = SLICE("error"),
    };
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (slice_equal(names[i], slice_from(name)))
            return (enum log_level)i;
    return LOG_LEVEL_INFO;
}

/* Every connection is a descriptor, a download one more, and another while it waits for its client;
 * the soft limit is often 1024. */
static void raise_descriptor_limit(const struct config *config)
{
    struct rlimit limit;
    rlim_t wanted = 3 * config->server.max_connections + 1024;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= wanted)
        return;
    limit.rlim_cur = limit.rlim_max < wanted ? limit.rlim_max : wanted;
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur < wanted)
        log_warning("limits",
                    "open files are limited to %llu; server.max_connections wants %llu (ulimit -n)",
                    (unsigned long long)limit.rlim_cur, (unsigned long long)wanted);
}

/* Core dumps and debuggers would show passwords. */
static void forbid_cores(const struct config *config)
{
    const struct rlimit none = {0, 0};
    if (config->log.cores)
        return;
    setrlimit(RLIMIT_CORE, &none);
    prctl(PR_SET_DUMPABLE, 0);
}

/* Signals are taken by the main thread, which does nothing else while the gateway runs. */
static void block_signals(sigset_t *set)
{
    sigemptyset(set);
    sigaddset(set, SIGTERM);
    sigaddset(set, SIGINT);
    sigaddset(set, SIGHUP);
    pthread_sigmask(SIG_BLOCK, set, NULL);
    signal(SIGPIPE, SIG_IGN);
}

static void take_settings(struct serve_reload *reload, struct config *config,
                          struct gateway *gateway)
{
    if (!serve_reload_run(reload, config))
        return;
    log_set_level(level_of(config->log.level));
    log_set_access(config->log.access);
    raise_descriptor_limit(config);
    gateway_reload(gateway);
}

static void wait_for_end(const sigset_t *set, struct serve_reload *reload, struct config *config,
                         struct gateway *gateway)
{
    int signal_number = 0;
    for (;;) {
        if (sigwait(set, &signal_number) != 0)
            continue;
        if (signal_number != SIGHUP)
            break;
        take_settings(reload, config, gateway);
    }
    log_info("stop", "%s: draining", strsignal(signal_number));
}

static bool has_database(const struct config *config)
{
    if (config->mysql.user[0] && config->mysql.database[0])
        return true;
    log_error("start", "mysql.user and mysql.database must be set");
    return false;
}

static int run(struct config *config, const sigset_t *signals, struct serve_reload *reload)
{
    struct gateway *gateway = NULL;
    if (!has_database(config) || gateway_create(config, &gateway) != RESULT_OK)
        return COMMAND_FAILED;
    int code = COMMAND_FAILED;
    if (gateway_start(gateway) == RESULT_OK) {
        log_info("ready", "portcullis %s serves", PORTCULLIS_VERSION);
        wait_for_end(signals, reload, config, gateway);
        gateway_stop(gateway);
        log_info("stopped", "all requests answered");
        code = COMMAND_GOOD;
    }
    gateway_destroy(gateway);
    return code;
}

int command_serve(const struct command_options *options)
{
    sigset_t signals;
    struct serve_reload reload;
    if (!serve_reload_init(&reload, options))
        return command_tell_no_memory();
    struct config *config = command_load_config(options);
    if (!config) {
        serve_reload_clear(&reload);
        return COMMAND_WRONG_USAGE;
    }
    block_signals(&signals);
    forbid_cores(config);
    if (log_start(level_of(config->log.level), config->log.access) != RESULT_OK) {
        config_destroy(config);
        serve_reload_clear(&reload);
        return COMMAND_FAILED;
    }
    raise_descriptor_limit(config);
    int code = run(config, &signals, &reload);
    log_stop();
    config_destroy(config);
    serve_reload_clear(&reload);
    return code;
}
