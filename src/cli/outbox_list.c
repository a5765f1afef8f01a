#include "cli/outbox_list.h"

#include <inttypes.h>
#include <stdio.h>

#include "cli/ban_list.h"
#include "cli/foreign_text.h"
#include "format/writer.h"

enum { ACTION_WIDTH = 13 };

enum result outbox_list_init(struct outbox_list *list, bool wants_json)
{
    *list = (struct outbox_list){.count = 0};
    buffer_init(&list->text);
    if (!wants_json)
        return RESULT_OK;
    list->writer = writer_create(FORMAT_JSON);
    if (!list->writer)
        return RESULT_NO_MEMORY;
    writer_start(list->writer, &list->text);
    writer_key(list->writer, SLICE("outbox"));
    writer_list_begin(list->writer, SLICE("row"));
    return RESULT_OK;
}

void outbox_list_clear(struct outbox_list *list)
{
    writer_destroy(list->writer);
    buffer_clear(&list->text);
}

/* --- for people ---------------------------------------------------------------------------- */

static void print_row(const struct outbox_list *list, const struct outbox_row *row)
{
    char time[BAN_LIST_TIME] = "now";
    int64_t time_s = row->done_s ? row->done_s : row->next_s;
    if (time_s)
        ban_list_print_time(time_s, time);
    else if (row->state == OUTBOX_ASKING)
        time[0] = '\0';
    if (list->count == 0)
        printf("%-6s  %-8s  %-13s  %-8s  %-8s  %-5s  %-24s  %s\n", "ID", "STATE", "ACTION",
               "SERVICE", "REPORT", "TRIES", "NEXT OR END", "LAST ERROR");
    printf("%-6" PRId64 "  %-8.*s  ", row->id, SLICE_ARGS(outbox_state_name(row->state)));
    size_t width = foreign_text_print(row->action);
    printf("%*s  %-8" PRId64 "  %-8" PRId64 "  %-5" PRId64 "  %-24s  ",
           width < ACTION_WIDTH ? (int)(ACTION_WIDTH - width) : 0, "", row->service_id,
           row->report_id, row->attempts, time);
    foreign_text_print(row->last_error);
    putchar('\n');
}

/* --- for programs -------------------------------------------------------------------------- */

static void write_row(struct writer *writer, const struct outbox_row *row)
{
    writer_object_begin(writer);
    writer_member_integer(writer, SLICE("id"), row->id);
    writer_member_string(writer, SLICE("state"), outbox_state_name(row->state));
    writer_member_string(writer, SLICE("action"), row->action);
    writer_member_integer(writer, SLICE("service_id"), row->service_id);
    writer_member_integer(writer, SLICE("report_id"), row->report_id);
    writer_member_integer(writer, SLICE("attempts"), row->attempts);
    writer_member_integer(writer, SLICE("due"), row->due_s);
    writer_member_integer(writer, SLICE("next"), row->next_s);
    writer_member_integer(writer, SLICE("ended"), row->done_s);
    writer_member_string(writer, SLICE("claimed_by"), row->claimed_by);
    writer_member_string(writer, SLICE("last_error"), row->last_error);
    writer_object_end(writer);
}

void outbox_list_add(void *context, const struct outbox_row *row)
{
    struct outbox_list *list = context;
    if (list->writer)
        write_row(list->writer, row);
    else
        print_row(list, row);
    list->count++;
}

enum result outbox_list_end(struct outbox_list *list)
{
    if (!list->writer) {
        if (list->count == 0)
            printf("nothing waits, and nothing was given up\n");
        return RESULT_OK;
    }
    writer_list_end(list->writer);
    writer_finish(list->writer);
    if (list->text.has_failed)
        return RESULT_NO_MEMORY;
    printf("{%.*s}\n", SLICE_ARGS(buffer_slice(&list->text)));
    return RESULT_OK;
}
