/* `portcullis outbox list|retry|drop`: the outbox by way of the database, for people. */
#include <inttypes.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/utf8.h"
#include "cli/command.h"
#include "cli/outbox_list.h"
#include "whmcs/activity_log.h"

enum { MOST_REASON = 500 };

/* One command under way. */
struct hand {
    struct config *config;
    struct database *database;
    struct arena arena;
    uint64_t lease_s;
};

static int open_hand(const struct command_options *options, struct hand *hand)
{
    *hand = (struct hand){.config = command_load_config(options)};
    arena_init(&hand->arena);
    if (!hand->config)
        return COMMAND_FAILED;
    if (!hand->config->mysql.user[0] || !hand->config->mysql.database[0]) {
        fprintf(stderr, "portcullis: mysql.user and mysql.database must be set, as for serve\n");
        return COMMAND_FAILED;
    }
    hand->lease_s = (hand->config->abuse.lease_ms + 999) / 1000;
    hand->database = database_create(&hand->config->mysql);
    return hand->database ? COMMAND_GOOD : COMMAND_FAILED;
}

static void close_hand(struct hand *hand)
{
    database_destroy(hand->database);
    arena_clear(&hand->arena);
    if (hand->config)
        config_destroy(hand->config);
}

static int tell_failure(const struct hand *hand, enum result result)
{
    if (result == RESULT_NO_MEMORY)
        command_tell_no_memory();
    else if (result == RESULT_STALE)
        fprintf(stderr, "portcullis: there is no table portcullis_outbox as this version knows it; "
                        "schema/structure/90_portcullis.sql makes it\n");
    else
        fprintf(stderr,
                "portcullis: the database: %s (%u); mend mysql.hosts or mysql.socket, "
                "mysql.user, mysql.password, mysql.database\n",
                database_error_text(hand->database), database_error_number(hand->database));
    return COMMAND_FAILED;
}

int command_outbox_list(const struct command_options *options)
{
    struct hand hand;
    struct outbox_list list = {0};
    int code = open_hand(options, &hand);
    if (code == COMMAND_GOOD) {
        enum result result = outbox_list_init(&list, command_has_switch(options, "--json"));
        if (result == RESULT_OK)
            result = outbox_each(hand.database, hand.lease_s, command_has_switch(options, "--all"),
                                 outbox_list_add, &list);
        if (result == RESULT_OK)
            result = outbox_list_end(&list);
        if (result != RESULT_OK)
            code = tell_failure(&hand, result);
        outbox_list_clear(&list);
    }
    close_hand(&hand);
    return code;
}

/* --- retry and drop ------------------------------------------------------------------------ */

static bool read_id(const char *word, int64_t *id)
{
    if (slice_to_i64(slice_from(word), id) && *id > 0)
        return true;
    fprintf(stderr, "portcullis: \"%.40s\" is no row's id; allowed is a whole number from 1 on\n",
            word);
    return false;
}

static void append_who(struct buffer *out)
{
    const struct passwd *user = getpwuid(getuid());
    if (user)
        buffer_printf(out, "%s", user->pw_name);
    else
        buffer_printf(out, "user %ld", (long)getuid());
}

/* Whoever wonders in WHMCS why a service was suspended, or was not, finds it there. */
static void log_change(const struct hand *hand, const struct buffer *what)
{
    struct buffer line;
    buffer_init(&line);
    buffer_printf(&line, "portcullis: %.*s, by ", SLICE_ARGS(buffer_slice(what)));
    append_who(&line);
    buffer_printf(&line, " on the command line");
    if (line.has_failed ||
        activity_log_write(hand->database, buffer_slice(&line), SLICE("")) != RESULT_OK)
        fprintf(stderr, "portcullis: warning: tblactivitylog could not be written\n");
    buffer_clear(&line);
}

static void append_row(struct buffer *out, const struct outbox_row *row)
{
    buffer_printf(
        out, "row %" PRId64 " of the outbox (%.*s, service %" PRId64 ", abuse report %" PRId64 ")",
        row->id, SLICE_ARGS(row->action), row->service_id, row->report_id);
}

static int print_changed(const struct hand *hand, struct buffer *what)
{
    int code = what->has_failed ? COMMAND_FAILED : COMMAND_GOOD;
    if (code == COMMAND_GOOD) {
        log_change(hand, what);
        printf("%.*s\n", SLICE_ARGS(buffer_slice(what)));
    }
    buffer_clear(what);
    return code;
}

/* Why a row was not changed. */
static int refuse(const struct outbox_row *row)
{
    if (row->state == OUTBOX_ASKING)
        fprintf(stderr,
                "portcullis: row %" PRId64
                " is being carried out by %.*s; when that has come to an "
                "end, or abuse.lease has, it can be changed\n",
                row->id, SLICE_ARGS(row->claimed_by));
    else
        fprintf(stderr, "portcullis: row %" PRId64 " is %.*s already\n", row->id,
                SLICE_ARGS(outbox_state_name(row->state)));
    return COMMAND_FAILED;
}

static int find_row(struct hand *hand, int64_t id, struct outbox_row *row)
{
    enum result result = outbox_find(hand->database, hand->lease_s, id, &hand->arena, row);
    if (result == RESULT_OK)
        return COMMAND_GOOD;
    if (result != RESULT_NOT_FOUND)
        return tell_failure(hand, result);
    fprintf(stderr, "portcullis: the outbox has no row %" PRId64 "\n", id);
    return COMMAND_FAILED;
}

static int retry_all(struct hand *hand)
{
    uint64_t count = 0;
    struct buffer what;
    enum result result = outbox_retry_all(hand->database, &count);
    if (result != RESULT_OK)
        return tell_failure(hand, result);
    if (count == 0) {
        printf("nothing was given up\n");
        return COMMAND_GOOD;
    }
    buffer_init(&what);
    buffer_printf(&what, "%" PRIu64 " given up rows of the outbox are due again", count);
    return print_changed(hand, &what);
}

static int retry_one(struct hand *hand, int64_t id)
{
    struct outbox_row row;
    struct buffer what;
    int code = find_row(hand, id, &row);
    if (code != COMMAND_GOOD)
        return code;
    enum result result = outbox_retry(hand->database, hand->lease_s, id);
    if (result == RESULT_NOT_FOUND)
        return find_row(hand, id, &row) == COMMAND_GOOD ? refuse(&row) : COMMAND_FAILED;
    if (result != RESULT_OK)
        return tell_failure(hand, result);
    buffer_init(&what);
    append_row(&what, &row);
    buffer_printf(&what, " is due now");
    return print_changed(hand, &what);
}

int command_outbox_retry(const struct command_options *options)
{
    struct hand hand;
    int64_t id = 0;
    bool is_all = strcmp(options->words[0], "all") == 0;
    if (!is_all && !read_id(options->words[0], &id))
        return COMMAND_WRONG_USAGE;
    int code = open_hand(options, &hand);
    if (code == COMMAND_GOOD)
        code = is_all ? retry_all(&hand) : retry_one(&hand, id);
    close_hand(&hand);
    return code;
}

static bool read_reason(const char *word, struct slice *reason)
{
    *reason = slice_trim(slice_from(word));
    bool is_reason = reason->size > 0 && reason->size <= MOST_REASON && utf8_is_valid(*reason);
    for (size_t i = 0; is_reason && i < reason->size; i++)
        is_reason = (unsigned char)reason->data[i] >= 0x20 && reason->data[i] != 0x7f;
    if (!is_reason)
        fprintf(stderr, "portcullis: the reason is none; allowed is one line of up to %d bytes\n",
                MOST_REASON);
    return is_reason;
}

static int drop(struct hand *hand, int64_t id, struct slice reason)
{
    struct outbox_row row;
    struct buffer what;
    int code = find_row(hand, id, &row);
    if (code != COMMAND_GOOD)
        return code;
    enum result result = outbox_drop(hand->database, hand->lease_s, id, reason);
    if (result == RESULT_NOT_FOUND)
        return find_row(hand, id, &row) == COMMAND_GOOD ? refuse(&row) : COMMAND_FAILED;
    if (result != RESULT_OK)
        return tell_failure(hand, result);
    buffer_init(&what);
    append_row(&what, &row);
    buffer_printf(&what, " is dropped: %.*s", SLICE_ARGS(reason));
    return print_changed(hand, &what);
}

int command_outbox_drop(const struct command_options *options)
{
    struct hand hand;
    struct slice reason;
    int64_t id = 0;
    if (!read_id(options->words[0], &id) || !read_reason(options->words[1], &reason))
        return COMMAND_WRONG_USAGE;
    int code = open_hand(options, &hand);
    if (code == COMMAND_GOOD)
        code = drop(&hand, id, reason);
    close_hand(&hand);
    return code;
}
