/* Building the gateway in the order its parts need each other, and ending it in the other. */
#include "endpoints/gateway.h"

#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "endpoints/abuse_api.h"
#include "endpoints/remote_api.h"
#include "endpoints/site.h"
#include "endpoints/worker.h"
#include "http/media_type.h"
#include "observe/log.h"
#include "store/blob_store.h"

enum { MOST_LOOPS = 8 };

static bool is_ready(void *context, const char **reason)
{
    struct gateway *gateway = context;
    struct model *model = shared_model_acquire(gateway->model);
    bool is_learnt = model != NULL;
    model_release(model);
    *reason = "the database could not be read yet";
    if (!is_learnt)
        return false;
    *reason = "draining";
    if (atomic_load(&gateway->shared_is_stopping))
        return false;
    *reason = "no database connection is up";
    for (size_t i = 0; i < gateway->worker_count; i++)
        if (atomic_load(&gateway->worker_is_up[i]))
            return true;
    return false;
}

static void on_start(struct loop *loop, void *context)
{
    struct gateway *gateway = context;
    struct gateway_loop *state = &gateway->loop_states[loop_index(loop)];
    if (!writer_create_each(state->writers, gateway_numbers_are_strings(gateway)))
        log_error("loop", "memory is out: refusals will have no body");
    guard_loop_start(&gateway->guard, loop);
    http_server_loop_start(gateway->public_server, loop);
    if (gateway->admin_server)
        http_server_loop_start(gateway->admin_server, loop);
}

/* Both servers of a loop, in one step each. */
static void each_server(struct gateway *gateway, struct loop *loop,
                        void (*step)(struct http_server *, struct loop *))
{
    step(gateway->public_server, loop);
    if (gateway->admin_server)
        step(gateway->admin_server, loop);
}

static void on_tick(struct loop *loop, void *context)
{
    struct gateway *gateway = context;
    guard_loop_tick(&gateway->guard, loop);
    if (loop_index(loop) == 0) {
        settings_cache_tick(gateway->settings);
        shared_file_cache_sweep(gateway->file_cache);
    }
    each_server(gateway, loop, http_server_loop_tick);
}

static void on_drain(struct loop *loop, void *context)
{
    each_server(context, loop, http_server_loop_drain);
}

static void on_stop(struct loop *loop, void *context)
{
    struct gateway *gateway = context;
    each_server(gateway, loop, http_server_loop_stop);
    guard_loop_stop(&gateway->guard, loop);
}

static size_t loop_count(const struct config *config)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    size_t count = config->server.loops ? config->server.loops : (size_t)(cores > 0 ? cores : 1);
    return config->server.loops || count <= MOST_LOOPS ? count : MOST_LOOPS;
}

static enum result read_catalog(struct gateway *gateway)
{
    struct buffer problems;
    buffer_init(&problems);
    enum result result =
        catalog_load(gateway->config->remote.catalog, &gateway->catalog, &problems);
    if (result != RESULT_OK)
        log_error("catalog", "%.*s", SLICE_ARGS(buffer_slice(&problems)));
    buffer_clear(&problems);
    return result;
}

static enum result read_abuse_catalog(struct gateway *gateway)
{
    struct buffer problems;
    struct abuse_catalog *catalog;
    buffer_init(&problems);
    enum result result = abuse_catalog_load(gateway->config->abuse.catalog, &catalog, &problems);
    if (result != RESULT_OK)
        log_error("catalog", "%.*s", SLICE_ARGS(buffer_slice(&problems)));
    else
        gateway->abuse_map = shared_abuse_map_create(catalog);
    buffer_clear(&problems);
    return result;
}

/* The comma-separated setting as a list of names. */
static struct catalog_names split_names(struct arena *arena, const char *text)
{
    struct slice rest = slice_from(text);
    struct slice part;
    struct catalog_names names = {0};
    names.items = arena_alloc(arena, (rest.size + 1) * sizeof(*names.items));
    while (names.items && slice_split(&rest, ',', &part)) {
        part = slice_trim(part);
        if (part.size)
            names.items[names.count++] = part;
    }
    return names;
}

static void read_options(struct gateway *gateway)
{
    const struct config *config = gateway->config;
    gateway->execute = (struct execute_options){
        .pages_are_ceil = slice_equal(slice_from(config->remote.pages), SLICE("ceil")),
        .config_allow = split_names(&gateway->arena, config->remote.config_allow),
        .files_root = config->files.root,
        .files_path = config->files.path,
        .media_types = gateway->media_types,
    };
}

/* Gateways of one database that look for files in one way settle what each other has left. */
static void open_files(struct gateway *gateway)
{
    const struct config *config = gateway->config;
    struct slice realm =
        arena_printf(&gateway->arena, "%s\n%s", config->mysql.database, config->files.path);
    if (config->files.root[0] && realm.data)
        gateway->files = blob_store_open(config->files.root, realm.data);
    gateway->execute.files_store = gateway->files;
}

/* Its syntax was checked with the configuration: false means that memory is out. */
static bool read_trusted(struct gateway *gateway)
{
    struct slice text = slice_from(gateway->config->http.trusted_proxies);
    return network_list_parse(text, &gateway->arena, &gateway->trusted);
}

static enum result add_route(struct gateway *gateway, struct slice prefix,
                             const struct http_handler *handler)
{
    if (gateway->route_count == GATEWAY_MOST_ROUTES)
        return RESULT_LIMIT;
    gateway->routes[gateway->route_count++] = (struct http_route){prefix, handler};
    return RESULT_OK;
}

/* The pages come first: the API answers whatever else is asked for. */
static enum result make_routes(struct gateway *gateway)
{
    const struct config_remote *remote = &gateway->config->remote;
    gateway->site = remote->site ? static_files_create() : NULL;
    if (remote->site && !gateway->site)
        return RESULT_NO_MEMORY;
    for (size_t i = 0; gateway->site && i < site_root_count; i++) {
        struct slice prefix =
            arena_printf(&gateway->arena, "%s/%s", remote->base, site_roots[i].name);
        if (!prefix.data)
            return RESULT_NO_MEMORY;
        if (add_route(gateway, prefix, static_files_handler()) != RESULT_OK)
            return RESULT_LIMIT;
    }
    gateway->admin_route = (struct http_route){SLICE(""), admin_handler()};
    if (add_route(gateway, slice_from(gateway->config->abuse.path), abuse_api_handler()) !=
        RESULT_OK)
        return RESULT_LIMIT;
    return add_route(gateway, SLICE(""), remote_api_handler());
}

static enum result make_servers(struct gateway *gateway, size_t loops)
{
    const struct config *config = gateway->config;
    enum result result = make_routes(gateway);
    if (result != RESULT_OK)
        return result;
    gateway->admin = (struct admin_options){.is_ready = is_ready,
                                            .context = gateway,
                                            .bans = gateway->guard.bans,
                                            .token = config->admin.token};
    admin_announce(&config->admin);
    const struct http_server_options public = {
        &config->http, &config->server, gateway->routes,  gateway->route_count,
        gateway,       false,           &gateway->trusted};
    const struct http_server_options admin = {
        &config->http, &config->server,  &gateway->admin_route, 1, &gateway->admin,
        true,          &gateway->trusted};
    gateway->public_server = http_server_create(&public);
    if (!gateway->public_server)
        return RESULT_NO_MEMORY;
    result = http_server_bind(gateway->public_server, slice_from(config->server.listen), loops);
    if (result != RESULT_OK || !config->admin.listen[0])
        return result;
    gateway->admin_server = http_server_create(&admin);
    if (!gateway->admin_server)
        return RESULT_NO_MEMORY;
    return http_server_bind(gateway->admin_server, slice_from(config->admin.listen), loops);
}

/* After guard_init, which makes Redis's client, and before the loops start. */
static enum result make_settings_cache(struct gateway *gateway)
{
    const struct settings_cache_options options = {
        .catalog = gateway->catalog,
        .allow = &gateway->execute.config_allow,
        .config = gateway->config,
        .redis = gateway->guard.redis,
        .loop = loop_group_get(gateway->loops, 0),
    };
    enum result result = settings_cache_create(&options, &gateway->settings);
    gateway->execute.settings = gateway->settings;
    return result;
}

/* Nobody who uses the store runs yet. */
static enum result make_file_keeper(struct gateway *gateway)
{
    const struct file_keeper_options options = {
        .blobs = gateway->files,
        .model = gateway->model,
        .file_cache = gateway->file_cache,
        .mysql = &gateway->config->mysql,
        .files = &gateway->config->files,
    };
    if (!gateway->files)
        return RESULT_OK;
    gateway->file_keeper = file_keeper_create(&options);
    return gateway->file_keeper ? RESULT_OK : RESULT_NO_MEMORY;
}

static enum result make_dispatcher(struct gateway *gateway)
{
    const struct abuse_catalog *catalog = shared_abuse_map_catalog(gateway->abuse_map);
    const struct report_names names = {
        .table = catalog->table,
        .id = catalog->key,
        .status = catalog->columns[ABUSE_STATUS],
        .closed = catalog->closed,
        .suspend_method = catalog->columns[ABUSE_SUSPEND_METHOD],
        .suspended_at = catalog->columns[ABUSE_SUSPENDED_AT],
    };
    const struct dispatcher_options options = {
        .config = &gateway->config->abuse,
        .mysql = &gateway->config->mysql,
        .reports = &names,
    };
    gateway->dispatcher = dispatcher_create(&options);
    return gateway->dispatcher ? RESULT_OK : RESULT_NO_MEMORY;
}

static enum result make_parts(struct gateway *gateway)
{
    const struct config *config = gateway->config;
    size_t loops = loop_count(config);
    unsigned start = 0;
    enum result result = read_catalog(gateway);
    if (result == RESULT_OK)
        result = read_abuse_catalog(gateway);
    if (result != RESULT_OK)
        return result;
    gateway->media_types = http_media_types_load(HTTP_MEDIA_TYPES_PATH);
    if (!gateway->media_types)
        return RESULT_NO_MEMORY;
    read_options(gateway);
    open_files(gateway);
    if (!read_trusted(gateway))
        return RESULT_NO_MEMORY;
    gateway->model = shared_model_create(gateway->catalog);
    gateway->counts = shared_count_cache_create(config->cache.count_ttl_ms);
    gateway->file_cache = shared_file_cache_create(config->files.cache_ttl_ms);
    gateway->logins = login_cache_create(&config->auth, config->mysql.workers);
    gateway->credentials = api_credentials_create(&config->auth);
    gateway->openapi = shared_openapi_create(config);
    gateway->loop_states = calloc(loops, sizeof(*gateway->loop_states));
    gateway->worker_count = config->mysql.workers;
    gateway->worker_is_up = calloc(gateway->worker_count, sizeof(*gateway->worker_is_up));
    if (!gateway->model || !gateway->counts || !gateway->file_cache || !gateway->logins ||
        !gateway->credentials || !gateway->openapi || !gateway->abuse_map ||
        !gateway->loop_states || !gateway->worker_is_up ||
        RAND_bytes((unsigned char *)&start, sizeof(start)) != 1)
        return RESULT_NO_MEMORY;
    snprintf(gateway->start_text, sizeof(gateway->start_text), "%08x-", start);
    const struct loop_hooks hooks = {on_start, on_tick, on_drain, on_stop, gateway};
    gateway->loops = loop_group_create(loops, &hooks);
    if (!gateway->loops ||
        guard_init(&gateway->guard, config, &gateway->trusted, gateway->loops) != RESULT_OK ||
        make_settings_cache(gateway) != RESULT_OK || make_file_keeper(gateway) != RESULT_OK ||
        make_dispatcher(gateway) != RESULT_OK)
        return RESULT_NO_MEMORY;
    return make_servers(gateway, loops);
}

enum result gateway_create(const struct config *config, struct gateway **gateway)
{
    *gateway = NULL;
    struct gateway *made = calloc(1, sizeof(*made));
    if (!made)
        return RESULT_NO_MEMORY;
    made->config = config;
    arena_init(&made->arena);
    enum result result = make_parts(made);
    if (result != RESULT_OK) {
        log_error("start", "the gateway cannot be built");
        gateway_destroy(made);
        return result;
    }
    *gateway = made;
    return RESULT_OK;
}

/* The first look at the database, before anything listens for long: a gateway whose database is
 * away starts all the same, answers 503, and its workers go on trying. */
static void learn_model(struct gateway *gateway)
{
    struct database *database = database_create(&gateway->config->mysql);
    if (!database)
        return;
    shared_abuse_map_refresh(gateway->abuse_map, NULL, database);
    if (shared_model_refresh(gateway->model, NULL, database) != RESULT_OK)
        log_error("database", "the schema cannot be read yet: %s; trying on",
                  database_error_text(database));
    else
        login_announce(gateway->logins, database);
    database_destroy(database);
}

enum result gateway_start(struct gateway *gateway)
{
    const struct pool_options options = {
        .workers = gateway->worker_count,
        .queue = gateway->config->mysql.queue,
        .lanes = gateway->catalog->resource_count + 1 + GATEWAY_LOGIN_LANES,
        .narrow_lanes = GATEWAY_LOGIN_LANES,
        .hooks = {worker_init, worker_fini, worker_interrupt, worker_idle, gateway},
    };
    learn_model(gateway);
    gateway->pool = pool_create(&options);
    if (!gateway->pool || guard_start(&gateway->guard) != RESULT_OK ||
        dispatcher_start(gateway->dispatcher) != RESULT_OK)
        return RESULT_NO_MEMORY;
    if (gateway->file_keeper && file_keeper_start(gateway->file_keeper) != RESULT_OK)
        return RESULT_NO_MEMORY;
    return loop_group_start(gateway->loops);
}

void gateway_reload(struct gateway *gateway)
{
    bans_reload(gateway->guard.bans);
    rates_configure(gateway->guard.rates, &gateway->config->rate);
    shared_openapi_forget(gateway->openapi);
}

/* First the balancer is told, then it is given time to look (server.drain_delay), then the doors
 * close. */
void gateway_stop(struct gateway *gateway)
{
    const struct timespec delay = {
        .tv_sec = (time_t)(gateway->config->server.drain_delay_ms / 1000),
        .tv_nsec = (long)(gateway->config->server.drain_delay_ms % 1000) * 1000000,
    };
    atomic_store(&gateway->shared_is_stopping, true);
    http_server_announce_end(gateway->public_server);
    dispatcher_close(gateway->dispatcher);
    nanosleep(&delay, NULL);
    loop_group_drain(gateway->loops, gateway->config->server.drain_ms);
}

void gateway_destroy(struct gateway *gateway)
{
    if (!gateway)
        return;
    size_t loops = gateway->loops ? loop_group_size(gateway->loops) : 0;
    pool_destroy(gateway->pool);
    dispatcher_destroy(gateway->dispatcher); /* workers wake it */
    guard_stop(&gateway->guard);
    loop_group_destroy(gateway->loops);
    guard_clear(&gateway->guard);
    settings_cache_destroy(gateway->settings);
    file_keeper_destroy(gateway->file_keeper);
    blob_store_close(gateway->files);
    http_server_destroy(gateway->public_server);
    http_server_destroy(gateway->admin_server);
    static_files_destroy(gateway->site);
    for (size_t i = 0; i < loops; i++)
        for (size_t f = 0; f < FORMAT_COUNT; f++)
            writer_destroy(gateway->loop_states[i].writers[f]);
    free(gateway->loop_states);
    free(gateway->worker_is_up);
    login_cache_destroy(gateway->logins);
    api_credentials_destroy(gateway->credentials);
    shared_openapi_destroy(gateway->openapi);
    shared_abuse_map_destroy(gateway->abuse_map);
    shared_count_cache_destroy(gateway->counts);
    shared_file_cache_destroy(gateway->file_cache);
    http_media_types_destroy(gateway->media_types);
    shared_model_destroy(gateway->model);
    catalog_destroy(gateway->catalog);
    arena_clear(&gateway->arena);
    free(gateway);
}
