/* Lines are made by hand, not by a JSON library: one a request, and a microsecond is dear. */
#include "observe/log_line.h"

#include <string.h>

#include "base/clock.h"
#include "base/utf8.h"
#include "observe/metrics.h"

/* A target may have 64 KiB; what is past this helps nobody who reads a log. */
enum { TARGET_SHOWN_BYTES = 4096 };

static const char *const level_names[] = {"debug", "info", "warning", "error"};

#define PHASE_NAME(suffix, name) ",\"" name "_ms\":",
static const char *const phase_members[METRIC_PHASE_COUNT] = {METRIC_PHASE_TABLE(PHASE_NAME)};
#undef PHASE_NAME

static void append_literal(struct buffer *line, const char *text)
{
    buffer_append(line, text, strlen(text));
}

static void put_digits(char *at, unsigned value, int count)
{
    for (int i = count - 1; i >= 0; i--) {
        at[i] = (char)('0' + value % 10);
        value /= 10;
    }
}

/* RFC 3339 in UTC with milliseconds. The calendar after Howard Hinnant's days_from_civil: gmtime
 * would take a lock. */
static void append_time(struct buffer *line, uint64_t wall_us)
{
    uint64_t seconds = wall_us / 1000000;
    unsigned of_day = (unsigned)(seconds % 86400);
    unsigned days = (unsigned)(seconds / 86400) + 719468; /* since 0000-03-01 */
    unsigned era = days / 146097;
    unsigned of_era = days % 146097;
    unsigned year_of_era = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    unsigned of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    unsigned march_month = (5 * of_year + 2) / 153;
    unsigned day = of_year - (153 * march_month + 2) / 5 + 1;
    unsigned month = march_month < 10 ? march_month + 3 : march_month - 9;
    unsigned year = era * 400 + year_of_era + (month <= 2 ? 1 : 0);

    char text[] = "0000-00-00T00:00:00.000Z";
    put_digits(text, year, 4);
    put_digits(text + 5, month, 2);
    put_digits(text + 8, day, 2);
    put_digits(text + 11, of_day / 3600, 2);
    put_digits(text + 14, of_day / 60 % 60, 2);
    put_digits(text + 17, of_day % 60, 2);
    put_digits(text + 20, (unsigned)(wall_us / 1000 % 1000), 3);
    buffer_append(line, text, sizeof(text) - 1);
}

static bool is_plain(char c)
{
    return (unsigned char)c >= 0x20 && (unsigned char)c < 0x7f && c != '"' && c != '\\';
}

static size_t plain_prefix(struct slice text)
{
    size_t size = 0;
    while (size < text.size && is_plain(text.data[size]))
        size++;
    return size;
}

/* text is valid UTF-8. DEL is escaped too: a terminal may act on it. */
static void append_escaped(struct buffer *line, struct slice text)
{
    for (size_t i = 0; i < text.size; i++) {
        char c = text.data[i];
        if (c == '"' || c == '\\')
            buffer_append_char(line, '\\');
        if (c == '\n')
            append_literal(line, "\\n");
        else if ((unsigned char)c < 0x20 || c == 0x7f)
            buffer_printf(line, "\\u%04x", (unsigned)c);
        else
            buffer_append_char(line, c);
    }
}

static void append_string(struct buffer *line, struct slice text)
{
    buffer_append_char(line, '"');
    if (plain_prefix(text) == text.size) {
        buffer_append_slice(line, text);
    } else {
        struct buffer repaired = {0};
        utf8_append_repaired(&repaired, text);
        append_escaped(line, buffer_slice(&repaired));
        line->has_failed = line->has_failed || repaired.has_failed;
        buffer_clear(&repaired);
    }
    buffer_append_char(line, '"');
}

void log_line_begin(struct buffer *line, enum log_level level, const char *event)
{
    append_literal(line, "{\"time\":\"");
    append_time(line, clock_wall_us());
    append_literal(line, "\",\"level\":\"");
    append_literal(line, level_names[level]);
    append_literal(line, "\",\"event\":");
    append_string(line, slice_from(event));
}

void log_line_text(struct buffer *line, const char *name, struct slice text)
{
    append_literal(line, ",\"");
    append_literal(line, name);
    append_literal(line, "\":");
    append_string(line, text);
}

void log_line_end(struct buffer *line)
{
    append_literal(line, "}\n");
}

static void append_number(struct buffer *line, const char *member, uint64_t value)
{
    append_literal(line, member);
    buffer_append_u64(line, value);
}

/* Microseconds as milliseconds with three places. */
static void append_ms(struct buffer *line, const char *member, uint64_t us)
{
    append_number(line, member, us / 1000);
    char places[4] = ".000";
    put_digits(places + 1, (unsigned)(us % 1000), 3);
    buffer_append(line, places, sizeof(places));
}

static void append_target(struct buffer *line, struct slice target)
{
    struct buffer shown = {0};
    log_append_target(&shown, target);
    if (shown.size > TARGET_SHOWN_BYTES) {
        shown.size = TARGET_SHOWN_BYTES;
        append_literal(&shown, "...");
    }
    log_line_text(line, "target", buffer_slice(&shown));
    line->has_failed = line->has_failed || shown.has_failed;
    buffer_clear(&shown);
}

void log_line_access(struct buffer *line, const struct log_access *access)
{
    log_line_begin(line, LOG_LEVEL_INFO, "request");
    log_line_text(line, "request_id", access->request_id);
    if (access->traceparent.size)
        log_line_text(line, "traceparent", access->traceparent);
    log_line_text(line, "address", access->address);
    log_line_text(line, "admin", access->admin);
    log_line_text(line, "method", access->method);
    append_target(line, access->target);
    log_line_text(line, "route", access->route);
    append_number(line, ",\"status\":", (uint64_t)(access->status < 0 ? 0 : access->status));
    append_number(line, ",\"bytes\":", access->sent_bytes);
    for (size_t i = 0; access->phase_us && i < METRIC_PHASE_COUNT; i++)
        append_ms(line, phase_members[i], access->phase_us[i]);
    append_ms(line, ",\"total_ms\":", access->total_us);
    log_line_end(line);
}
