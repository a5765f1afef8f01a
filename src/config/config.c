/* Loading from all sources in order, so that the last one wins. */
#include "config/config.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config/keys.h"

void config_loading_report(struct config_loading *loading, const char *place, const char *format,
                           ...)
{
    char text[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    loading->problem_count++;
    buffer_printf(loading->problems, "%s: %s\n", place, text);
}

void config_loading_assign(struct config_loading *loading, const char *place, size_t index,
                           struct slice text)
{
    const struct config_key *key = &config_keys[index];
    struct buffer why = {0};
    enum result result = config_value_assign(key, loading->config, text, &why);
    if (result == RESULT_INVALID)
        config_loading_report(loading, place, "%s.%s: %.*s", key->section, key->name,
                              SLICE_ARGS(buffer_slice(&why)));
    else if (result != RESULT_OK)
        loading->is_out_of_memory = true;
    buffer_clear(&why);
}

bool config_file_read(const char *path, size_t max, struct buffer *content)
{
    FILE *file = fopen(path, "re");
    if (!file)
        return false;
    errno = 0;
    size_t got = 0;
    do {
        char *to = buffer_reserve(content, 4096);
        got = to ? fread(to, 1, 4096, file) : 0;
        content->size += got;
    } while (got && content->size <= max);
    int error = ferror(file)          ? errno
                : content->size > max ? EFBIG
                : content->has_failed ? ENOMEM
                                      : 0;
    fclose(file);
    errno = error;
    return error == 0;
}

/* The key that section.key=value names; config_key_count: none. */
static size_t find_overridden(struct slice name)
{
    struct slice key_name = slice_trim(name);
    size_t dot = slice_find(key_name, '.');
    return dot == key_name.size
               ? config_key_count
               : config_key_find(slice_of(key_name.data, dot), slice_skip(key_name, dot + 1));
}

void config_override_hide(char *text)
{
    size_t name_size = strcspn(text, "=");
    size_t key = find_overridden(slice_of(text, name_size));
    if (text[name_size] && key < config_key_count && config_keys[key].type == CONFIG_SECRET)
        memset(text + name_size + 1, '*', strlen(text + name_size + 1));
}

void config_override_load(struct config_loading *loading, const char *text)
{
    struct slice name = slice_of(text, strcspn(text, "="));
    char place[80];
    snprintf(place, sizeof(place), "-o %.*s", (int)(name.size < 70 ? name.size : 70), text);
    if (!text[name.size]) {
        config_loading_report(loading, place, "no value; allowed is section.key=value");
        return;
    }
    size_t key = find_overridden(name);
    if (key == config_key_count)
        config_loading_report(loading, place, "no such key; portcullis.ini.example has them all");
    else
        config_loading_assign(loading, place, key, slice_trim(slice_from(text + name.size + 1)));
}

static void load_defaults(struct config_loading *loading)
{
    for (size_t i = 0; i < config_key_count; i++)
        config_loading_assign(loading, "default", i, slice_from(config_keys[i].default_text));
}

/* What two settings must keep to between them. A lease that ends while WHMCS may still be asked
 * would have two gateways ask; the database tells whole seconds. */
static void check_together(struct config_loading *loading)
{
    enum { MARGIN_MS = 2000 };
    const struct config_abuse *abuse = &loading->config->abuse;
    if (loading->problem_count || loading->is_out_of_memory)
        return;
    if (abuse->lease_ms < abuse->timeout_ms + MARGIN_MS)
        config_loading_report(loading, "settings",
                              "abuse.lease must be at least 2 s longer than abuse.timeout");
    if (abuse->longest_pause_ms < abuse->first_pause_ms)
        config_loading_report(loading, "settings",
                              "abuse.longest_pause must not be shorter than abuse.first_pause");
}

enum result config_load(const char *path, const struct config_override *overrides, size_t count,
                        struct config **config, struct buffer *problems)
{
    *config = NULL;
    struct config_loading loading = {.problems = problems};
    loading.config = calloc(1, sizeof(*loading.config));
    if (!loading.config)
        return RESULT_NO_MEMORY;
    load_defaults(&loading);
    if (path)
        config_ini_load(&loading, path);
    config_environment_load(&loading, environ);
    for (size_t i = 0; i < count; i++)
        config_override_load(&loading, overrides[i].text);
    check_together(&loading);
    if (!loading.problem_count && !loading.is_out_of_memory) {
        *config = loading.config;
        return RESULT_OK;
    }
    config_destroy(loading.config);
    return loading.is_out_of_memory ? RESULT_NO_MEMORY : RESULT_INVALID;
}

void config_destroy(struct config *config)
{
    for (size_t i = 0; config && i < config_key_count; i++) {
        const struct config_key *key = &config_keys[i];
        if (key->type == CONFIG_TEXT || key->type == CONFIG_CHOICE || key->type == CONFIG_SECRET)
            free(*(char **)((char *)config + key->offset));
    }
    free(config);
}
