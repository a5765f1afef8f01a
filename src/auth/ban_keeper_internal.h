/* The keeper as its three parts see it: ban_keeper.c (the thread, and what others call),
 * ban_keeper_poll.c (rows to bans) and ban_keeper_write.c (bans to rows). */
#ifndef PORTCULLIS_AUTH_BAN_KEEPER_INTERNAL_H
#define PORTCULLIS_AUTH_BAN_KEEPER_INTERNAL_H

#include <pthread.h>

#include "auth/ban_keeper.h"
#include "auth/ban_keeper_settings.h"
#include "auth/ban_keeper_work.h"
#include "base/clock.h"
#include "whmcs/banned_addresses.h"

enum {
    BAN_KEEPER_AWAY_US = 500000,      /* to the next try: the database is away */
    BAN_KEEPER_REFUSED_US = 60000000, /* it does not let us: a table or a privilege is missing */
};

struct ban_keeper {
    struct ban_keeper_options options;
    bool writes_rows; /* ban.table=write */
    pthread_t thread;
    bool has_thread;

    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t wake;  /* of the thread: work, or the end */
    pthread_cond_t news;  /* from the thread: it has polled, or ended */
    struct ban_work work;
    struct database *shared_database; /* for database_interrupt; NULL when the thread has none */
    bool should_end;
    bool has_polled;
    bool has_ended;

    /* The thread's own. */
    struct database *database;
    struct banned_addresses *addresses;
    struct ban_keeper_settings settings;
    uint64_t poll;       /* the number of the poll under way */
    int64_t page_at_ms;  /* when its page was asked for, Unix time */
    size_t rows;         /* it found so far */
    size_t refused;      /* of these, what memory had no room for */
    uint64_t poll_at_us; /* nothing of these is done sooner */
    uint64_t settings_at_us;
    uint64_t rows_at_us;
    uint64_t lines_at_us;
    bool is_misfit_told; /* that the table cannot be read */
    bool are_settings_told;
    bool is_refused_told;
};

static inline int64_t ban_keeper_wall_ms(void)
{
    return (int64_t)(clock_wall_us() / 1000);
}

static inline bool ban_keeper_is_passing(enum result result)
{
    return result == RESULT_UNAVAILABLE || result == RESULT_TIMEOUT || result == RESULT_NO_MEMORY;
}

/* The database is there and will not do it, now or in a moment. */
static inline bool ban_keeper_is_refusal(enum result result)
{
    return result != RESULT_OK && !ban_keeper_is_passing(result);
}

static inline uint64_t ban_keeper_retry_at_us(enum result result)
{
    return clock_now_us() +
           (ban_keeper_is_passing(result) ? BAN_KEEPER_AWAY_US : BAN_KEEPER_REFUSED_US);
}

/* The rest: the keeper's thread. A poll from beginning to end; sets when the next is due. */
void ban_keeper_poll(struct ban_keeper *keeper);
/* The first row, or line, that waits. RESULT_NOT_FOUND: there is none; what failed is tried again,
 * no sooner than rows_at_us or lines_at_us. */
enum result ban_keeper_write_row(struct ban_keeper *keeper);
enum result ban_keeper_write_line(struct ban_keeper *keeper);

#endif
