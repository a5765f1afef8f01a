/* config's own: the table of keys and what reads values by it. Main thread only. */
#ifndef PORTCULLIS_CONFIG_KEYS_H
#define PORTCULLIS_CONFIG_KEYS_H

#include "config/config.h"

enum config_type {
    CONFIG_COUNT,    /* a plain number */
    CONFIG_BYTES,    /* KiB, MiB, GiB or bytes */
    CONFIG_DURATION, /* ms, s, m, h; kept in milliseconds */
    CONFIG_BOOLEAN,  /* on, off */
    CONFIG_TEXT,
    CONFIG_CHOICE, /* one of choices */
    CONFIG_SECRET, /* text that is never shown */
};

struct config_key {
    const char *section;
    const char *name;
    enum config_type type;
    bool is_reloadable; /* SIGHUP may change it: the field is _Atomic, and read when it is used */
    size_t offset;      /* of the field in struct config */
    const char *default_text; /* written as in the file */
    uint64_t min;             /* numbers: in the kept unit */
    uint64_t max;
    const char *choices; /* separated by one space */
    /* Text: what is wrong with the value goes into why; false then. NULL: anything. */
    bool (*is_valid)(struct slice value, struct buffer *why);
    const char *help; /* what it does and the failure it prevents */
};

extern const struct config_key config_keys[];
extern const size_t config_key_count;

/* The index, or config_key_count. */
size_t config_key_find(struct slice section, struct slice name);
bool config_section_exists(struct slice section);

/* Reads text into the key's field. RESULT_INVALID: why says what is wrong and what is allowed,
 * never the value of a secret; the field keeps what it had. */
enum result config_value_assign(const struct config_key *key, struct config *config,
                                struct slice text, struct buffer *why);

/* Validators of texts (syntax.c). Empty is valid but where the name says so. */
bool config_syntax_listen(struct slice value, struct buffer *why);
bool config_syntax_listen_needed(struct slice value, struct buffer *why);
bool config_syntax_hosts(struct slice value, struct buffer *why);
bool config_syntax_networks(struct slice value, struct buffer *why);
bool config_syntax_ids(struct slice value, struct buffer *why);
bool config_syntax_length(struct slice value, struct buffer *why);
bool config_syntax_rate(struct slice value, struct buffer *why);
bool config_syntax_token(struct slice value, struct buffer *why);
bool config_syntax_origins(struct slice value, struct buffer *why);
bool config_syntax_base(struct slice value, struct buffer *why);
bool config_syntax_redis(struct slice value, struct buffer *why);
bool config_syntax_template(struct slice value, struct buffer *why);
bool config_syntax_whmcs(struct slice value, struct buffer *why);
bool config_syntax_line(struct slice value, struct buffer *why);

/* What a load carries from source to source. */
struct config_loading {
    struct config *config;
    struct buffer *problems;
    size_t problem_count;
    bool is_out_of_memory;
};

/* Assigns, and reports at place ("file:3", "environment NAME") what is wrong. */
void config_loading_assign(struct config_loading *loading, const char *place, size_t key,
                           struct slice text);
/* Appends a line "place: …" to the problems. */
void config_loading_report(struct config_loading *loading, const char *place, const char *format,
                           ...) __attribute__((format(printf, 3, 4)));
/* The whole file, or false with errno set; EFBIG past max bytes. */
bool config_file_read(const char *path, size_t max, struct buffer *content);

void config_ini_load(struct config_loading *loading, const char *path);
void config_environment_load(struct config_loading *loading, char *const *environment);
void config_override_load(struct config_loading *loading, const char *text);

#endif
