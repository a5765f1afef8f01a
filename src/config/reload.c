/* Field by field, by the table of keys. */
#include <stdatomic.h>
#include <string.h>

#include "config/keys.h"

static void *field_of(struct config *config, const struct config_key *key)
{
    return (char *)config + key->offset;
}

static bool is_text(const struct config_key *key)
{
    return key->type == CONFIG_TEXT || key->type == CONFIG_CHOICE || key->type == CONFIG_SECRET;
}

/* Only this thread writes, so that it reads as it likes. */
static bool is_equal(const struct config_key *key, const void *one, const void *other)
{
    if (is_text(key))
        return strcmp(*(char *const *)one, *(char *const *)other) == 0;
    if (key->type == CONFIG_BOOLEAN)
        return *(const bool *)one == *(const bool *)other;
    return *(const uint64_t *)one == *(const uint64_t *)other;
}

static void exchange(const struct config_key *key, void *running, void *loaded)
{
    if (is_text(key))
        *(char **)loaded = atomic_exchange((char *_Atomic *)running, *(char **)loaded);
    else if (key->type == CONFIG_BOOLEAN)
        *(bool *)loaded = atomic_exchange((_Atomic bool *)running, *(bool *)loaded);
    else
        *(uint64_t *)loaded = atomic_exchange((_Atomic uint64_t *)running, *(uint64_t *)loaded);
}

void config_reload(struct config *running, struct config *loaded,
                   void (*tell)(void *context, const char *section, const char *name,
                                bool is_taken),
                   void *context)
{
    for (size_t i = 0; i < config_key_count; i++) {
        const struct config_key *key = &config_keys[i];
        void *field = field_of(running, key);
        if (is_equal(key, field, field_of(loaded, key)))
            continue;
        if (key->is_reloadable)
            exchange(key, field, field_of(loaded, key));
        tell(context, key->section, key->name, key->is_reloadable);
    }
}
