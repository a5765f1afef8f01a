#include "abuse/report_refusal.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/utf8.h"
#include "format/value.h"

enum { DESCRIPTION_BYTES = 2048 };

static const struct {
    struct slice name;
    int status;
} codes[REPORT_CODES] = {
    [REPORT_NO_CREDENTIAL] = {SLICE("AMP001"), 401}, [REPORT_BAD_ACTION] = {SLICE("AMP002"), 400},
    [REPORT_BAD_METHOD] = {SLICE("AMP002"), 405},    [REPORT_MISSING] = {SLICE("AMP003"), 400},
    [REPORT_NO_SERVICE] = {SLICE("GW004"), 404},     [REPORT_BAD_VALUE] = {SLICE("GW005"), 422},
    [REPORT_BANNED] = {SLICE("GW006"), 403},         [REPORT_TOO_FAST] = {SLICE("GW006"), 429},
    [REPORT_NOT_STORED] = {SLICE("GW007"), 503},     [REPORT_BAD_BODY] = {SLICE("GW008"), 400},
    [REPORT_LARGE_BODY] = {SLICE("GW008"), 413},     [REPORT_FOREIGN_BODY] = {SLICE("GW008"), 415},
};

struct slice report_code_name(enum report_code code)
{
    return codes[code].name;
}

void report_refusal_init(struct report_refusal *refusal, struct arena *arena)
{
    *refusal = (struct report_refusal){.arena = arena};
}

static void refuse(struct report_refusal *refusal, enum report_code code, const char *format,
                   va_list arguments)
{
    char text[DESCRIPTION_BYTES];
    struct buffer repaired;
    vsnprintf(text, sizeof(text), format, arguments);
    buffer_init(&repaired);
    utf8_append_repaired(&repaired, slice_from(text));
    refusal->code = code;
    refusal->status = codes[code].status;
    refusal->description = arena_copy(refusal->arena, buffer_slice(&repaired));
    buffer_clear(&repaired);
}

void report_refuse(struct report_refusal *refusal, enum report_code code, const char *format, ...)
{
    va_list arguments;
    if (report_is_refused(refusal))
        return;
    va_start(arguments, format);
    refuse(refusal, code, format, arguments);
    va_end(arguments);
}

void report_refuse_for_now(struct report_refusal *refusal, enum report_code code, uint32_t after_s,
                           const char *format, ...)
{
    va_list arguments;
    if (report_is_refused(refusal))
        return;
    va_start(arguments, format);
    refuse(refusal, code, format, arguments);
    va_end(arguments);
    refusal->retry_after_s = after_s;
}

/* value_print escapes whatever JSON forbids in a string. */
void report_refusal_print(const struct report_refusal *refusal, struct buffer *out)
{
    const struct value description = {.type = VALUE_STRING, .text = refusal->description};
    struct slice name = codes[refusal->code].name;
    buffer_printf(out, "{\"status\":\"error\",\"error_code\":\"%.*s\",\"error_description\":",
                  SLICE_ARGS(name));
    value_print(&description, out);
    buffer_append_char(out, '}');
}

void report_success_print(int64_t report_id, struct buffer *out)
{
    buffer_printf(out, "{\"status\":\"success\",\"report_id\":%" PRId64 "}", report_id);
}
