/*
 * Every metric is a row of a table that yields enum, Prometheus name, type and help at once.
 * Counters and gauges are relaxed atomics, sharded by thread where they are hot; any thread may
 * call. Read by /metrics and by the tests.
 */
#ifndef PORTCULLIS_OBSERVE_METRICS_H
#define PORTCULLIS_OBSERVE_METRICS_H

#include "base/buffer.h"

/* X(enum suffix, prometheus name, type, help) */
#define METRIC_TABLE(X)                                                                            \
    X(CONNECTIONS_OPEN, "portcullis_connections", "gauge", "Client connections open now")          \
    X(CONNECTIONS_ACCEPTED, "portcullis_connections_accepted_total", "counter",                    \
      "Client connections accepted")                                                               \
    X(CONNECTIONS_REFUSED, "portcullis_limit_connections_total", "counter",                        \
      "Connections refused: server.max_connections or server.max_per_address")                     \
    X(LIMIT_HEAD, "portcullis_limit_head_total", "counter", "Heads over http.max_head: 431")       \
    X(LIMIT_TARGET, "portcullis_limit_target_total", "counter", "Targets over the limit: 414")     \
    X(LIMIT_BODY, "portcullis_limit_body_total", "counter", "Bodies over http.max_body: 413")      \
    X(LIMIT_FIELDS, "portcullis_limit_fields_total", "counter", "Heads with too many fields: 431") \
    X(TIMEOUT_HEAD, "portcullis_timeout_head_total", "counter", "Heads not whole in time: 408")    \
    X(TIMEOUT_BODY, "portcullis_timeout_body_total", "counter", "Bodies too slow: 408")            \
    X(TIMEOUT_IDLE, "portcullis_timeout_idle_total", "counter", "Idle connections closed")         \
    X(TIMEOUT_WRITE, "portcullis_timeout_write_total", "counter", "Stalled writes: closed")        \
    X(BAD_REQUESTS, "portcullis_bad_requests_total", "counter",                                    \
      "Requests refused for their framing or syntax, connection closed")                           \
    X(PROXY_HEADERS_REFUSED, "portcullis_proxy_headers_refused_total", "counter",                  \
      "Connections closed for a PROXY header that is wrong, cut, late or from no trusted proxy")   \
    X(RECEIVED_BYTES, "portcullis_received_bytes_total", "counter", "Bytes read from clients")     \
    X(SENT_BYTES, "portcullis_sent_bytes_total", "counter", "Bytes written to clients")            \
    X(FILE_FETCHES, "portcullis_file_fetches_total", "counter",                                    \
      "Stretches of downloads that were not in memory and were fetched beside the loop")           \
    X(FILES_CUT, "portcullis_files_cut_total", "counter",                                          \
      "Downloads cut since their file became unreadable or shorter")                               \
    X(SHED, "portcullis_shed_total", "counter",                                                    \
      "Requests answered 503 because of loop lag or server.max_memory")                            \
    X(LOOP_LAG_US, "portcullis_loop_lag_microseconds", "gauge", "Worst loop lag of late")          \
    X(MEMORY_BYTES, "portcullis_memory_bytes", "gauge", "Resident memory of the process")          \
    X(POOL_WORKERS, "portcullis_pool_workers", "gauge", "Workers")                                 \
    X(POOL_BUSY, "portcullis_pool_busy", "gauge", "Workers at work now")                           \
    X(POOL_QUEUED, "portcullis_pool_queued", "gauge", "Requests waiting for a worker")             \
    X(POOL_FULL, "portcullis_limit_queue_total", "counter", "Requests refused: mysql.queue full")  \
    X(POOL_JOINED, "portcullis_pool_joined_total", "counter",                                      \
      "Reads answered by an equal queued read (single flight)")                                    \
    X(POOL_GROUPED, "portcullis_pool_grouped_total", "counter",                                    \
      "Requests answered by one statement together with others")                                   \
    X(POOL_DROPPED, "portcullis_pool_dropped_total", "counter",                                    \
      "Queued requests dropped because their client had gone")                                     \
    X(DB_CONNECTED, "portcullis_database_connections", "gauge", "Database connections open now")   \
    X(DB_CONNECTS, "portcullis_database_connects_total", "counter", "Database connections made")   \
    X(DB_CONNECT_ERRORS, "portcullis_database_connect_errors_total", "counter",                    \
      "Database connections that failed")                                                          \
    X(DB_STATEMENTS, "portcullis_database_statements_total", "counter", "Statements executed")     \
    X(DB_PREPARES, "portcullis_database_prepares_total", "counter", "Statements prepared")         \
    X(DB_DEADLINES, "portcullis_limit_read_deadline_total", "counter",                             \
      "Statements killed at mysql.read_deadline")                                                  \
    X(DB_ERRORS, "portcullis_database_errors_total", "counter", "Statements that failed")          \
    X(DB_TRANSACTIONS, "portcullis_database_transactions_total", "counter",                        \
      "Transactions of writes begun")                                                              \
    X(DB_UNKNOWN_COMMITS, "portcullis_database_unknown_commits_total", "counter",                  \
      "Commits whose answer was lost: stored or not, nobody knows")                                \
    X(IDEMPOTENT_REPLAYS, "portcullis_idempotent_replays_total", "counter",                        \
      "Requests answered with what the same Idempotency-Key was answered before")                  \
    X(WRITE_RETRIES, "portcullis_write_retries_total", "counter",                                  \
      "Writes rolled back and run again after a deadlock or a long wait for a lock")               \
    X(UPLOADS, "portcullis_uploads_total", "counter", "Files stored")                              \
    X(UPLOAD_BYTES, "portcullis_upload_bytes_total", "counter", "Bytes of files stored")           \
    X(LIMIT_UPLOAD, "portcullis_limit_upload_total", "counter",                                    \
      "Files refused: larger than files.max_upload")                                               \
    X(LIMIT_DISK, "portcullis_limit_disk_total", "counter",                                        \
      "Files refused: no room under files.root, 507")                                              \
    X(ABUSE_REPORTS, "portcullis_abuse_reports_total", "counter", "Reports of abuse stored")       \
    X(ABUSE_REPEATED, "portcullis_abuse_reports_repeated_total", "counter",                        \
      "Reports answered with an earlier one's id: abuse.dedup_window or Idempotency-Key")          \
    X(SCHEMA_READS, "portcullis_schema_reads_total", "counter", "Times the schema was read")       \
    X(AUTH_HITS, "portcullis_auth_cache_hits_total", "counter", "Logins known from memory")        \
    X(AUTH_MISSES, "portcullis_auth_cache_misses_total", "counter", "Logins checked by a worker")  \
    X(AUTH_FAILURES, "portcullis_auth_failures_total", "counter", "Logins refused")                \
    X(AUTH_HASHING, "portcullis_auth_hashing", "gauge", "bcrypt computations running now")         \
    X(AUTH_HASHING_FULL, "portcullis_limit_hashing_total", "counter",                              \
      "Logins refused 503: auth.max_hashing")                                                      \
    X(BANS, "portcullis_bans", "gauge", "Bans in force")                                           \
    X(BANS_BYTES, "portcullis_bans_bytes", "gauge", "Memory that the bans take")                   \
    X(BANS_TRACKED, "portcullis_bans_tracked", "gauge", "Addresses with failed logins that count") \
    X(BANS_MADE, "portcullis_bans_made_total", "counter", "Bans made here for failed logins")      \
    X(BANS_HEARD, "portcullis_bans_heard_total", "counter", "Bans that another gateway made")      \
    X(BANS_LIFTED, "portcullis_bans_lifted_total", "counter", "Bans lifted before their end")      \
    X(BANS_REFUSED, "portcullis_banned_requests_total", "counter", "Requests of banned addresses") \
    X(BANS_WAITED, "portcullis_login_waits_total", "counter",                                      \
      "Logins that waited for others of their address to be decided")                              \
    X(BANS_MISSED, "portcullis_bans_missed_total", "counter",                                      \
      "Failures, bans and lifts that Redis was never told of, since too many waited")              \
    X(BANS_ROWS, "portcullis_ban_rows", "gauge", "Rows of tblbannedips in force at the last poll") \
    X(BANS_POLL_US, "portcullis_ban_poll_microseconds", "gauge", "What reading them took")         \
    X(BANS_UNWRITTEN, "portcullis_bans_unwritten_total", "counter",                                \
      "Rows and log lines never written: too many waited, or the database refused")                \
    X(RATE_ADDRESS, "portcullis_limit_rate_address_total", "counter",                              \
      "Requests over rate.per_address: 429")                                                       \
    X(RATE_ADMIN, "portcullis_limit_rate_admin_total", "counter",                                  \
      "Requests over rate.per_admin: 429")                                                         \
    X(RATE_BUCKETS, "portcullis_rate_buckets", "gauge", "Token buckets that are not full")         \
    X(RATE_FORGOTTEN, "portcullis_limit_rate_buckets_total", "counter",                            \
      "Token buckets forgotten before they were full, since too many were in use")                 \
    X(REDIS_UP, "portcullis_redis_up", "gauge", "1 while Redis answers, 0 while memory stands in") \
    X(REDIS_CONNECTS, "portcullis_redis_connects_total", "counter",                                \
      "Times Redis was there: logged in, subscriptions standing")                                  \
    X(REDIS_CONNECT_ERRORS, "portcullis_redis_connect_errors_total", "counter",                    \
      "Tries to connect to Redis that failed")                                                     \
    X(REDIS_COMMANDS, "portcullis_redis_commands_total", "counter", "Commands sent to Redis")      \
    X(REDIS_FAILURES, "portcullis_redis_failures_total", "counter",                                \
      "Commands that Redis answered with an error, late, or not at all")                           \
    X(REDIS_FULL, "portcullis_limit_redis_total", "counter",                                       \
      "Commands not sent to Redis since too many wait for their replies")                          \
    X(ADMIN_REFUSED, "portcullis_admin_refused_total", "counter",                                  \
      "Requests to the admin listener refused for their token, Host or Origin")                    \
    X(COUNT_CACHE_HITS, "portcullis_count_cache_hits_total", "counter",                            \
      "Totals taken from memory (cache.count_ttl)")                                                \
    X(COUNT_CACHE_MISSES, "portcullis_count_cache_misses_total", "counter", "Totals counted")      \
    X(FILE_CACHE_HITS, "portcullis_file_cache_hits_total", "counter",                              \
      "Downloads whose bytes were known from memory (files.cache_ttl)")                            \
    X(FILE_CACHE_MISSES, "portcullis_file_cache_misses_total", "counter",                          \
      "Downloads for which the database was read")                                                 \
    X(CONFIG_CACHE_HITS, "portcullis_config_cache_hits_total", "counter",                          \
      "Answers of config from memory (cache.config_ttl)")                                          \
    X(CONFIG_CACHE_MISSES, "portcullis_config_cache_misses_total", "counter",                      \
      "Answers of config for which the database was read")                                         \
    X(CONFIG_CACHE_TAKEN, "portcullis_config_cache_taken_total", "counter",                        \
      "Readings of config taken over from another gateway")                                        \
    X(CONFIG_CACHE_REFUSED, "portcullis_config_cache_refused_total", "counter",                    \
      "Readings of config not shared: malformed, too large, or with names unknown here")           \
    X(FILES_PENDING, "portcullis_files_pending", "gauge",                                          \
      "Files that a gateway which died left, or the disk refused to remove, still to be settled")  \
    X(FILES_SETTLED, "portcullis_files_settled_total", "counter", "Of these, settled")             \
    X(FILES_UNREMOVED, "portcullis_files_unremoved_total", "counter",                              \
      "Bytes of deleted files that the disk refused to remove at once")                            \
    X(OUTBOX_PENDING, "portcullis_outbox_pending", "gauge",                                        \
      "Rows of the outbox still to be carried out; every gateway on the database sees the same")   \
    X(OUTBOX_OLDEST, "portcullis_outbox_oldest_seconds", "gauge",                                  \
      "How long the oldest of them has been due")                                                  \
    X(OUTBOX_ATTEMPTS, "portcullis_outbox_attempts_total", "counter", "Times WHMCS was asked")     \
    X(OUTBOX_FAILURES, "portcullis_outbox_failures_total", "counter",                              \
      "Of these, the times it refused or gave no answer")                                          \
    X(OUTBOX_DONE, "portcullis_outbox_done_total", "counter", "Rows carried out")                  \
    X(OUTBOX_GIVEN_UP, "portcullis_outbox_given_up_total", "counter",                              \
      "Rows given up: abuse.max_attempts")                                                         \
    X(OUTBOX_DROPPED, "portcullis_outbox_dropped_total", "counter",                                \
      "Rows dropped since their report was closed or had gone")                                    \
    X(LOG_DROPPED, "portcullis_log_dropped_total", "counter", "Log lines dropped")

enum metric {
#define METRIC_ENUM(suffix, name, type, help) METRIC_##suffix,
    METRIC_TABLE(METRIC_ENUM)
#undef METRIC_ENUM
        METRIC_COUNT
};

/* The phases of a request, in their order; each has a latency histogram. */
#define METRIC_PHASE_TABLE(X)                                                                      \
    X(PARSE, "parse")                                                                              \
    X(AUTH, "auth")                                                                                \
    X(QUEUE, "queue")                                                                              \
    X(DB, "db")                                                                                    \
    X(RENDER, "render")                                                                            \
    X(WRITE, "write")

enum metric_phase {
#define METRIC_PHASE_ENUM(suffix, name) METRIC_PHASE_##suffix,
    METRIC_PHASE_TABLE(METRIC_PHASE_ENUM)
#undef METRIC_PHASE_ENUM
        METRIC_PHASE_COUNT
};

void metric_add(enum metric metric, int64_t amount);
void metric_set(enum metric metric, int64_t value);
int64_t metric_get(enum metric metric);

static inline void metric_increment(enum metric metric)
{
    metric_add(metric, 1);
}

/* portcullis_requests_total{route,method,code}: route is a chain's shape, taken from a bounded set
 * (the catalog's); what is new past 256 routes counts as "other". */
void metric_count_request(struct slice route, struct slice method, int status);
/* portcullis_request_phase_seconds{phase}; 0 is not recorded. */
void metric_observe_phase(enum metric_phase phase, uint64_t us);
/* portcullis_request_seconds, whole requests. */
void metric_observe_request(uint64_t us);

/* Appends all of it in Prometheus text format 0.0.4. */
void metrics_print(struct buffer *out);

#endif
