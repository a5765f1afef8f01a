/*
 * observe's own: the bounded queue of bytes between those who log and the thread that writes.
 * Any thread may put; one thread takes.
 */
#ifndef PORTCULLIS_OBSERVE_LOG_RING_H
#define PORTCULLIS_OBSERVE_LOG_RING_H

#include "base/slice.h"

enum { LOG_RING_BYTES = 1 << 20 };

/* False when the line does not fit: the caller counts it as dropped. Never waits for the reader. */
bool log_ring_put(struct slice line);
/* Waits for bytes and a few milliseconds more, so that a burst costs one wake-up; gives a run of
 * them that stays valid until log_ring_taken. False once the ring is closed and empty. */
bool log_ring_take(struct slice *run);
void log_ring_taken(size_t size);
/* Lets take drain what there is and then return false. */
void log_ring_close(void);
bool log_ring_is_closed(void);
/* Empties and opens it. */
void log_ring_open(void);

#endif
