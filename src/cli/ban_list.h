/*
 * A list of bans for people and for programs: gathered page by page, sorted by network. A ban
 * takes some forty bytes, so that a million is no trouble.
 */
#ifndef PORTCULLIS_CLI_BAN_LIST_H
#define PORTCULLIS_CLI_BAN_LIST_H

#include "auth/bans.h"
#include "format/value.h"

struct ban_list {
    struct ban_shown *bans; /* owned */
    size_t count;
    size_t capacity;
};

enum { BAN_LIST_TIME = 64 }; /* bytes that hold any time printed */

/* "2026-11-25 21:15:03 CET", in the machine's time zone. */
void ban_list_print_time(int64_t time_s, char *out);

void ban_list_init(struct ban_list *list);
void ban_list_clear(struct ban_list *list);
/* Adds the rows of an answer's `bans`. RESULT_INVALID: they are none. */
enum result ban_list_add(struct ban_list *list, const struct value *rows);
void ban_list_sort(struct ban_list *list);
/* To standard output: aligned columns, or "no bans". */
void ban_list_print(const struct ban_list *list, int64_t now_s);
/* To standard output: {"bans":[…]}, rows as the admin listener writes them. */
enum result ban_list_print_json(const struct ban_list *list, int64_t now_s);

#endif
