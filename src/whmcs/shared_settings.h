/*
 * The last reading of what `config` serves, remembered for cache.config_ttl: a worker that finds
 * it fresh asks the database nothing. What decides who may do what (roles, access list, api_active,
 * super roles) is never looked up here: auth reads its own rows.
 *
 * Shared: two pointers under one lock, held for a few instructions.
 */
#ifndef PORTCULLIS_WHMCS_SHARED_SETTINGS_H
#define PORTCULLIS_WHMCS_SHARED_SETTINGS_H

#include "whmcs/settings_reading.h"

struct shared_settings;

/* Called on the thread that put a reading, which is borrowed for the call. */
typedef void shared_settings_listener(void *context, const struct settings_reading *reading);

/* ttl_ms is at least 1. NULL when memory is out. */
struct shared_settings *shared_settings_create(uint64_t ttl_ms);
void shared_settings_destroy(struct shared_settings *shared);
/* Hears of each reading of this gateway's own. At most one; before threads start. */
void shared_settings_listen(struct shared_settings *shared, shared_settings_listener *listener,
                            void *context);

/* A reference to a reading that is still fresh, for the caller to release, or NULL. */
struct settings_reading *shared_settings_get(struct shared_settings *shared);
/* What this gateway has read from its database; read_us: the monotonic moment before it asked, so
 * that nothing in it is older. rows is borrowed. */
void shared_settings_put(struct shared_settings *shared, const struct setting *rows,
                         uint64_t read_us);

/* Another gateway's reading, whose reference is consumed; false when ours is as new. */
bool shared_settings_take(struct shared_settings *shared, struct settings_reading *reading);
/* A reference to the last of this gateway's own readings, fresh or not, or NULL. */
struct settings_reading *shared_settings_own(struct shared_settings *shared);

#endif
