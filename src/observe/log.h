/*
 * JSON lines to standard output, written by a thread of their own so that no loop and no worker
 * ever waits for a terminal or a pipe. When the reader is slower than we are, lines are dropped
 * and counted (metric portcullis_log_dropped_total), never waited for.
 *
 * Any thread may call. Secrets must not get here: what may hold one is blanked by
 * log_append_target first.
 */
#ifndef PORTCULLIS_OBSERVE_LOG_H
#define PORTCULLIS_OBSERVE_LOG_H

#include "base/buffer.h"
#include "base/result.h"

enum log_level {
    LOG_LEVEL_DEBUG,
    LOG_LEVEL_INFO,
    LOG_LEVEL_WARNING,
    LOG_LEVEL_ERROR,
    LOG_LEVEL_NONE, /* for log_set_level alone: commands that tell people themselves */
};

/* One access line a request; every slice is borrowed for the call. */
struct log_access {
    struct slice request_id;
    struct slice address; /* the client's */
    struct slice admin;   /* username once logged in, else empty */
    struct slice method;
    struct slice target; /* raw; credentials in its query are blanked by the log */
    struct slice route;  /* the chain's shape: projects/{id}/actions; bounded in number */
    struct slice traceparent;
    int status;
    uint64_t sent_bytes;
    const uint64_t *phase_us; /* METRIC_PHASE_COUNT of them */
    uint64_t total_us;
};

/* Starts the writing thread; before it, and after log_stop, lines go out directly. */
enum result log_start(enum log_level level, bool with_access);
/* Writes out what is queued and joins the thread. */
void log_stop(void);
void log_set_level(enum log_level level);
/* Main thread: whether access lines are written from now on. */
void log_set_access(bool with_access);

/* A line {"time":…,"level":…,"event":event,"message":formatted}. */
void log_write(enum log_level level, const char *event, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
#define log_debug(...)   log_write(LOG_LEVEL_DEBUG, __VA_ARGS__)
#define log_info(...)    log_write(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_warning(...) log_write(LOG_LEVEL_WARNING, __VA_ARGS__)
#define log_error(...)   log_write(LOG_LEVEL_ERROR, __VA_ARGS__)

bool log_wants_access(void);
void log_access_write(const struct log_access *access);

/* Appends target with the values of password, api_id, secret, identifier and the like replaced
 * "***", however they are encoded (also inside params={...} JSON in the query). */
void log_append_target(struct buffer *out, struct slice target);

/* Lines dropped since start, for the metric. */
uint64_t log_dropped(void);

#endif
