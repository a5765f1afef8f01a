/* A hash of wishes in the order they came, and a list of lines. */
#include "auth/ban_keeper_work.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/utf8.h"
#include "observe/metrics.h"

void ban_work_init(struct ban_work *work)
{
    *work = (struct ban_work){0};
    work->lines_end = &work->lines;
}

static void remove_row(struct ban_work *work, struct ban_row_work *row)
{
    HASH_DEL(work->rows, row);
    free(row->reason);
    free(row);
}

void ban_work_clear(struct ban_work *work)
{
    while (work->rows)
        remove_row(work, work->rows);
    for (struct ban_line_work *line; (line = ban_work_take_line(work)) != NULL;)
        free(line);
}

size_t ban_work_count(const struct ban_work *work)
{
    return HASH_COUNT(work->rows) + work->line_count;
}

static void note_dropped(void)
{
    metric_increment(METRIC_BANS_UNWRITTEN);
}

static bool make_room(struct ban_work *work)
{
    if (ban_work_count(work) < BAN_WORK_MOST)
        return true;
    struct ban_line_work *oldest = ban_work_take_line(work);
    note_dropped();
    free(oldest);
    return oldest != NULL;
}

/* A copy, with a NUL behind it. A character that is cut through lies behind the cut below. */
static void tidy(struct slice text, struct buffer *out)
{
    enum { LONGEST_CHARACTER = 4 };
    bool is_long = text.size > BAN_WORK_MOST_TEXT + LONGEST_CHARACTER;
    buffer_init(out);
    utf8_append_repaired(out, is_long ? slice_of(text.data, BAN_WORK_MOST_TEXT + LONGEST_CHARACTER)
                                      : text);
    if (out->size > BAN_WORK_MOST_TEXT)
        out->size = utf8_valid_prefix(slice_of(out->data, BAN_WORK_MOST_TEXT));
    buffer_append_char(out, '\0');
    if (out->has_failed)
        buffer_clear(out);
}

/* --- rows ---------------------------------------------------------------------------------- */

static struct ban_row_work *find_row(const struct ban_work *work, const struct network *network)
{
    struct ban_row_work *row;
    HASH_FIND(hh, work->rows, network, sizeof(*network), row);
    return row;
}

/* The network's row, made where there is none; NULL when there is no room. */
static struct ban_row_work *wish_row(struct ban_work *work, const struct network *network)
{
    struct ban_row_work *row = find_row(work, network);
    if (!row) {
        if (!make_room(work))
            return NULL;
        row = calloc(1, sizeof(*row));
        if (!row) {
            note_dropped();
            return NULL;
        }
        row->network = *network;
        HASH_ADD(hh, work->rows, network, sizeof(row->network), row);
    }
    row->version = ++work->version;
    return row;
}

void ban_work_add_row(struct ban_work *work, const struct network *network, int64_t ends_ms,
                      struct slice reason)
{
    struct buffer text;
    tidy(reason, &text);
    struct ban_row_work *row = text.data ? wish_row(work, network) : NULL;
    if (!row) {
        buffer_clear(&text);
        return;
    }
    free(row->reason);
    row->reason = text.data;
    if (!row->has_add || row->ends_ms < ends_ms)
        row->ends_ms = ends_ms;
    row->has_add = true;
}

void ban_work_delete_row(struct ban_work *work, const struct network *network)
{
    struct ban_row_work *row = wish_row(work, network);
    if (!row)
        return;
    row->has_delete = true;
    row->has_add = false;
}

bool ban_work_deletes(const struct ban_work *work, const struct network *network)
{
    if (!work->rows)
        return false;
    const struct ban_row_work *row = find_row(work, network);
    return row && row->has_delete;
}

bool ban_work_adds(const struct ban_work *work, const struct network *network, int64_t *ends_ms)
{
    const struct ban_row_work *row = work->rows ? find_row(work, network) : NULL;
    *ends_ms = row && row->has_add ? row->ends_ms : 0;
    return row && row->has_add;
}

bool ban_work_first_row(const struct ban_work *work, struct ban_row_copy *copy)
{
    const struct ban_row_work *row = work->rows;
    if (!row)
        return false;
    copy->network = row->network;
    copy->has_delete = row->has_delete;
    copy->has_add = row->has_add;
    copy->version = row->version;
    copy->ends_ms = row->ends_ms;
    snprintf(copy->reason, sizeof(copy->reason), "%s", row->has_add ? row->reason : "");
    return true;
}

void ban_work_postpone_row(struct ban_work *work, const struct ban_row_copy *copy)
{
    struct ban_row_work *row = find_row(work, &copy->network);
    if (!row)
        return;
    HASH_DEL(work->rows, row);
    HASH_ADD(hh, work->rows, network, sizeof(row->network), row);
}

bool ban_work_end_row(struct ban_work *work, const struct ban_row_copy *copy)
{
    struct ban_row_work *row = find_row(work, &copy->network);
    if (!row || row->version != copy->version)
        return false;
    remove_row(work, row);
    return true;
}

/* --- lines --------------------------------------------------------------------------------- */

void ban_work_add_line(struct ban_work *work, struct slice text, const struct network *network)
{
    struct buffer tidied;
    tidy(text, &tidied);
    struct ban_line_work *line =
        tidied.data && make_room(work) ? malloc(sizeof(*line) + tidied.size) : NULL;
    if (line) {
        line->next = NULL;
        network_print(network, line->address);
        memcpy(line->text, tidied.data, tidied.size);
        *work->lines_end = line;
        work->lines_end = &line->next;
        work->line_count++;
    }
    buffer_clear(&tidied);
}

struct ban_line_work *ban_work_take_line(struct ban_work *work)
{
    struct ban_line_work *line = work->lines;
    if (!line)
        return NULL;
    work->lines = line->next;
    work->line_count--;
    if (!work->lines)
        work->lines_end = &work->lines;
    return line;
}

void ban_work_return_line(struct ban_work *work, struct ban_line_work *line)
{
    line->next = work->lines;
    work->lines = line;
    work->line_count++;
    if (!line->next)
        work->lines_end = &line->next;
}
