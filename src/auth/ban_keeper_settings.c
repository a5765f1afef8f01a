/* From the rows' texts to a length and a list. */
#include "auth/ban_keeper_settings.h"

#include "observe/log.h"
#include "whmcs/php_serialized.h"
#include "whmcs/settings.h"

enum { MS_A_MINUTE = 60 * 1000, SMALLEST_ENTRY_BYTES = 16 };
/* A hundred years: longer than anybody means. */
#define MOST_MINUTES UINT64_C(52594920)

void ban_keeper_settings_init(struct ban_keeper_settings *settings)
{
    *settings = (struct ban_keeper_settings){.is_known = false};
    arena_init(&settings->arena);
}

void ban_keeper_settings_clear(struct ban_keeper_settings *settings)
{
    arena_clear(&settings->arena);
}

static void read_length(struct slice text, bool is_news, struct ban_settings *settings)
{
    uint64_t minutes;
    if (!text.data)
        return;
    settings->has_length = slice_to_u64(slice_trim(text), &minutes);
    if (settings->has_length)
        settings->length_ms = (minutes < MOST_MINUTES ? minutes : MOST_MINUTES) * MS_A_MINUTE;
    else if (is_news)
        log_warning("ban_length", "InvalidLoginBanLength of tblconfiguration is no number of "
                                  "minutes and counts as absent");
}

struct whitelist {
    struct network_list *list;
    size_t unread; /* entries that are no address */
};

static void add_entry(void *context, struct slice value)
{
    struct whitelist *whitelist = context;
    struct network_list *list = whitelist->list;
    if (network_parse(slice_trim(value), &list->items[list->count]))
        list->count++;
    else if (value.size)
        whitelist->unread++;
}

static void tell_whitelist(enum result result, size_t unread)
{
    if (result != RESULT_OK)
        log_warning("ban_whitelist", "WhitelistedIPs of tblconfiguration is not what PHP's "
                                     "serialize writes: nobody is exempt because of it");
    else if (unread)
        log_warning("ban_whitelist", "entries of WhitelistedIPs that are no addresses: %zu",
                    unread);
}

static enum result read_whitelist(struct slice text, bool is_news, struct arena *arena,
                                  struct network_list *list)
{
    struct whitelist whitelist = {.list = list};
    text = slice_trim(text);
    if (text.size == 0)
        return RESULT_OK;
    /* No entry is shorter: s:2:"ip";s:0:""; */
    size_t most = text.size / SMALLEST_ENTRY_BYTES + 1;
    list->items = arena_alloc(arena, most * sizeof(*list->items));
    if (!list->items)
        return RESULT_NO_MEMORY;
    enum result result = php_serialized_visit(text, SLICE("ip"), add_entry, &whitelist);
    if (is_news)
        tell_whitelist(result, whitelist.unread);
    return RESULT_OK;
}

static struct slice copy_text(struct arena *arena, struct slice text)
{
    return text.data ? arena_copy(arena, text) : text;
}

static bool is_same(struct slice a, struct slice b)
{
    return (a.data == NULL) == (b.data == NULL) && slice_equal(a, b);
}

enum result ban_keeper_settings_set(struct ban_keeper_settings *settings, struct slice length,
                                    struct slice whitelist, bool *has_changed)
{
    bool is_new_length = !settings->is_known || !is_same(settings->length_text, length);
    bool is_new_list = !settings->is_known || !is_same(settings->whitelist_text, whitelist);
    *has_changed = false;
    if (!is_new_length && !is_new_list)
        return RESULT_OK;
    struct ban_keeper_settings made;
    ban_keeper_settings_init(&made);
    made.is_known = true;
    made.length_text = copy_text(&made.arena, length);
    made.whitelist_text = copy_text(&made.arena, whitelist);
    enum result result =
        read_whitelist(whitelist, is_new_list, &made.arena, &made.settings.whitelist);
    if (result == RESULT_OK &&
        (!made.length_text.data != !length.data || !made.whitelist_text.data != !whitelist.data))
        result = RESULT_NO_MEMORY;
    if (result != RESULT_OK) {
        ban_keeper_settings_clear(&made);
        return result;
    }
    read_length(length, is_new_length, &made.settings);
    ban_keeper_settings_clear(settings);
    *settings = made;
    *has_changed = true;
    return RESULT_OK;
}

static struct slice value_of(const struct setting *list, struct slice name)
{
    const struct setting *row = settings_find(list, name);
    return row ? row->value : slice_of(NULL, 0);
}

enum result ban_keeper_settings_read(struct ban_keeper_settings *settings,
                                     struct database *database, bool *has_changed)
{
    const struct slice names[] = {SLICE("InvalidLoginBanLength"), SLICE("WhitelistedIPs")};
    struct setting *list;
    struct arena arena;
    *has_changed = false;
    arena_init(&arena);
    enum result result = settings_read_configuration(database, names, 2, &arena, &list);
    if (result == RESULT_OK)
        result = ban_keeper_settings_set(settings, value_of(list, names[0]),
                                         value_of(list, names[1]), has_changed);
    arena_clear(&arena);
    return result;
}
