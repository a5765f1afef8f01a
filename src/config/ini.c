/*
 * The INI file, by libinih. It is given one line at a time, without leading blanks (it would take
 * an indented line as going on with the last value) and without what it would cut or swallow
 * silently: overlong lines, NUL bytes. Comments stand on lines of their own: inih's inline ones
 * would cut a password at " ;".
 */
#include <errno.h>
#include <ini.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/keys.h"

enum { MAX_LINE_BYTES = 8192, MAX_FILE_BYTES = 1 << 20 };

struct ini_file {
    struct config_loading *loading;
    const char *path;
    struct slice rest; /* lines not read yet */
    unsigned line;
    bool is_owed;          /* the last line must have given a key, else it is no INI */
    bool is_skipping;      /* in an unknown section, reported once */
    unsigned *line_of_key; /* 0: not given yet; config_key_count of them */
    char place[512];       /* "file:line" */
};

static void at_line(struct ini_file *file)
{
    snprintf(file->place, sizeof(file->place), "%.480s:%u", file->path, file->line);
}

static int on_key(void *user, const char *section, const char *name, const char *value)
{
    struct ini_file *file = user;
    file->is_owed = false;
    if (file->is_skipping)
        return 1;
    if (!*section) {
        config_loading_report(file->loading, file->place, "%.60s: stands before any [section]",
                              name);
        return 1;
    }
    size_t key = config_key_find(slice_from(section), slice_from(name));
    if (key == config_key_count) {
        config_loading_report(file->loading, file->place,
                              "%s.%.60s: no such key; portcullis.ini.example has them all", section,
                              name);
        return 1;
    }
    bool has_comment = strstr(value, " ;") || strstr(value, " #") || strstr(value, "\t;");
    if (has_comment && config_keys[key].type != CONFIG_SECRET)
        config_loading_report(file->loading, file->place,
                              "%s.%s: a comment needs a line of its own", section, name);
    else if (file->line_of_key[key])
        config_loading_report(file->loading, file->place,
                              "%s.%s: given twice, first in line %u; allowed is once", section,
                              name, file->line_of_key[key]);
    else
        config_loading_assign(file->loading, file->place, key, slice_from(value));
    if (!file->line_of_key[key])
        file->line_of_key[key] = file->line;
    return 1;
}

/* [name]; false when it is not closed or unknown. */
static bool section_check(struct ini_file *file, struct slice line)
{
    size_t end = slice_find(line, ']');
    file->is_skipping = true;
    if (end + 1 != line.size) {
        config_loading_report(file->loading, file->place,
                              "a section is [name] and nothing after it; its keys are not read");
        return false;
    }
    struct slice name = slice_of(line.data + 1, end - 1);
    file->is_skipping = !config_section_exists(name);
    if (file->is_skipping)
        config_loading_report(file->loading, file->place,
                              "[%.*s]: no such section; portcullis.ini.example has them all",
                              (int)(name.size < 40 ? name.size : 40), name.data);
    return true;
}

/* What is wrong with the last line, if inih made nothing of it. */
static void settle(struct ini_file *file)
{
    if (file->is_owed)
        config_loading_report(file->loading, file->place,
                              "neither [section] nor key = value nor a comment");
    file->is_owed = false;
}

/* Whether the line may go to inih. */
static bool line_check(struct ini_file *file, struct slice line)
{
    if (line.size > MAX_LINE_BYTES) {
        config_loading_report(file->loading, file->place, "longer than %d bytes", MAX_LINE_BYTES);
        return false;
    }
    if (memchr(line.data, 0, line.size)) {
        config_loading_report(file->loading, file->place, "holds a NUL byte");
        return false;
    }
    if (line.data[0] == ';' || line.data[0] == '#')
        return false;
    if (line.data[0] == '[')
        return section_check(file, line);
    file->is_owed = true;
    return true;
}

static char *next_line(char *to, int size, void *stream)
{
    struct ini_file *file = stream;
    struct slice line;
    settle(file);
    if (!slice_split(&file->rest, '\n', &line) || size < MAX_LINE_BYTES + 2)
        return NULL;
    file->line++;
    at_line(file);
    line = slice_trim(line);
    if (line.size && line.data[line.size - 1] == '\r')
        line = slice_trim(slice_of(line.data, line.size - 1));
    size_t kept = line.size && line_check(file, line) ? line.size : 0;
    if (kept)
        memcpy(to, line.data, kept);
    memcpy(to + kept, "\n", 2);
    return to;
}

static void parse(struct ini_file *file)
{
    ini_max_line = MAX_LINE_BYTES + 3;
    ini_allow_inline_comments = false;
    int error = ini_parse_stream(next_line, file, on_key, file);
    settle(file);
    if (error == -2)
        file->loading->is_out_of_memory = true;
}

void config_ini_load(struct config_loading *loading, const char *path)
{
    struct buffer content = {0};
    struct ini_file file = {.loading = loading, .path = path};
    file.line_of_key = calloc(config_key_count, sizeof(unsigned));
    if (!file.line_of_key) {
        loading->is_out_of_memory = true;
    } else if (!config_file_read(path, MAX_FILE_BYTES, &content)) {
        config_loading_report(loading, path, "cannot be read: %s", strerror(errno));
    } else if (content.size) {
        file.rest = buffer_slice(&content);
        if (slice_starts_with(file.rest, SLICE("\xef\xbb\xbf")))
            file.rest = slice_skip(file.rest, 3);
        parse(&file);
    }
    buffer_clear(&content);
    free(file.line_of_key);
}
