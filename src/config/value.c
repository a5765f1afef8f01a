/* A value by its key's type: text in, field out. */
#include <stdlib.h>
#include <string.h>

#include "config/keys.h"

struct unit {
    const char *name;
    uint64_t factor;
};

static const struct unit byte_units[] = {
    {"", 1}, {"KiB", 1024}, {"MiB", 1024 * 1024}, {"GiB", 1024 * 1024 * 1024}, {NULL, 0}};
static const struct unit duration_units[] = {
    {"ms", 1}, {"s", 1000}, {"m", 60 * 1000}, {"h", 60 * 60 * 1000}, {NULL, 0}};
static const struct unit no_units[] = {{"", 1}, {NULL, 0}};

static const struct unit *units_of(enum config_type type)
{
    if (type == CONFIG_BYTES)
        return byte_units;
    return type == CONFIG_DURATION ? duration_units : no_units;
}

static const char *units_text(enum config_type type)
{
    if (type == CONFIG_BYTES)
        return "a number of bytes, KiB, MiB or GiB, as in 16 KiB";
    return type == CONFIG_DURATION ? "a number with ms, s, m or h, as in 250 ms"
                                   : "a whole number without a unit";
}

/* The value as a person can read it in one line: cut, and without control characters. */
static void append_shown(struct buffer *why, const struct config_key *key, struct slice text)
{
    if (key->type == CONFIG_SECRET) {
        buffer_printf(why, "the value (not shown)");
        return;
    }
    buffer_append_char(why, '"');
    for (size_t i = 0; i < text.size && i < 60; i++)
        buffer_append_char(why, (unsigned char)text.data[i] < 0x20 ? '?' : text.data[i]);
    buffer_printf(why, text.size > 60 ? "...\"" : "\"");
}

/* 0 needs no unit: nothing is nothing in all of them. */
static bool number_read(const struct unit *unit, struct slice text, uint64_t *value)
{
    size_t digits = 0;
    while (digits < text.size && text.data[digits] >= '0' && text.data[digits] <= '9')
        digits++;
    uint64_t number = 0;
    if (!slice_to_u64(slice_of(text.data, digits), &number))
        return false;
    struct slice name = slice_trim(slice_skip(text, digits));
    *value = 0;
    if (number == 0 && name.size == 0)
        return true;
    while (unit->name && !slice_equal(name, slice_from(unit->name)))
        unit++;
    return unit->name && !__builtin_mul_overflow(number, unit->factor, value);
}

bool config_read_duration(struct slice text, uint64_t *ms)
{
    return number_read(duration_units, text, ms);
}

bool config_read_rate(struct slice text, struct config_rate_limit *limit)
{
    struct slice burst = SLICE("burst");
    size_t slash = slice_find(text, '/');
    if (!slice_to_u64(slice_trim(slice_of(text.data, slash)), &limit->per_second) ||
        slash == text.size || limit->per_second == 0)
        return false;
    text = slice_trim(slice_skip(text, slash + 1));
    size_t end = slice_find(text, ' ');
    if (!slice_equal(slice_of(text.data, end), SLICE("second")))
        return false;
    text = slice_trim(slice_skip(text, end));
    limit->burst = limit->per_second;
    if (text.size && (!slice_starts_with(text, burst) ||
                      !slice_to_u64(slice_trim(slice_skip(text, burst.size)), &limit->burst)))
        return false;
    return limit->burst > 0 && limit->burst <= UINT32_MAX && limit->per_second <= UINT32_MAX;
}

static enum result number_assign(const struct config_key *key, uint64_t *field, struct slice text,
                                 struct buffer *why)
{
    uint64_t value = 0;
    if (!number_read(units_of(key->type), text, &value)) {
        append_shown(why, key, text);
        buffer_printf(why, " is no value for it; allowed is %s", units_text(key->type));
        return RESULT_INVALID;
    }
    if (value < key->min || value > key->max) {
        append_shown(why, key, text);
        buffer_printf(why, " is out of range; allowed is %llu to %llu%s",
                      (unsigned long long)key->min, (unsigned long long)key->max,
                      key->type == CONFIG_BYTES      ? " bytes"
                      : key->type == CONFIG_DURATION ? " ms"
                                                     : "");
        return RESULT_INVALID;
    }
    *field = value;
    return RESULT_OK;
}

static enum result boolean_assign(const struct config_key *key, bool *field, struct slice text,
                                  struct buffer *why)
{
    bool is_on = slice_equal(text, SLICE("on"));
    if (!is_on && !slice_equal(text, SLICE("off"))) {
        append_shown(why, key, text);
        buffer_printf(why, " is no value for it; allowed is on or off");
        return RESULT_INVALID;
    }
    *field = is_on;
    return RESULT_OK;
}

static bool choice_is_valid(const struct config_key *key, struct slice text, struct buffer *why)
{
    struct slice rest = slice_from(key->choices);
    struct slice choice;
    while (slice_split(&rest, ' ', &choice))
        if (slice_equal(choice, text))
            return true;
    append_shown(why, key, text);
    buffer_printf(why, " is no value for it; allowed is one of: %s", key->choices);
    return false;
}

static enum result text_assign(const struct config_key *key, char **field, struct slice text,
                               struct buffer *why)
{
    if (text.size && memchr(text.data, 0, text.size)) {
        buffer_printf(why, "the value holds a NUL byte");
        return RESULT_INVALID;
    }
    if (key->type == CONFIG_CHOICE && !choice_is_valid(key, text, why))
        return RESULT_INVALID;
    struct buffer reason = {0};
    bool is_valid = !key->is_valid || key->is_valid(text, &reason);
    if (!is_valid) {
        append_shown(why, key, text);
        buffer_append_char(why, ' ');
        buffer_append_slice(why, buffer_slice(&reason));
    }
    buffer_clear(&reason);
    char *copy = is_valid ? strndup(text.size ? text.data : "", text.size) : NULL;
    if (!copy)
        return is_valid ? RESULT_NO_MEMORY : RESULT_INVALID;
    free(*field);
    *field = copy;
    return RESULT_OK;
}

enum result config_value_assign(const struct config_key *key, struct config *config,
                                struct slice text, struct buffer *why)
{
    void *field = (char *)config + key->offset;
    switch (key->type) {
    case CONFIG_COUNT:
    case CONFIG_BYTES:
    case CONFIG_DURATION:
        return number_assign(key, field, text, why);
    case CONFIG_BOOLEAN:
        return boolean_assign(key, field, text, why);
    case CONFIG_TEXT:
    case CONFIG_CHOICE:
    case CONFIG_SECRET:
        break;
    }
    return text_assign(key, field, text, why);
}
