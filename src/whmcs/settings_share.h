/*
 * How gateways share one reading of what `config` serves, so that together they ask the database
 * about once in cache.config_ttl. Redis is never waited for: without it each reads for itself.
 *
 *   a worker reads  ->  memory  ->  loop 0: SET key PX what is left of its life, PUBLISH
 *                                                                     |
 *   memory  <-  text checked, life cut to the lesser  <-  GET, PTTL  <-  the others' loop 0, at a
 * tick
 *
 * One key, `config:<digest>`, always with an expiry. The digest is of all that must be equal for a
 * reading to be somebody else's too (the scope). What comes back is untrusted: it is parsed
 * strictly, and one name that this gateway's own database has not shown it refuses the whole, as
 * does another value of a row that decides access. So a gateway takes nothing before it has read
 * once for itself, and reads for itself again when such rows have changed.
 *
 * How old a reading is, is told twice, by what is left of the key's life and by the moment written
 * in the text, and the greater age counts: a Redis that stood still, or a clock that is ahead,
 * makes it end early; none makes it last.
 */
#ifndef PORTCULLIS_WHMCS_SETTINGS_SHARE_H
#define PORTCULLIS_WHMCS_SETTINGS_SHARE_H

#include "store/redis.h"
#include "whmcs/shared_settings.h"

struct settings_share;

struct settings_share_options {
    struct shared_settings *settings; /* borrowed, as all here */
    struct redis *redis;
    struct loop *loop; /* redis's */
    uint64_t ttl_ms;
    struct slice scope; /* for the call of create only */
};

/* Before redis_start: it listens, and hears what is put into settings. NULL: memory is out. */
struct settings_share *settings_share_create(const struct settings_share_options *options);
/* After the pool, the loops and redis have ended. */
void settings_share_destroy(struct settings_share *share);

/* Redis's loop, about every 100 ms; NULL: nothing. */
void settings_share_tick(struct settings_share *share);

#endif
