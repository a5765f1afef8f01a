/*
 * PORTCULLIS_SECTION_KEY, and PORTCULLIS_SECTION_KEY_FILE for texts kept in files.
 *
 * A name that is no setting is an error, since a typing mistake there is as bad as one in the
 * file, but for those that others set: the variables of the same prefix that Kubernetes and
 * Docker give for a service called portcullis, PORTCULLIS_CONFIG (the command line's) and
 * PORTCULLIS_TEST_… .
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "config/keys.h"

enum { MAX_FILE_BYTES = 64 * 1024 };

static bool is_foreign(const char *name, size_t size)
{
    struct slice text = slice_of(name, size);
    if (slice_equal(text, SLICE("CONFIG")) || slice_starts_with(text, SLICE("TEST_")))
        return true;
    bool is_service =
        memmem(name, size, "SERVICE_HOST", 12) || memmem(name, size, "SERVICE_PORT", 12);
    bool is_link = slice_starts_with(text, SLICE("PORT")) || memmem(name, size, "_PORT_", 6) ||
                   (size > 5 && memcmp(name + size - 5, "_PORT", 5) == 0);
    return is_service || is_link;
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

/* Whether name is SECTION_KEY in capitals. */
static bool names_key(struct slice name, const struct config_key *key)
{
    size_t section = strlen(key->section);
    if (name.size != section + 1 + strlen(key->name) || name.data[section] != '_')
        return false;
    for (size_t i = 0; i < name.size; i++) {
        char wanted = i < section    ? key->section[i]
                      : i == section ? '_'
                                     : key->name[i - section - 1];
        bool is_small = name.data[i] >= 'a' && name.data[i] <= 'z';
        if (is_small || lower(name.data[i]) != wanted)
            return false;
    }
    return true;
}

static size_t find_key(struct slice name)
{
    size_t i = 0;
    while (i < config_key_count && !names_key(name, &config_keys[i]))
        i++;
    return i;
}

static bool may_be_file(size_t key)
{
    return config_keys[key].type == CONFIG_TEXT || config_keys[key].type == CONFIG_SECRET;
}

static void load_file(struct config_loading *loading, const char *place, size_t key,
                      const char *path)
{
    struct buffer content = {0};
    if (!config_file_read(path, MAX_FILE_BYTES, &content)) {
        config_loading_report(loading, place, "%s cannot be read: %s", path, strerror(errno));
    } else {
        struct slice text = buffer_slice(&content);
        if (text.size && text.data[text.size - 1] == '\n')
            text.size--;
        config_loading_assign(loading, place, key, text);
    }
    buffer_clear(&content);
}

static bool is_set(char *const *environment, const char *name, size_t size)
{
    for (; *environment; environment++)
        if (strncmp(*environment, name, size) == 0 && (*environment)[size] == '=')
            return true;
    return false;
}

static void load_variable(struct config_loading *loading, char *const *environment,
                          const char *variable)
{
    static const size_t prefix = sizeof("PORTCULLIS_") - 1;
    size_t size = strcspn(variable, "=");
    if (size < prefix || !variable[size] || is_foreign(variable + prefix, size - prefix))
        return;
    char place[128];
    int shown = (int)(size < 100 ? size : 100);
    snprintf(place, sizeof(place), "environment %.*s", shown, variable);
    struct slice name = slice_of(variable + prefix, size - prefix);
    const char *value = variable + size + 1;
    size_t key = find_key(name);
    if (key < config_key_count) {
        config_loading_assign(loading, place, key, slice_from(value));
        return;
    }
    if (name.size > 5 && memcmp(name.data + name.size - 5, "_FILE", 5) == 0)
        key = find_key(slice_of(name.data, name.size - 5));
    if (key == config_key_count || !may_be_file(key))
        config_loading_report(loading, place,
                              "no such key; a name is PORTCULLIS_SECTION_KEY, for "
                              "texts also PORTCULLIS_SECTION_KEY_FILE");
    else if (is_set(environment, variable, size - 5))
        config_loading_report(loading, place,
                              "%s.%s: given both as value and as file; allowed is one",
                              config_keys[key].section, config_keys[key].name);
    else
        load_file(loading, place, key, value);
}

void config_environment_load(struct config_loading *loading, char *const *environment)
{
    for (char *const *at = environment; at && *at; at++)
        if (strncmp(*at, "PORTCULLIS_", sizeof("PORTCULLIS_") - 1) == 0)
            load_variable(loading, environment, *at);
}
