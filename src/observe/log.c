/*
 * Levels, and the thread that writes. shared_state is written by log_start, log_stop and
 * log_set_level only (main thread), read by all.
 */
#include "observe/log.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

#include "observe/log_line.h"
#include "observe/log_ring.h"
#include "observe/metrics.h"

enum {
    PIECE_BYTES = 4096, /* PIPE_BUF: after POLLOUT so much is written without blocking */
    PAUSE_MS = 100,
    LAST_PAUSES = 10, /* once stopping, a reader who takes nothing for a second is given up */
};

static struct {
    atomic_int level;
    atomic_bool has_access;
    atomic_bool is_running;
    pthread_t writer;
} shared_state = {.level = LOG_LEVEL_INFO};

/* Writes a piece of run to standard output. The bytes written, or 0 when the time is up or
 * nobody will ever read them. */
static size_t write_piece(struct slice run)
{
    struct pollfd out = {.fd = STDOUT_FILENO, .events = POLLOUT};
    int ready = poll(&out, 1, PAUSE_MS);
    if (ready <= 0)
        return 0;
    size_t size = run.size < PIECE_BYTES ? run.size : PIECE_BYTES;
    ssize_t written = write(STDOUT_FILENO, run.data, size);
    if (written > 0)
        return (size_t)written;
    bool is_passing = written < 0 && (errno == EINTR || errno == EAGAIN);
    return is_passing ? 0 : size; /* a closed pipe or a full disk: the bytes are lost */
}

/* False when the run was given up: its reader has stalled and we are to stop. */
static bool write_run(struct slice run)
{
    unsigned pauses = 0;
    while (run.size) {
        size_t written = write_piece(run);
        log_ring_taken(written);
        run = slice_skip(run, written);
        pauses = written ? 0 : pauses + 1;
        if (pauses > LAST_PAUSES && log_ring_is_closed())
            return false;
    }
    return true;
}

static void *writer_main(void *unused)
{
    (void)unused;
    struct slice run;
    while (log_ring_take(&run) && write_run(run))
        ;
    return NULL;
}

enum result log_start(enum log_level level, bool with_access)
{
    log_set_level(level);
    atomic_store(&shared_state.has_access, with_access);
    log_ring_open();
    /* Signals are the main thread's; SIGPIPE blocked makes a closed pipe an error of write. */
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int error = pthread_create(&shared_state.writer, NULL, writer_main, NULL);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (error)
        return error == ENOMEM ? RESULT_NO_MEMORY : RESULT_FAILED;
    atomic_store(&shared_state.is_running, true);
    return RESULT_OK;
}

void log_stop(void)
{
    if (!atomic_exchange(&shared_state.is_running, false))
        return;
    log_ring_close();
    pthread_join(shared_state.writer, NULL);
}

void log_set_level(enum log_level level)
{
    atomic_store_explicit(&shared_state.level, (int)level, memory_order_relaxed);
}

void log_set_access(bool with_access)
{
    atomic_store(&shared_state.has_access, with_access);
}

static void write_directly(struct slice line)
{
    while (line.size) {
        ssize_t written = write(STDOUT_FILENO, line.data, line.size);
        if (written <= 0 && errno != EINTR)
            return;
        line = slice_skip(line, written > 0 ? (size_t)written : 0);
    }
}

static void send_line(struct buffer *line)
{
    bool is_running = atomic_load_explicit(&shared_state.is_running, memory_order_acquire);
    if (!line->has_failed && !is_running)
        write_directly(buffer_slice(line));
    else if (line->has_failed || !log_ring_put(buffer_slice(line)))
        metric_increment(METRIC_LOG_DROPPED);
    buffer_clear(line);
}

void log_write(enum log_level level, const char *event, const char *format, ...)
{
    if ((int)level < atomic_load_explicit(&shared_state.level, memory_order_relaxed))
        return;
    struct buffer line = {0};
    va_list arguments;
    va_start(arguments, format);
    char text[1024];
    int size = vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    struct slice shown = slice_of(text, size < 0 ? 0 : (size_t)size);
    if (shown.size >= sizeof(text))
        shown.size = sizeof(text) - 1;
    log_line_begin(&line, level, event);
    log_line_text(&line, "message", shown);
    log_line_end(&line);
    send_line(&line);
}

bool log_wants_access(void)
{
    return atomic_load_explicit(&shared_state.has_access, memory_order_relaxed);
}

void log_access_write(const struct log_access *access)
{
    if (!log_wants_access())
        return;
    struct buffer line = {0};
    log_line_access(&line, access);
    send_line(&line);
}

uint64_t log_dropped(void)
{
    return (uint64_t)metric_get(METRIC_LOG_DROPPED);
}
