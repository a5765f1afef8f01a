/*
 * Settings: one table of keys (keys.c) yields parsing, bounds, defaults, `--help`, the
 * example file's test and what SIGHUP may change. Sources, later ones win: default, INI file,
 * environment (PORTCULLIS_SECTION_KEY, and ..._FILE for secrets), -o section.key=value.
 *
 * A struct config is handed down by pointer; strings are NUL-terminated and owned by it. Units are
 * in the names. Once loaded it changes only by config_reload: the fields that this may change are
 * _Atomic; who needs one twice reads it once. (gcc reads the pointer of `text[0]` as if it were
 * none: slice_from is the way to a text.)
 */
#ifndef PORTCULLIS_CONFIG_CONFIG_H
#define PORTCULLIS_CONFIG_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/result.h"

struct config_server {
    char *listen;     /* server.listen: addresses, comma-separated; 127.0.0.1:8080 */
    uint64_t loops;   /* server.loops: 0 = one a core, at most 8 */
    uint64_t backlog; /* server.backlog */
    _Atomic uint64_t max_connections; /* server.max_connections: 10000 */
    _Atomic uint64_t max_per_address; /* server.max_per_address: 1000, 0 = off */
    _Atomic uint64_t max_memory;      /* server.max_memory: bytes, 0 = off */
    _Atomic uint64_t max_lag_ms;      /* server.max_lag: 250 ms, 0 = off */
    _Atomic uint64_t drain_delay_ms;  /* server.drain_delay: 0 s */
    _Atomic uint64_t drain_ms;        /* server.drain: 30 s */
};

enum { CONFIG_MOST_PIPELINED = 1024 }; /* the highest http.max_pipelined */

struct config_http {
    char *trusted_proxies;             /* http.trusted_proxies: CIDR list */
    char *_Atomic cors_origins;        /* http.cors_origins: list, or empty: off */
    char *_Atomic error_status;        /* http.error_status: real | always_200 */
    _Atomic uint64_t max_head;         /* http.max_head: 16 KiB, without the target */
    _Atomic uint64_t max_target;       /* http.max_target: 64 KiB */
    _Atomic uint64_t max_fields;       /* http.max_fields: 100 */
    _Atomic uint64_t max_body;         /* http.max_body: 1 MiB */
    _Atomic uint64_t max_pipelined;    /* http.max_pipelined: 32 */
    _Atomic uint64_t head_timeout_ms;  /* http.head_timeout: 10 s */
    _Atomic uint64_t body_grace_ms;    /* http.body_grace: 10 s */
    _Atomic uint64_t body_min_rate;    /* http.body_min_rate: 1024 bytes a second after the grace */
    _Atomic uint64_t idle_timeout_ms;  /* http.idle_timeout: 75 s */
    _Atomic uint64_t write_timeout_ms; /* http.write_timeout: 30 s */
    _Atomic uint64_t compress_min;     /* http.compress_min: 1 KiB, 0 = never compress */
    _Atomic uint64_t gzip_level;       /* http.gzip_level: 1..9, 1 */
    _Atomic uint64_t brotli_quality;   /* http.brotli_quality: 0..11, 1 */
};

struct config_remote {
    char *base;                 /* remote.base: /modules/addons/wbteampro */
    char *catalog;              /* remote.catalog: file, empty = the compiled-in one */
    _Atomic uint64_t max_limit; /* remote.max_limit: 500 */
    char *pages;                /* remote.pages: floor | ceil */
    char *json_numbers;         /* remote.json_numbers: number | string */
    char *config_allow; /* remote.config_allow: names of tblconfiguration that `config` may give */
    bool site;          /* remote.site: the pages for developers are served */
};

struct config_abuse {
    char *path;               /* abuse.path: /modules/addons/abusemanagerpro/includes/api.php */
    char *catalog;            /* abuse.catalog: file, empty = the compiled-in one */
    uint64_t dedup_window_ms; /* abuse.dedup_window: 0 = off */
    _Atomic uint64_t timelimit_minutes; /* abuse.timelimit_minutes: 1440 */
    char *_Atomic email_template;       /* abuse.email_template: empty: no e-mail */
    bool dispatch;                      /* abuse.dispatch: on */
    char *whmcs_url;                    /* abuse.whmcs_url: what comes before /includes/api.php */
    char *whmcs_identifier;             /* secret */
    char *whmcs_secret;                 /* secret */
    char *whmcs_ca;                     /* abuse.whmcs_ca: file, empty = the system's authorities */
    uint64_t max_attempts;              /* abuse.max_attempts: 24 */
    uint64_t timeout_ms;                /* abuse.timeout: 30 s, at least 2 s below the lease */
    uint64_t lease_ms;                  /* abuse.lease: 120 s */
    uint64_t poll_ms;                   /* abuse.poll: 1 s */
    uint64_t first_pause_ms;            /* abuse.first_pause: 30 s */
    uint64_t longest_pause_ms;          /* abuse.longest_pause: 1 h, not below the first */
};

struct config_auth {
    _Atomic uint64_t cache_ttl_ms; /* auth.cache_ttl: 30 s */
    _Atomic uint64_t recheck_ms;   /* auth.recheck: 2 s */
    uint64_t
        max_hashing; /* auth.max_hashing: bcrypt at once, 0 = half the workers, at most cores */
    char *_Atomic
        super_roles; /* auth.super_roles: role ids that see everything; wins over the row */
};

struct config_ban {
    uint64_t attempts;    /* ban.attempts: 3 */
    uint64_t window_ms;   /* ban.window: 15 min */
    char *_Atomic length; /* ban.length: a duration (config_read_duration), or empty: WHMCS's */
    char *_Atomic exempt; /* ban.exempt: networks */
    char *table;          /* ban.table: write | read */
    _Atomic uint64_t table_poll_ms; /* ban.table_poll: 5 s */
    _Atomic uint64_t resync_ms;     /* ban.resync: 60 s */
    uint64_t max_tracked;           /* ban.max_tracked: addresses with failures or bans */
    uint64_t ipv6_prefix;           /* ban.ipv6_prefix: bits as which IPv6 is counted and banned */
};

struct config_rate {
    char *_Atomic per_address; /* rate.per_address: config_read_rate, or empty: off */
    char *_Atomic per_admin;   /* rate.per_admin */
};

struct config_mysql {
    char *hosts;  /* mysql.hosts: host[:port], in order, comma-separated */
    char *socket; /* mysql.socket: path; wins over hosts */
    char *user;
    char *password; /* secret */
    char *database;
    uint64_t workers;             /* mysql.workers */
    uint64_t queue;               /* mysql.queue: 1024 */
    uint64_t connect_timeout_ms;  /* mysql.connect_timeout: 2 s */
    uint64_t read_deadline_ms;    /* mysql.read_deadline: 5 s */
    uint64_t request_deadline_ms; /* mysql.request_deadline: 30 s */
    uint64_t statements;          /* mysql.statements: prepared ones kept a connection, 128 */
    char *tls;                    /* mysql.tls: off | required | verify */
    char *tls_ca;                 /* mysql.tls_ca: file */
};

struct config_redis {
    char *url; /* redis.url: redis://host:port/db, unix:///path, empty = no Redis; secret inside */
    uint64_t timeout_ms; /* redis.timeout */
    char *prefix;        /* redis.prefix: begins every key and channel */
    char *sentinels;     /* redis.sentinels: host[:port], …; empty: url says where Redis is */
    char *service;       /* redis.service: the master's name at the sentinels */
};

struct config_cache {
    uint64_t count_ttl_ms;  /* cache.count_ttl: 1 s */
    uint64_t config_ttl_ms; /* cache.config_ttl: 60 s */
};

struct config_files {
    char *root; /* files.root: folder of the files' bytes, empty = the file download is off */
    char *path; /* files.path: template over the row's columns, {file_path} */
    _Atomic uint64_t max_upload; /* files.max_upload: bytes of a file, 100 MiB */
    uint64_t sweep_ms;           /* files.sweep: 60 s */
    uint64_t cache_ttl_ms;       /* files.cache_ttl: 1 s */
};

struct config_log {
    char *_Atomic level; /* log.level: debug | info | warning | error */
    _Atomic bool access; /* log.access: on */
    bool cores;          /* log.cores: off: core dumps hold secrets */
};

struct config_admin {
    char *listen; /* admin.listen: 127.0.0.1:9180, empty = none */
    char *token;  /* admin.token: secret; asked for where the listener is beyond loopback */
};

struct config {
    struct config_server server;
    struct config_http http;
    struct config_remote remote;
    struct config_abuse abuse;
    struct config_auth auth;
    struct config_ban ban;
    struct config_rate rate;
    struct config_mysql mysql;
    struct config_redis redis;
    struct config_cache cache;
    struct config_files files;
    struct config_log log;
    struct config_admin admin;
};

/* An override from the command line, section.key=value. */
struct config_override {
    char *text; /* borrowed */
};
/* Puts stars over a secret's value, once it is loaded: argv is in /proc/PID/cmdline for all to see.
 */
void config_override_hide(char *text);

/*
 * Loads everything. Every problem found, not only the first, is appended to problems as a line
 * "file:line: section.key: what is wrong; what is allowed" (or "environment …", "-o …"). path may
 * be NULL: no file. *config is NULL unless RESULT_OK.
 */
enum result config_load(const char *path, const struct config_override *overrides, size_t count,
                        struct config **config, struct buffer *problems);
void config_destroy(struct config *config);

/*
 * Takes over from loaded what may change while other threads read running; the main thread's. tell
 * is told of each key whose value differs: is_taken, or it needs a restart. Values that running had
 * are loaded's now: somebody may be reading them, so that it is kept as long as running is.
 */
void config_reload(struct config *running, struct config *loaded,
                   void (*tell)(void *context, const char *section, const char *name,
                                bool is_taken),
                   void *context);

/* A duration as the file writes it ("15 m"), in milliseconds; false when it is none. */
bool config_read_duration(struct slice text, uint64_t *ms);

struct config_rate_limit {
    uint64_t per_second; /* as burst, from 1 to UINT32_MAX */
    uint64_t burst;      /* at once, after a pause; per_second where the text names none */
};
/* "20/second" or "20/second burst 100"; false when it is neither. */
bool config_read_rate(struct slice text, struct config_rate_limit *limit);

/* Prints every key with its unit, default and what it is for, as portcullis.ini.example has it. */
void config_print_example(struct buffer *out);

#endif
