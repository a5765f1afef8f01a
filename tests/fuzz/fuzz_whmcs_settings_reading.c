/* Any bytes as a reading of config that lies in Redis: what is taken has known names only, and
 * printed again it is taken again. */
#include <stdlib.h>

#include "whmcs/settings_reading.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct setting rows[] = {
    {SLICE("api_active"), SLICE("on"), &rows[1]},
    {SLICE("a"), SLICE(""), &rows[2]},
    {SLICE("version"), SLICE("3.1.4"), NULL},
};

static void check(const struct settings_reading *taken, const struct settings_reading *known,
                  uint64_t read_at_ms)
{
    struct settings_reading *again = NULL;
    struct buffer text;
    uint64_t again_ms = 0;
    buffer_init(&text);
    for (const struct setting *row = taken->rows; row; row = row->next)
        if (!settings_find(known->rows, row->name))
            abort();
    /* Escapes may make the text longer than what may be shared. */
    if (read_at_ms <= INT64_MAX && settings_reading_print(taken, read_at_ms, &text) &&
        (settings_reading_parse(buffer_slice(&text), known, &again_ms, &again) != RESULT_OK ||
         again_ms != read_at_ms))
        abort();
    const struct setting *other = again ? again->rows : taken->rows;
    for (const struct setting *row = taken->rows; row; row = row->next, other = other->next)
        if (!slice_equal(row->name, other->name) || !slice_equal(row->value, other->value))
            abort();
    settings_reading_release(again);
    buffer_clear(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct settings_reading *known = settings_reading_create(rows);
    struct settings_reading *taken = NULL;
    uint64_t read_at_ms = 0;
    if (!known)
        return 0;
    enum result result =
        settings_reading_parse(slice_of((const char *)data, size), known, &read_at_ms, &taken);
    if ((result == RESULT_OK) != (taken != NULL))
        abort();
    if (taken)
        check(taken, known, read_at_ms);
    settings_reading_release(taken);
    settings_reading_release(known);
    return 0;
}
