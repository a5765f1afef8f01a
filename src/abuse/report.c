#include "abuse/report.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

#include "base/hex.h"
#include "base/network.h"
#include "base/utf8.h"

enum { MOST_SHOWN = 60 /* bytes of a wrong value */ };

static const struct slice suspend_names[REPORT_SUSPENDS] = {
    [REPORT_NOSUSPEND] = SLICE("nosuspend"),
    [REPORT_IMMEDIATE] = SLICE("immediate"),
    [REPORT_TIMELIMIT] = SLICE("timelimit"),
};

struct slice report_suspend_name(enum report_suspend suspend)
{
    return suspend_names[suspend];
}

/* What PHP's trim() cuts. */
static struct slice trim(struct slice text)
{
    while (text.size && memchr(" \t\n\r\v", text.data[0], 6))
        text = slice_skip(text, 1);
    while (text.size && memchr(" \t\n\r\v", text.data[text.size - 1], 6))
        text.size--;
    return text;
}

static struct slice given(const struct report_variables *variables, enum report_variable variable)
{
    return trim(variables->given[variable].text);
}

static bool is_absent(const struct report_variables *variables, enum report_variable variable)
{
    return !variables->given[variable].is_many && given(variables, variable).size == 0;
}

/* --- action and what is missing ------------------------------------------------------------ */

void report_value_append(struct buffer *out, struct slice text)
{
    size_t size = text.size < MOST_SHOWN ? text.size : MOST_SHOWN;
    while (size < text.size && size && ((unsigned char)text.data[size] & 0xC0U) == 0x80U)
        size--;
    buffer_append_char(out, '"');
    for (size_t i = 0; i < size; i++)
        buffer_append_char(out, text.data[i] ? text.data[i] : ' ');
    buffer_append_slice(out, size < text.size ? SLICE("\xe2\x80\xa6\"") : SLICE("\""));
}

static bool check_action(const struct report_variables *variables, struct report_refusal *refusal)
{
    struct slice action = given(variables, REPORT_ACTION);
    struct buffer shown;
    if (is_absent(variables, REPORT_ACTION)) {
        report_refuse(refusal, REPORT_BAD_ACTION, "Missing action; allowed: create");
        return false;
    }
    if (slice_equal(action, SLICE("create")))
        return true;
    buffer_init(&shown);
    report_value_append(&shown, action);
    report_refuse(refusal, REPORT_BAD_ACTION, "Unknown action %.*s; allowed: create",
                  SLICE_ARGS(buffer_slice(&shown)));
    buffer_clear(&shown);
    return false;
}

static bool check_missing(const struct report_variables *variables, struct report_refusal *refusal)
{
    static const enum report_variable required[] = {REPORT_SERVICE_ID, REPORT_CATEGORY};
    struct buffer missing;
    buffer_init(&missing);
    for (size_t i = 0; i < sizeof(required) / sizeof(required[0]); i++) {
        if (!is_absent(variables, required[i]))
            continue;
        buffer_append_slice(&missing, missing.size ? SLICE(", ") : SLICE(""));
        buffer_append_slice(&missing, report_variable_name(required[i]));
    }
    if (missing.size || missing.has_failed)
        report_refuse(refusal, REPORT_MISSING, "Missing required parameters: %.*s",
                      SLICE_ARGS(buffer_slice(&missing)));
    buffer_clear(&missing);
    return !report_is_refused(refusal);
}

/* --- values -------------------------------------------------------------------------------- */

/* Each gives its variable a meaning, or says what would have one. */
struct reading {
    const struct abuse_map *map;
    struct arena *arena;
    struct report *report;
};

static const char *read_service_id(struct reading *reading, struct slice text)
{
    uint64_t number = 0;
    if (!slice_to_u64(text, &number) || number == 0 || number > INT64_MAX)
        return "a whole number from 1 on";
    reading->report->service_id = (int64_t)number;
    return NULL;
}

static const char *read_category(struct reading *reading, struct slice text)
{
    reading->report->category = text;
    return utf8_count(text) <= REPORT_MOST_CATEGORY ? NULL : "1 to 255 characters";
}

static const char *read_service_ip(struct reading *reading, struct slice text)
{
    struct network_address address;
    char printed[NETWORK_TEXT];
    if (!network_address_parse(text, &address))
        return "an IPv4 or IPv6 address";
    network_address_print(&address, printed);
    reading->report->service_ip = arena_copy(reading->arena, slice_from(printed));
    return NULL;
}

static const char *read_suspend_method(struct reading *reading, struct slice text)
{
    reading->report->is_vendors_suspend = slice_equal(text, SLICE("suspend"));
    if (reading->report->is_vendors_suspend)
        return NULL;
    for (size_t i = 0; i < REPORT_SUSPENDS; i++) {
        if (!slice_equal(text, suspend_names[i]))
            continue;
        reading->report->suspend = (enum report_suspend)i;
        return NULL;
    }
    return "nosuspend, immediate, timelimit";
}

static const char *read_allow_unsuspend(struct reading *reading, struct slice text)
{
    static const struct slice words[] = {SLICE("false"), SLICE("true"), SLICE("0"),  SLICE("1"),
                                         SLICE("off"),   SLICE("on"),   SLICE("no"), SLICE("yes")};
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (!slice_equal_nocase(text, words[i]))
            continue;
        reading->report->allow_unsuspend = i % 2 != 0;
        return NULL;
    }
    return "true, false, 1, 0, on, off, yes, no";
}

static const struct {
    enum report_variable variable;
    enum abuse_column column;
    const char *(*read)(struct reading *reading, struct slice text); /* NULL: taken as it is */
} values[] = {
    {REPORT_SERVICE_ID, ABUSE_SERVICE_ID, read_service_id},
    {REPORT_CATEGORY, ABUSE_CATEGORY, read_category},
    {REPORT_SERVICE_IP, ABUSE_SERVICE_IP, read_service_ip},
    {REPORT_SUSPEND_METHOD, ABUSE_SUSPEND_METHOD, read_suspend_method},
    {REPORT_ALLOW_UNSUSPEND, ABUSE_ALLOW_UNSUSPEND, read_allow_unsuspend},
    {REPORT_ADDITIONAL_INFO, ABUSE_ADDITIONAL_INFO, NULL},
    {REPORT_ADMIN_NOTES, ABUSE_ADMIN_NOTES, NULL},
};

/* What the server itself would refuse; told before anything else is looked up. */
static const char *check_column(const struct abuse_map *map, enum abuse_column column,
                                struct slice text)
{
    const struct schema_column *learnt = map ? map->columns[column] : NULL;
    if (!learnt || learnt->type != SCHEMA_TEXT)
        return NULL;
    switch (schema_column_fits_text(learnt, text)) {
    case SCHEMA_LACKS_CHARACTERS:
        return "characters that its column in the database can hold: no emoji and the like";
    case SCHEMA_TOO_LONG:
        return "no more than its column in the database can hold";
    case SCHEMA_FITS:
        break;
    }
    return NULL;
}

static const char *read_value(struct reading *reading, size_t i, const struct report_given *value)
{
    struct slice text = values[i].read ? trim(value->text) : value->text;
    if (value->is_many)
        return "one value";
    if (text.size == 0)
        return NULL;
    const char *allowed = values[i].read ? values[i].read(reading, text) : NULL;
    return allowed ? allowed : check_column(reading->map, values[i].column, text);
}

static void append_fault(struct buffer *faults, enum report_variable variable,
                         const struct report_given *value, const char *allowed)
{
    buffer_append_slice(faults, faults->size ? SLICE("; ") : SLICE("Invalid value: "));
    buffer_append_slice(faults, report_variable_name(variable));
    buffer_append_char(faults, ' ');
    if (value->is_many)
        buffer_append_slice(faults, SLICE("a list"));
    else
        report_value_append(faults, trim(value->text));
    buffer_printf(faults, " (allowed: %s)", allowed);
}

static bool read_values(struct reading *reading, const struct report_variables *variables,
                        struct report_refusal *refusal)
{
    struct buffer faults;
    buffer_init(&faults);
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        const struct report_given *value = &variables->given[values[i].variable];
        const char *allowed = read_value(reading, i, value);
        if (allowed)
            append_fault(&faults, values[i].variable, value, allowed);
    }
    if (faults.size || faults.has_failed)
        report_refuse(refusal, REPORT_BAD_VALUE, "%.*s", SLICE_ARGS(buffer_slice(&faults)));
    buffer_clear(&faults);
    return !report_is_refused(refusal);
}

bool report_read(const struct report_variables *variables, const struct abuse_map *map,
                 struct arena *arena, struct report *report, struct report_refusal *refusal)
{
    struct reading reading = {.map = map, .arena = arena, .report = report};
    *report = (struct report){
        .service_ip = SLICE(""),
        .additional_info = variables->given[REPORT_ADDITIONAL_INFO].text,
        .admin_notes = variables->given[REPORT_ADMIN_NOTES].text,
    };
    return check_action(variables, refusal) && check_missing(variables, refusal) &&
           read_values(&reading, variables, refusal);
}

/* Each part with its size before it. */
bool report_hash(const struct report *report, char hex[REPORT_HASH_TEXT])
{
    const struct slice parts[] = {report->category, report->service_ip,
                                  suspend_names[report->suspend], report->additional_info,
                                  report->admin_notes};
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned int size = 0;
    struct buffer text;
    buffer_init(&text);
    buffer_printf(&text, "%lld:%d:", (long long)report->service_id, report->allow_unsuspend);
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        buffer_printf(&text, "%zu:", parts[i].size);
        buffer_append_slice(&text, parts[i]);
    }
    bool is_hashed = !text.has_failed &&
                     EVP_Digest(text.data, text.size, digest, &size, EVP_sha256(), NULL) == 1;
    buffer_clear(&text);
    if (is_hashed)
        hex_print(digest, size, hex);
    return is_hashed;
}
