#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "auth/rate.h"

static void add_item(char *out, const char *name, char amount_name, uint64_t amount,
                     char seconds_name, uint64_t seconds)
{
    size_t used = strlen(out);
    snprintf(out + used, RATE_FIELD_BYTES - used, "%s\"%s\";%c=%" PRIu64 ";%c=%" PRIu64,
             used ? ", " : "", name, amount_name, amount, seconds_name, seconds);
}

static uint64_t effective_window_s(const struct rate_verdict *verdict)
{
    if (!verdict->is_within)
        return verdict->retry_s;
    uint64_t seconds =
        (verdict->remaining * verdict->window_s + verdict->limit - 1) / verdict->limit;
    return seconds ? seconds : 1;
}

static void add_limit(struct rate_fields *fields, const char *name,
                      const struct rate_verdict *verdict)
{
    if (!verdict || !verdict->limit)
        return;
    add_item(fields->policy, name, 'q', verdict->limit, 'w', verdict->window_s);
    add_item(fields->limit, name, 'r', verdict->remaining, 't', effective_window_s(verdict));
}

struct rate_fields rate_fields_print(const struct rate_verdict *address,
                                     const struct rate_verdict *admin)
{
    struct rate_fields fields = {.policy = "", .limit = ""};
    add_limit(&fields, "address", address);
    add_limit(&fields, "admin", admin);
    return fields;
}
