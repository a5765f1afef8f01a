/*
 * shared_ring: under its lock, but for the bytes: those between taken and put belong to the
 * taker, the others to whoever puts, so the taker writes to its pipe without the lock.
 */
#include "observe/log_ring.h"

#include <pthread.h>
#include <string.h>
#include <time.h>

enum { GATHER_MS = 5, HALF_FULL = LOG_RING_BYTES / 2 };

static struct {
    pthread_mutex_t lock;
    pthread_cond_t wake; /* the taker waits here: for a first byte, then for half a ring */
    uint64_t put;        /* bytes ever put */
    uint64_t taken;      /* bytes ever taken */
    bool is_idle;        /* the taker waits for a first byte */
    bool is_closed;
    char bytes[LOG_RING_BYTES];
} shared_ring = {.lock = PTHREAD_MUTEX_INITIALIZER, .wake = PTHREAD_COND_INITIALIZER};

static void copy_in(uint64_t at, struct slice line)
{
    size_t offset = (size_t)(at % LOG_RING_BYTES);
    size_t until_end = LOG_RING_BYTES - offset;
    size_t first = line.size < until_end ? line.size : until_end;
    memcpy(shared_ring.bytes + offset, line.data, first);
    memcpy(shared_ring.bytes, line.data + first, line.size - first);
}

bool log_ring_put(struct slice line)
{
    if (!line.size)
        return true;
    pthread_mutex_lock(&shared_ring.lock);
    uint64_t used = shared_ring.put - shared_ring.taken;
    bool does_fit = line.size <= LOG_RING_BYTES - used && !shared_ring.is_closed;
    if (does_fit) {
        copy_in(shared_ring.put, line);
        shared_ring.put += line.size;
    }
    bool is_half_full = used < HALF_FULL && used + line.size >= HALF_FULL;
    bool is_awaited = does_fit && (shared_ring.is_idle || is_half_full);
    shared_ring.is_idle = shared_ring.is_idle && !is_awaited;
    pthread_mutex_unlock(&shared_ring.lock);
    if (is_awaited)
        pthread_cond_signal(&shared_ring.wake);
    return does_fit;
}

/* Under the lock: waits until the ring is half full, closed, or GATHER_MS have passed. */
static void gather(void)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += GATHER_MS * 1000000L;
    until.tv_sec += until.tv_nsec / 1000000000L;
    until.tv_nsec %= 1000000000L;
    int error = 0;
    while (!error && !shared_ring.is_closed && shared_ring.put - shared_ring.taken < HALF_FULL)
        error = pthread_cond_timedwait(&shared_ring.wake, &shared_ring.lock, &until);
}

bool log_ring_take(struct slice *run)
{
    pthread_mutex_lock(&shared_ring.lock);
    while (shared_ring.put == shared_ring.taken && !shared_ring.is_closed) {
        shared_ring.is_idle = true;
        pthread_cond_wait(&shared_ring.wake, &shared_ring.lock);
    }
    shared_ring.is_idle = false;
    gather();
    size_t offset = (size_t)(shared_ring.taken % LOG_RING_BYTES);
    uint64_t used = shared_ring.put - shared_ring.taken;
    size_t until_end = LOG_RING_BYTES - offset;
    *run = slice_of(shared_ring.bytes + offset, used < until_end ? (size_t)used : until_end);
    pthread_mutex_unlock(&shared_ring.lock);
    return run->size > 0;
}

void log_ring_taken(size_t size)
{
    pthread_mutex_lock(&shared_ring.lock);
    shared_ring.taken += size;
    pthread_mutex_unlock(&shared_ring.lock);
}

void log_ring_close(void)
{
    pthread_mutex_lock(&shared_ring.lock);
    shared_ring.is_closed = true;
    pthread_mutex_unlock(&shared_ring.lock);
    pthread_cond_signal(&shared_ring.wake);
}

bool log_ring_is_closed(void)
{
    pthread_mutex_lock(&shared_ring.lock);
    bool is_closed = shared_ring.is_closed;
    pthread_mutex_unlock(&shared_ring.lock);
    return is_closed;
}

void log_ring_open(void)
{
    pthread_mutex_lock(&shared_ring.lock);
    shared_ring.taken = shared_ring.put;
    shared_ring.is_closed = false;
    pthread_mutex_unlock(&shared_ring.lock);
}
