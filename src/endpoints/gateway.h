/*
 * Everything a running gateway consists of, built by gateway_create and handed down; there are no
 * globals beside it but the log and the metrics.
 *
 * Immutable after gateway_create but for what its members guard themselves (shared_…, the pool, the
 * login cache). Loops and workers hold it borrowed.
 */
#ifndef PORTCULLIS_ENDPOINTS_GATEWAY_H
#define PORTCULLIS_ENDPOINTS_GATEWAY_H

#include "abuse/dispatcher.h"
#include "abuse/shared_abuse_map.h"
#include "auth/api_credential.h"
#include "auth/login.h"
#include "config/config.h"
#include "endpoints/admin.h"
#include "endpoints/guard.h"
#include "endpoints/shared_openapi.h"
#include "endpoints/static_files.h"
#include "http/http.h"
#include "loop/pool.h"
#include "resources/execute.h"
#include "resources/file_keeper.h"
#include "resources/settings_cache.h"
#include "resources/shared_file_cache.h"
#include "resources/shared_model.h"

enum { GATEWAY_MOST_ROUTES = 16 };

/* What one loop thread keeps for itself. */
struct gateway_loop {
    struct writer *writers[FORMAT_COUNT]; /* for answers made on the loop: refusals */
    uint64_t next_request;                /* counts requests, for their ids */
    size_t uploads;                       /* those that hold a buffer */
};

struct gateway {
    const struct config *config; /* borrowed */
    struct catalog *catalog;
    struct shared_model *model;
    struct shared_count_cache *counts;
    struct shared_file_cache *file_cache;
    struct http_media_types *media_types;
    struct login_cache *logins;
    struct api_credentials *credentials;
    struct shared_abuse_map *abuse_map;
    struct shared_openapi *openapi;
    struct execute_options execute;
    struct arena arena;          /* holds what execute and trusted point to */
    struct network_list trusted; /* http.trusted_proxies */
    struct guard guard;
    struct settings_cache *settings; /* NULL: config is read each time */
    struct blob_store *files;        /* NULL: uploading is off */
    struct file_keeper *file_keeper; /* NULL likewise */
    struct dispatcher *dispatcher;   /* of the outbox */

    struct pool *pool;
    size_t worker_count;
    atomic_bool *worker_is_up; /* shared, one a worker: its connection is believed to be up */

    struct loop_group *loops;
    struct gateway_loop *loop_states; /* by loop_index */
    struct http_server *public_server;
    struct http_server *admin_server;
    struct http_route
        routes[GATEWAY_MOST_ROUTES]; /* the public server's; the last one is the API */
    size_t route_count;
    struct http_route admin_route;
    struct static_files *site; /* NULL: remote.site is off */
    struct admin_options admin;
    atomic_bool shared_is_stopping; /* /readyz fails */
    char start_text[16];            /* random; begins every request id of this process */
};

static inline bool gateway_numbers_are_strings(const struct gateway *gateway)
{
    return slice_equal(slice_from(gateway->config->remote.json_numbers), SLICE("string"));
}

/* The pool's lane for reports of abuse, and for making the OpenAPI document: behind those of the
 * resources. */
static inline uint32_t gateway_abuse_lane(const struct gateway *gateway)
{
    return (uint32_t)gateway->catalog->resource_count;
}

/* The pool's lanes for logins: behind all others, and narrower. Those who have been in
 * have one of their own, so that they do not stand behind strangers every auth.recheck. */
enum gateway_lane { GATEWAY_LANE_STRANGERS, GATEWAY_LANE_RETURNING, GATEWAY_LOGIN_LANES };

static inline uint32_t gateway_login_lane(const struct gateway *gateway, enum gateway_lane lane)
{
    return gateway_abuse_lane(gateway) + 1 + (uint32_t)lane;
}

/* Builds it all and binds the listeners; nothing runs yet. Problems are logged. */
enum result gateway_create(const struct config *config, struct gateway **gateway);
/* Starts loops and workers and returns; gateway_stop drains, then ends them. */
enum result gateway_start(struct gateway *gateway);
/* Main thread: config_reload has changed what the gateway was built with. */
void gateway_reload(struct gateway *gateway);
void gateway_stop(struct gateway *gateway);
void gateway_destroy(struct gateway *gateway);

#endif
