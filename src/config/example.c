/* portcullis.ini.example, out of the table: it cannot say anything the program does not do. */
#include <string.h>

#include "config/keys.h"

enum { LINE_WIDTH = 96 };

static const char head[] =
    "# portcullis.ini: the settings, each with its default.\n"
    "#\n"
    "# key = value, in sections; a line that begins with # or ; is a comment (a comment needs a "
    "line\n"
    "# of its own). Durations take ms, s, m or h; sizes take bytes, KiB, MiB or GiB.\n"
    "# Every key can be given as environment variable PORTCULLIS_SECTION_KEY, texts also by a file "
    "named\n"
    "# in PORTCULLIS_SECTION_KEY_FILE, and on the command line as -o section.key=value. The "
    "command\n"
    "# command line wins over the environment, and that over this file.\n";

static const char *const type_names[] = {
    [CONFIG_COUNT] = "Number",      [CONFIG_BYTES] = "Size", [CONFIG_DURATION] = "Duration",
    [CONFIG_BOOLEAN] = "on or off", [CONFIG_TEXT] = "Text",  [CONFIG_CHOICE] = "One of",
    [CONFIG_SECRET] = "Secret"};

/* text as comment lines, broken at spaces. */
static void print_wrapped(struct buffer *out, const char *text)
{
    struct slice rest = slice_from(text);
    struct slice word;
    size_t column = 1;
    buffer_append_char(out, '#');
    while (slice_split(&rest, ' ', &word)) {
        if (column + 1 + word.size > LINE_WIDTH) {
            buffer_printf(out, "\n#");
            column = 1;
        }
        buffer_append_char(out, ' ');
        buffer_append_slice(out, word);
        column += 1 + word.size;
    }
    buffer_append_char(out, '\n');
}

/* The largest unit that fits, so that 67108864 reads 64 MiB. */
static void print_amount(struct buffer *out, enum config_type type, uint64_t value)
{
    static const struct {
        enum config_type type;
        uint64_t factor;
        const char *name;
    } units[] = {{CONFIG_BYTES, UINT64_C(1) << 30, " GiB"},
                 {CONFIG_BYTES, 1 << 20, " MiB"},
                 {CONFIG_BYTES, 1 << 10, " KiB"},
                 {CONFIG_DURATION, 3600000, " h"},
                 {CONFIG_DURATION, 60000, " m"},
                 {CONFIG_DURATION, 1000, " s"},
                 {CONFIG_DURATION, 1, " ms"}};
    for (size_t i = 0; value && i < sizeof(units) / sizeof(units[0]); i++) {
        if (units[i].type == type && value % units[i].factor == 0) {
            buffer_printf(out, "%llu%s", (unsigned long long)(value / units[i].factor),
                          units[i].name);
            return;
        }
    }
    buffer_append_u64(out, value);
}

static void print_key(struct buffer *out, const struct config_key *key)
{
    buffer_append_char(out, '\n');
    print_wrapped(out, key->help);
    buffer_printf(out, "# %s", type_names[key->type]);
    if (key->type == CONFIG_CHOICE)
        buffer_printf(out, ": %s", key->choices);
    if (key->type <= CONFIG_DURATION) {
        buffer_printf(out, ", ");
        print_amount(out, key->type, key->min);
        buffer_printf(out, " to ");
        print_amount(out, key->type, key->max);
    }
    buffer_printf(out, "; default %s.\n", *key->default_text ? key->default_text : "empty");
    buffer_printf(out, *key->default_text ? ";%s = %s\n" : ";%s =%s\n", key->name,
                  key->default_text);
}

void config_print_example(struct buffer *out)
{
    buffer_printf(out, "%s", head);
    const char *section = "";
    for (size_t i = 0; i < config_key_count; i++) {
        if (strcmp(section, config_keys[i].section) != 0)
            buffer_printf(out, "\n[%s]\n", config_keys[i].section);
        section = config_keys[i].section;
        print_key(out, &config_keys[i]);
    }
}
