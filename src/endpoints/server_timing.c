#include "endpoints/server_timing.h"

#include <inttypes.h>

#define PHASE_NAME(suffix, name) name,
static const char *const phase_names[METRIC_PHASE_COUNT] = {METRIC_PHASE_TABLE(PHASE_NAME)};
#undef PHASE_NAME

static bool names_it(struct slice preferences)
{
    struct slice one;
    while (slice_split(&preferences, ',', &one)) {
        struct slice name = slice_trim(slice_of(one.data, slice_find(one, ';')));
        if (slice_equal_nocase(name, SLICE("server-timing")))
            return true;
    }
    return false;
}

bool server_timing_is_wanted(const struct http_request *request)
{
    for (size_t i = 0; i < request->field_count; i++)
        if (slice_equal_nocase(request->fields[i].name, SLICE("prefer")) &&
            names_it(request->fields[i].value))
            return true;
    return false;
}

void server_timing_add(struct http_request *request, struct http_response *response)
{
    struct buffer text;
    buffer_init(&text);
    for (size_t i = 0; i < METRIC_PHASE_COUNT; i++) {
        if (i == METRIC_PHASE_WRITE)
            continue;
        buffer_printf(&text, "%s%s;dur=%" PRIu64 ".%03" PRIu64, text.size ? ", " : "",
                      phase_names[i], request->phase_us[i] / 1000, request->phase_us[i] % 1000);
    }
    struct slice value = arena_copy(&request->arena, buffer_slice(&text));
    if (value.data && !text.has_failed)
        http_response_field(response, SLICE("Server-Timing"), value);
    buffer_clear(&text);
}
