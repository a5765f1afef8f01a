/* The settings. A new one is a field in config.h and a row here. */
#include "config/keys.h"

#define MINUTE_MS (UINT64_C(60) * 1000)
#define HOUR_MS   (60 * MINUTE_MS)
#define KIB       UINT64_C(1024)
#define MIB       (1024 * KIB)
#define TIB       (1024 * 1024 * MIB)

#define ROW(section_, name_, field_, type_, live_, default_, min_, max_, choices_, valid_, help_)  \
    {#section_, name_,    type_,  live_, offsetof(struct config, section_.field_), default_, min_, \
     max_,      choices_, valid_, help_},
#define NUMBER(section, name, live, standard, min, max, help)                                      \
    ROW(section, #name, name, CONFIG_COUNT, live, standard, min, max, NULL, NULL, help)
#define BYTES(section, name, live, standard, min, max, help)                                       \
    ROW(section, #name, name, CONFIG_BYTES, live, standard, min, max, NULL, NULL, help)
#define DURATION(section, name, live, standard, min, max, help)                                    \
    ROW(section, #name, name##_ms, CONFIG_DURATION, live, standard, min, max, NULL, NULL, help)
#define BOOLEAN(section, name, live, standard, help)                                               \
    ROW(section, #name, name, CONFIG_BOOLEAN, live, standard, 0, 0, NULL, NULL, help)
#define TEXT(section, name, live, standard, valid, help)                                           \
    ROW(section, #name, name, CONFIG_TEXT, live, standard, 0, 0, NULL, valid, help)
#define SECRET(section, name, live, standard, valid, help)                                         \
    ROW(section, #name, name, CONFIG_SECRET, live, standard, 0, 0, NULL, valid, help)
#define CHOICE(section, name, live, standard, choices, help)                                       \
    ROW(section, #name, name, CONFIG_CHOICE, live, standard, 0, 0, choices, NULL, help)
enum { FIXED = false, LIVE = true };

/* clang-format off */
const struct config_key config_keys[] = {
    TEXT(server, listen, FIXED, "127.0.0.1:8080", config_syntax_listen_needed,
         "Addresses to listen on, separated by commas: 127.0.0.1:8080, [::]:8080, unix:/run/portcullis.sock. "
         "With proxy_protocol=on behind the address (0.0.0.0:8081 proxy_protocol=on), connections must come from "
         "http.trusted_proxies and begin with a PROXY header (v1, v2).")
    NUMBER(server, loops, FIXED, "0", 0, 64, "Event-loop threads; 0 = one a core, at most 8.")
    NUMBER(server, backlog, FIXED, "1024", 1, 65535, "Connections the kernel keeps waiting to be accepted, a listener.")
    NUMBER(server, max_connections, LIVE, "10000", 1, 1000000, "Client connections at once; past it 503 and close.")
    NUMBER(server, max_per_address, LIVE, "1000", 0, 1000000,
           "Connections of one address (IPv6: of one /64) at once, so that one client cannot take all; trusted proxies and unix sockets are exempt; 0 = off.")
    BYTES(server, max_memory, LIVE, "0", 0, TIB, "Resident memory past which new requests are answered 503; 0 = off.")
    DURATION(server, max_lag, LIVE, "250 ms", 0, MINUTE_MS, "Lag of an event loop past which new requests are answered 503; 0 = off.")
    DURATION(server, drain_delay, LIVE, "0 s", 0, HOUR_MS,
             "After SIGTERM, how long accepting goes on while /readyz fails: the balancer's checking period.")
    DURATION(server, drain, LIVE, "30 s", 0, HOUR_MS, "After that, how long requests in flight may take to finish.")

    TEXT(http, trusted_proxies, FIXED, "", config_syntax_networks,
         "Networks whose X-Forwarded-For and PROXY headers are believed, separated by commas: 10.0.0.0/8, ::1.")
    TEXT(http, cors_origins, LIVE, "", config_syntax_origins,
         "Origins whose pages may call the API, separated by commas: https://panel.example.com, or *; empty = none.")
    CHOICE(http, error_status, LIVE, "real", "real always_200",
           "The status line of errors: the real code, or 200 for clients that give up reading at any other.")
    BYTES(http, max_head, LIVE, "16 KiB", KIB, MIB, "Request head without its target; past it 431.")
    BYTES(http, max_target, LIVE, "64 KiB", KIB, MIB, "Request target, the query included; past it 414.")
    NUMBER(http, max_fields, LIVE, "100", 1, 10000, "Header fields of a request; past it 431.")
    BYTES(http, max_body, LIVE, "1 MiB", KIB, 1024 * MIB, "Request body; past it 413.")
    NUMBER(http, max_pipelined, LIVE, "32", 1, CONFIG_MOST_PIPELINED, "Requests of one connection in flight; past it reading pauses.")
    DURATION(http, head_timeout, LIVE, "10 s", 1, HOUR_MS, "Time for a whole request head, against clients that drip; past it 408.")
    DURATION(http, body_grace, LIVE, "10 s", 1, HOUR_MS, "Time before http.body_min_rate is asked of a body.")
    BYTES(http, body_min_rate, LIVE, "1 KiB", 0, MIB, "Bytes a second at which a body must arrive after the grace; slower: 408; 0 = off.")
    DURATION(http, idle_timeout, LIVE, "75 s", 1, 24 * HOUR_MS, "How long an idle keep-alive connection stays open.")
    DURATION(http, write_timeout, LIVE, "30 s", 1, HOUR_MS, "How long a client may take nothing of its answer before it is cut.")
    BYTES(http, compress_min, LIVE, "1 KiB", 0, 1024 * MIB, "Answers from this size on are compressed for clients that accept it; 0 = never.")
    NUMBER(http, gzip_level, LIVE, "1", 1, 9, "gzip's level: higher is smaller and slower.")
    NUMBER(http, brotli_quality, LIVE, "1", 0, 11, "brotli's quality: higher is smaller and slower.")

    TEXT(remote, base, FIXED, "/modules/addons/wbteampro", config_syntax_base, "Where the Remote API lies: the path before /api.php and /api/.")
    TEXT(remote, catalog, FIXED, "", NULL, "Catalog file; empty = the one compiled in.")
    NUMBER(remote, max_limit, LIVE, "500", 1, 100000, "Most rows of one list answer; a larger limit is 422.")
    CHOICE(remote, pages, FIXED, "floor", "floor ceil", "How a list's number of pages is rounded.")
    CHOICE(remote, json_numbers, FIXED, "number", "number string", "Numbers in JSON answers: as numbers, or as strings for clients that expect PHP's.")
    TEXT(remote, config_allow, FIXED, "", NULL, "Names of rows of tblconfiguration that config may give, separated by commas; any other is 404.")
    BOOLEAN(remote, site, FIXED, "on", "Serve the pages for developers below remote.base: /sandbox/, /reference/ and /docs/.")

    TEXT(abuse, path, FIXED, "/modules/addons/abusemanagerpro/includes/api.php", config_syntax_base, "Where the Abuse API lies.")
    TEXT(abuse, catalog, FIXED, "", NULL, "File that says which table and columns reports lie in; empty = the one compiled in.")
    DURATION(abuse, dedup_window, FIXED, "0 s", 0, 366 * 24 * HOUR_MS,
             "For how long a second report of the same service, address and category is answered with the first one's report_id, and not stored; 0 = off.")
    NUMBER(abuse, timelimit_minutes, LIVE, "1440", 1, 5256000,
           "Minutes from a report of the method timelimit to its suspension, where tbladdonmodules holds no setting of the add-on's own.")
    TEXT(abuse, email_template, LIVE, "", config_syntax_line,
         "Name of WHMCS's e-mail template that the customer is sent for each report; empty = none is sent.")
    BOOLEAN(abuse, dispatch, FIXED, "on", "Whether this gateway asks WHMCS for suspensions and e-mails; off = it leaves that to others on the same database.")
    TEXT(abuse, whmcs_url, FIXED, "", config_syntax_whmcs,
         "WHMCS's address, without /includes/api.php: https://panel.example.com/whmcs; empty = suspensions wait.")
    SECRET(abuse, whmcs_identifier, FIXED, "", config_syntax_line,
           "Identifier of a WHMCS API credential whose role allows ModuleSuspend and SendEmail; this machine's address must be among WHMCS's API IP Access Restriction.")
    SECRET(abuse, whmcs_secret, FIXED, "", config_syntax_line, "Its secret; keep it in a file and name that in PORTCULLIS_ABUSE_WHMCS_SECRET_FILE.")
    TEXT(abuse, whmcs_ca, FIXED, "", NULL, "File of the authorities to verify WHMCS's certificate by; empty = the system's.")
    NUMBER(abuse, max_attempts, FIXED, "24", 1, 1000, "Attempts after which a suspension or e-mail is given up; with the pauses below, 24 take most of a day.")
    DURATION(abuse, timeout, FIXED, "30 s", 100, HOUR_MS, "Time for WHMCS's whole answer, against one that hangs or drips; past it the attempt has failed.")
    DURATION(abuse, lease, FIXED, "120 s", 3000, 24 * HOUR_MS,
             "How long a gateway has a suspension to itself: should it crash, another takes over after that. The same on all gateways, and at least 2 s above abuse.timeout.")
    DURATION(abuse, poll, FIXED, "1 s", 100, HOUR_MS, "How often the database is asked for what is due, and, every 2 s at most, for the metrics of the outbox.")
    DURATION(abuse, first_pause, FIXED, "30 s", 1000, 24 * HOUR_MS, "Pause after the first failed attempt; doubled after each further one, and shortened by up to a half by chance.")
    DURATION(abuse, longest_pause, FIXED, "1 h", 1000, 24 * HOUR_MS, "What the pause grows to.")

    DURATION(auth, cache_ttl, LIVE, "30 s", 0, HOUR_MS, "How long a login is remembered without hashing its password again.")
    DURATION(auth, recheck, LIVE, "2 s", 0, HOUR_MS, "How often a remembered admin's row and role are read again.")
    NUMBER(auth, max_hashing, FIXED, "0", 0, 1024, "bcrypt computations at once, so that logins cannot take every worker; 0 = half the workers, but no more than cores.")
    TEXT(auth, super_roles, LIVE, "", config_syntax_ids,
         "Ids of the roles that see every project, separated by commas; empty = the add-on's row admin_super_roles, and where that is absent too, all.")

    NUMBER(ban, attempts, FIXED, "3", 1, 64, "Failed logins of one address inside ban.window that ban it; also how many of its logins may be undecided at once.")
    DURATION(ban, window, FIXED, "15 m", 1000, 24 * HOUR_MS, "How long a failed login counts.")
    TEXT(ban, length, LIVE, "", config_syntax_length, "How long an address is banned: 15 m; 0 = never; empty = WHMCS's InvalidLoginBanLength.")
    TEXT(ban, exempt, LIVE, "", config_syntax_networks,
         "Networks that are never counted or banned, beside trusted proxies and WHMCS's WhitelistedIPs: 10.0.0.0/8, ::1.")
    CHOICE(ban, table, FIXED, "write", "write read",
           "tblbannedips: write = a ban is a row there too, which also locks the address out of WHMCS; read = only its rows are honoured.")
    DURATION(ban, table_poll, LIVE, "5 s", 100, HOUR_MS, "How often tblbannedips is read; a table of many thousand rows is read less often, so that it costs a worker little.")
    DURATION(ban, resync, LIVE, "60 s", 1000, HOUR_MS, "How often the bans that Redis holds are compared with memory's.")
    NUMBER(ban, max_tracked, FIXED, "1000000", 1000, 100000000, "Addresses with failures or bans that are remembered; oldest failures go first, bans last.")
    NUMBER(ban, ipv6_prefix, FIXED, "64", 32, 128, "Bits of an IPv6 address that are counted and banned as one.")

    TEXT(rate, per_address, LIVE, "", config_syntax_rate, "Requests of one address: 20/second, or 20/second burst 100; past it 429; empty = off.")
    TEXT(rate, per_admin, LIVE, "", config_syntax_rate, "Requests of one administrator; past it 429; empty = off.")

    TEXT(mysql, hosts, FIXED, "127.0.0.1:3306", config_syntax_hosts, "Database servers in the order of trying, separated by commas: host[:port].")
    TEXT(mysql, socket, FIXED, "", NULL, "The database's unix socket; wins over mysql.hosts.")
    TEXT(mysql, user, FIXED, "", NULL, "The database's user; serve and check need it.")
    SECRET(mysql, password, FIXED, "", NULL, "Its password; keep it in a file and name that in PORTCULLIS_MYSQL_PASSWORD_FILE.")
    TEXT(mysql, database, FIXED, "", NULL, "The WHMCS database's name; serve and check need it.")
    NUMBER(mysql, workers, FIXED, "8", 1, 1024, "Worker threads, each with a database connection of its own.")
    NUMBER(mysql, queue, FIXED, "1024", 1, 1000000, "Requests waiting for a worker; past it 503 at once.")
    DURATION(mysql, connect_timeout, FIXED, "2 s", 1, MINUTE_MS, "Time to connect; past it 503.")
    DURATION(mysql, read_deadline, FIXED, "5 s", 1, HOUR_MS, "Time for one reading statement; past it the statement is killed and the answer is 503.")
    DURATION(mysql, request_deadline, FIXED, "30 s", 1, HOUR_MS, "Time for one request; past it its statement is killed and the answer is 503.")
    NUMBER(mysql, statements, FIXED, "128", 1, 4096, "Prepared statements kept a connection; times mysql.workers, stay below the server's max_prepared_stmt_count.")
    CHOICE(mysql, tls, FIXED, "off", "off required verify", "TLS to the database: off, required, or required with the server's certificate and name verified.")
    TEXT(mysql, tls_ca, FIXED, "", NULL, "File of the authorities to verify by; empty = the system's.")

    SECRET(redis, url, FIXED, "", config_syntax_redis, "redis://[user:password@]host[:port][/db] or unix:///path; empty = no Redis, counters are this process's own.")
    TEXT(redis, prefix, FIXED, "portcullis:", NULL, "What every key and channel begins with; gateways that share bans share it.")
    TEXT(redis, sentinels, FIXED, "", config_syntax_hosts,
         "Sentinels that know where Redis is, separated by commas: host[:port]; redis.url then gives user, password and db alone.")
    TEXT(redis, service, FIXED, "mymaster", NULL, "The master's name at the sentinels.")
    DURATION(redis, timeout, FIXED, "200 ms", 1, MINUTE_MS, "Time for a Redis command; past it memory is used.")

    DURATION(cache, count_ttl, FIXED, "1 s", 0, HOUR_MS, "How long a list's counted total is remembered; 0 = counted each time.")
    DURATION(cache, config_ttl, FIXED, "60 s", 0, HOUR_MS, "How long configuration rows are remembered; 0 = read each time.")

    TEXT(files, root, FIXED, "", NULL, "Folder of the files' bytes; empty = there are neither downloads nor uploads.")
    TEXT(files, path, FIXED, "{file_path}", config_syntax_template, "Where in it a file lies: a template over the columns of its row.")
    BYTES(files, max_upload, LIVE, "100 MiB", 1, TIB, "A file that is uploaded; past it 413. In base64 http.max_body bounds it too.")
    DURATION(files, sweep, FIXED, "60 s", 100, HOUR_MS,
             "How often it is looked for bytes that a gateway which died left, or that the disk refused to remove.")
    DURATION(files, cache_ttl, FIXED, "1 s", 0, HOUR_MS,
             "How long it is remembered where a download's bytes lie; a write through this gateway forgets it; 0 = looked up each time.")

    CHOICE(log, level, LIVE, "info", "debug info warning error", "The least level that is logged.")
    BOOLEAN(log, access, LIVE, "on", "One line a request.")
    BOOLEAN(log, cores, FIXED, "off", "Core dumps on a crash; they hold secrets.")

    TEXT(admin, listen, FIXED, "127.0.0.1:9180", config_syntax_listen,
         "Addresses of /healthz, /readyz, /metrics and /bans; keep them off the public network; empty = none.")
    SECRET(admin, token, FIXED, "", config_syntax_token,
           "Asked for as `Authorization: Bearer` by all but /healthz and /readyz where admin.listen is beyond loopback "
           "(while it is empty, only those two are served there), and on loopback by what changes bans.")
};
/* clang-format on */
const size_t config_key_count = sizeof(config_keys) / sizeof(config_keys[0]);

size_t config_key_find(struct slice section, struct slice name)
{
    size_t i = 0;
    while (i < config_key_count && !(slice_equal(section, slice_from(config_keys[i].section)) &&
                                     slice_equal(name, slice_from(config_keys[i].name))))
        i++;
    return i;
}

bool config_section_exists(struct slice section)
{
    for (size_t i = 0; i < config_key_count; i++)
        if (slice_equal(section, slice_from(config_keys[i].section)))
            return true;
    return false;
}
