#include "cli/ban_list.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "endpoints/admin_bans.h"
#include "format/writer.h"

void ban_list_print_time(int64_t time_s, char *out)
{
    time_t time = (time_t)time_s;
    struct tm parts;
    localtime_r(&time, &parts);
    strftime(out, BAN_LIST_TIME, "%Y-%m-%d %H:%M:%S %Z", &parts);
}

void ban_list_init(struct ban_list *list)
{
    *list = (struct ban_list){0};
}

void ban_list_clear(struct ban_list *list)
{
    free(list->bans);
    ban_list_init(list);
}

static bool read_row(const struct value *row, struct ban_shown *ban)
{
    const struct value *network = value_get(row, SLICE("network"));
    const struct value *expires = value_get(row, SLICE("expires"));
    const struct value *has_row = value_get(row, SLICE("has_row"));
    bool is_row = network && expires && has_row && has_row->type == VALUE_BOOLEAN &&
                  network_parse(network->text, &ban->network) &&
                  slice_to_i64(expires->text, &ban->expires_s);
    ban->has_row = is_row && has_row->boolean;
    return is_row;
}

static bool make_room(struct ban_list *list)
{
    size_t capacity = list->capacity ? 2 * list->capacity : 64;
    struct ban_shown *bans = list->bans;
    if (list->count < list->capacity)
        return true;
    bans = realloc(bans, capacity * sizeof(*bans));
    if (!bans)
        return false;
    list->bans = bans;
    list->capacity = capacity;
    return true;
}

enum result ban_list_add(struct ban_list *list, const struct value *rows)
{
    if (!rows || rows->type != VALUE_LIST)
        return RESULT_INVALID;
    for (const struct value *row = rows->first; row; row = row->next) {
        struct ban_shown ban;
        if (!read_row(row, &ban))
            return RESULT_INVALID;
        if (!make_room(list))
            return RESULT_NO_MEMORY;
        list->bans[list->count++] = ban;
    }
    return RESULT_OK;
}

static int compare(const void *a, const void *b)
{
    const struct ban_shown *one = a;
    const struct ban_shown *other = b;
    return memcmp(&one->network, &other->network, sizeof(one->network));
}

void ban_list_sort(struct ban_list *list)
{
    if (list->count)
        qsort(list->bans, list->count, sizeof(*list->bans), compare);
}

/* --- for people ---------------------------------------------------------------------------- */

/* The two largest units: "3d 4h", "14m 59s". */
static void print_left(int64_t seconds, char *out, size_t size)
{
    static const struct {
        int64_t seconds;
        char name;
    } units[] = {{86400, 'd'}, {3600, 'h'}, {60, 'm'}, {1, 's'}};
    size_t i = 0;
    while (i < 3 && seconds < units[i].seconds)
        i++;
    int64_t rest = seconds % units[i].seconds;
    int used = snprintf(out, size, "%" PRId64 "%c", seconds / units[i].seconds, units[i].name);
    if (i < 3 && rest >= units[i + 1].seconds)
        snprintf(out + used, size - (size_t)used, " %" PRId64 "%c", rest / units[i + 1].seconds,
                 units[i + 1].name);
}

static int network_width(const struct ban_list *list)
{
    char text[NETWORK_TEXT];
    size_t width = strlen("NETWORK");
    for (size_t i = 0; i < list->count; i++) {
        network_print(&list->bans[i].network, text);
        if (strlen(text) > width)
            width = strlen(text);
    }
    return (int)width;
}

void ban_list_print(const struct ban_list *list, int64_t now_s)
{
    int width = network_width(list);
    if (!list->count) {
        printf("no bans\n");
        return;
    }
    printf("%-*s  %-24s  %-8s  %s\n", width, "NETWORK", "UNTIL", "LEFT", "ROW");
    for (size_t i = 0; i < list->count; i++) {
        const struct ban_shown *ban = &list->bans[i];
        char network[NETWORK_TEXT];
        char until[BAN_LIST_TIME];
        char left[64];
        network_print(&ban->network, network);
        ban_list_print_time(ban->expires_s, until);
        print_left(ban->expires_s > now_s ? ban->expires_s - now_s : 0, left, sizeof(left));
        printf("%-*s  %-24s  %-8s  %s\n", width, network, until, left, ban->has_row ? "yes" : "no");
    }
}

/* --- for programs -------------------------------------------------------------------------- */

enum result ban_list_print_json(const struct ban_list *list, int64_t now_s)
{
    struct writer *writer = writer_create(FORMAT_JSON);
    struct buffer text;
    buffer_init(&text);
    if (!writer)
        return RESULT_NO_MEMORY;
    writer_start(writer, &text);
    writer_key(writer, SLICE("bans"));
    writer_list_begin(writer, SLICE("ban"));
    for (size_t i = 0; i < list->count; i++)
        admin_ban_write(writer, &list->bans[i], now_s);
    writer_list_end(writer);
    writer_finish(writer);
    enum result result = text.has_failed ? RESULT_NO_MEMORY : RESULT_OK;
    if (result == RESULT_OK)
        printf("{%.*s}\n", SLICE_ARGS(buffer_slice(&text)));
    buffer_clear(&text);
    writer_destroy(writer);
    return result;
}
