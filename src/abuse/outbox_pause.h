/* How long a failed attempt is slept over. Pure. */
#ifndef PORTCULLIS_ABUSE_OUTBOX_PAUSE_H
#define PORTCULLIS_ABUSE_OUTBOX_PAUSE_H

#include <stdint.h>

/*
 * Seconds until the next try: first_ms after the first attempt that failed, doubled after each
 * further one up to longest_ms, then shortened by up to a half as chance (any number) has it, so
 * that rows that failed together do not come back together. At least 1.
 */
uint64_t outbox_pause_s(uint64_t attempts, uint64_t first_ms, uint64_t longest_ms, uint64_t chance);

#endif
