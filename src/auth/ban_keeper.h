/*
 * The bans' thread, with a database connection of its own: reads tblbannedips every
 * ban.table_poll, and tblconfiguration's InvalidLoginBanLength and WhitelistedIPs beside it;
 * writes and deletes rows, and tblactivitylog. Memory is told through the table and the handlers;
 * nothing ever waits for it.
 */
#ifndef PORTCULLIS_AUTH_BAN_KEEPER_H
#define PORTCULLIS_AUTH_BAN_KEEPER_H

#include "auth/ban_table.h"
#include "base/result.h"
#include "config/config.h"

struct ban_keeper;

/* What WHMCS's own settings say; owned by the keeper until it is replaced. */
struct ban_settings {
    bool has_length;
    uint64_t length_ms; /* InvalidLoginBanLength; 0: never ban */
    struct network_list whitelist;
};

struct ban_keeper_options {
    const struct config_ban *config;
    const struct config_mysql *mysql;
    struct ban_table *table; /* borrowed */
    /* Keeper's thread: a row that was known is gone, and so is its ban. */
    void (*on_lift)(void *context, const struct network *network);
    /* Keeper's thread: a row is known now, of a ban that is new, or was made here. Called with the
     * keeper locked, so that no ban_keeper_delete_row falls between: do not call it from there. */
    void (*on_row)(void *context, const struct ban *ban);
    /* Keeper's thread: the settings as read now; borrowed for the call, to be copied. */
    void (*on_settings)(void *context, const struct ban_settings *settings);
    void *context;
};

struct ban_keeper *ban_keeper_create(const struct ban_keeper_options *options);
/* Returns when the first poll has ended, well or not, or after wait_ms. */
enum result ban_keeper_start(struct ban_keeper *keeper, uint64_t wait_ms);
void ban_keeper_stop(struct ban_keeper *keeper);
void ban_keeper_destroy(struct ban_keeper *keeper);

/* Any thread; queued, copied, done in order as soon as the database allows, tried again while it
 * is away. A ban of ours becomes a row (unless ban.table=read); its end is moved where a row is
 * there already. */
void ban_keeper_add_row(struct ban_keeper *keeper, const struct ban *ban, struct slice reason);
/* Deletes the rows of exactly this network. */
void ban_keeper_delete_row(struct ban_keeper *keeper, const struct network *network);
/* A line of tblactivitylog: "portcullis: " + text, with the address it is about. */
void ban_keeper_log(struct ban_keeper *keeper, struct slice text, const struct network *network);

#endif
