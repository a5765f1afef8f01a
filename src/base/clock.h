/* Time in one place. Monotonic, in microseconds; wall time only for what a person reads. */
#ifndef PORTCULLIS_BASE_CLOCK_H
#define PORTCULLIS_BASE_CLOCK_H

#include <stdint.h>

/* Microseconds since an arbitrary start, never going back. */
uint64_t clock_now_us(void);
/* Microseconds since 1970-01-01 UTC; may jump. */
uint64_t clock_wall_us(void);

#endif
