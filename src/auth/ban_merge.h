/*
 * Hearing what other gateways tell, and agreeing with Redis after an absence and every ban.resync:
 * its bans come into memory, memory's bans that have rows go into it. Redis's loop alone.
 */
#ifndef PORTCULLIS_AUTH_BAN_MERGE_H
#define PORTCULLIS_AUTH_BAN_MERGE_H

#include "auth/ban_share.h"

struct ban_merge;

/* origin: this process's, whose own messages are not heard; borrowed. NULL: memory. */
struct ban_merge *ban_merge_create(const struct ban_share_options *options, const char *origin);
void ban_merge_destroy(struct ban_merge *merge);

/* A message of the channel; what is none of ours is ignored. */
void ban_merge_hear(struct ban_merge *merge, struct slice message);
/* A ban was lifted here: what Redis said of it before it was told does not count. */
void ban_merge_note_lift(struct ban_merge *merge, const struct network *network);
/* Redis has come: agree with it at the next tick. And gone: whatever was under way is void. */
void ban_merge_start(struct ban_merge *merge);
void ban_merge_stop(struct ban_merge *merge);
/* While Redis is up. */
void ban_merge_tick(struct ban_merge *merge);

#endif
