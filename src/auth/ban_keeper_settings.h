/*
 * WHMCS's own settings of bans, as rows of tblconfiguration: InvalidLoginBanLength in minutes and
 * WhitelistedIPs. Read again and again; worked out only when their text has changed. The keeper's
 * thread.
 */
#ifndef PORTCULLIS_AUTH_BAN_KEEPER_SETTINGS_H
#define PORTCULLIS_AUTH_BAN_KEEPER_SETTINGS_H

#include "auth/ban_keeper.h"
#include "store/database.h"

struct ban_keeper_settings {
    struct ban_settings settings; /* as last read; in the arena */
    struct arena arena;
    struct slice length_text; /* in the arena; data is NULL where the row is absent */
    struct slice whitelist_text;
    bool is_known; /* read once at least */
};

void ban_keeper_settings_init(struct ban_keeper_settings *settings);
void ban_keeper_settings_clear(struct ban_keeper_settings *settings);

/* *has_changed: since the last reading that succeeded, or it is the first. What cannot be used (a
 * length that is no number, a whitelist that is none) counts as absent, and is logged once. */
enum result ban_keeper_settings_read(struct ban_keeper_settings *settings,
                                     struct database *database, bool *has_changed);
/* The same with the rows' texts; data is NULL where one is absent. */
enum result ban_keeper_settings_set(struct ban_keeper_settings *settings, struct slice length,
                                    struct slice whitelist, bool *has_changed);

#endif
