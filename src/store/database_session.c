/* Options, hosts in order, session setup in one round trip. */
#include "store/database_session.h"

#include <errmsg.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

enum { HOST_BYTES = 256, SETUP_BYTES = 512 };

/*
 * One SET, one round trip. Strict without NO_ZERO_DATE and NO_ZERO_IN_DATE (data-model.md: zero
 * dates are everywhere). Reads are single statements, each seeing its own snapshot whatever the
 * level; READ COMMITTED keeps writes from taking gap locks on tables WHMCS itself writes to.
 * The deadline is the server's own, so that it can never hit the connection's next query. MySQL's
 * ends SELECTs alone, so there a write that waits for ALTER TABLE is ended by lock_wait_timeout.
 * A row's lock is waited for a little less than the deadline: a conflict, which is tried again.
 * English, so that the column a message names is found (database_error.c).
 */
#define SETUP_COMMON                                                                               \
    "SET SESSION sql_mode='STRICT_ALL_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION',"  \
    "autocommit=1,lc_messages='en_US',innodb_lock_wait_timeout=%llu,"
static const char setup_mariadb[] =
    SETUP_COMMON "tx_isolation='READ-COMMITTED',max_statement_time=%llu.%03llu";
static const char setup_mysql[] =
    SETUP_COMMON "transaction_isolation='READ-COMMITTED',max_execution_time=%llu%03llu,"
                 "lock_wait_timeout=%llu";

static unsigned seconds_up(uint64_t ms)
{
    uint64_t seconds = (ms + 999) / 1000;
    return seconds ? (unsigned)seconds : 1;
}

static bool session_setup(MYSQL *mysql, const struct config_mysql *config)
{
    char sql[SETUP_BYTES];
    bool is_mariadb = strstr(mysql_get_server_info(mysql), "MariaDB") != NULL;
    unsigned long long deadline_ms = config->read_deadline_ms;
    unsigned long long deadline_s = seconds_up(deadline_ms);
    unsigned long long lock_s = deadline_s > 1 ? deadline_s - 1 : 1;
    /* What the format does not ask for, the last, is not looked at. */
    int size = snprintf(sql, sizeof(sql), is_mariadb ? setup_mariadb : setup_mysql, lock_s,
                        deadline_ms / 1000, deadline_ms % 1000, deadline_s);
    return mysql_real_query(mysql, sql, (unsigned long)size) == 0;
}

static bool is_word(const char *text, const char *word)
{
    return text && strcmp(text, word) == 0;
}

/* The two client libraries name the same wishes differently. */
static void options_set_tls(MYSQL *mysql, const struct config_mysql *config)
{
    bool is_verified = is_word(config->tls, "verify");
    bool is_required = is_verified || is_word(config->tls, "required");
#ifdef MARIADB_PACKAGE_VERSION_ID
    mysql_flag enforce = is_required, verify = is_verified;
    mysql_options(mysql, MYSQL_OPT_SSL_ENFORCE, &enforce);
    mysql_options(mysql, MYSQL_OPT_SSL_VERIFY_SERVER_CERT, &verify);
#else
    unsigned mode = is_verified   ? SSL_MODE_VERIFY_IDENTITY
                    : is_required ? SSL_MODE_REQUIRED
                                  : SSL_MODE_DISABLED;
    mysql_options(mysql, MYSQL_OPT_SSL_MODE, &mode);
#endif
    if (is_required && config->tls_ca && *config->tls_ca)
        mysql_options(mysql, MYSQL_OPT_SSL_CA, config->tls_ca);
}

#ifdef MARIADB_PACKAGE_VERSION_ID
/* Of the connection that this thread is making: the library's callback has no context. */
static _Thread_local struct database_wait *waiting;

/* How the library waits for its socket. The socket is told of before the end is asked for, and
 * database_interrupt does it the other way round: one of the two sees the other. */
static int wait_for_socket(my_socket handle, my_bool is_read, int timeout_ms)
{
    struct pollfd poll_for = {.fd = handle, .events = is_read ? POLLIN : POLLOUT};
    int count = 0;
    if (waiting) {
        atomic_store(&waiting->socket, (int)handle);
        if (atomic_load(&waiting->is_ending))
            return 0;
    }
    do
        count = poll(&poll_for, 1, timeout_ms);
    while (count < 0 && errno == EINTR);
    return count;
}

static void options_set_wait(MYSQL *mysql)
{
    mysql_optionsv(mysql, MARIADB_OPT_IO_WAIT, wait_for_socket);
}

static void wait_begin(struct database_wait *wait)
{
    waiting = wait;
}
#else
static void options_set_wait(MYSQL *mysql)
{
    (void)mysql;
}

static void wait_begin(struct database_wait *wait)
{
    (void)wait;
}
#endif

static void options_set(MYSQL *mysql, const struct config_mysql *config, size_t host_count)
{
    /* Shared among the hosts, so that the whole list is tried within the one timeout. */
    unsigned connect_s = seconds_up(config->connect_timeout_ms / host_count);
    /* The server ends what is late; this covers one that hangs. */
    unsigned io_s = seconds_up(config->read_deadline_ms + 1000);
    mysql_options(mysql, MYSQL_OPT_CONNECT_TIMEOUT, &connect_s);
    mysql_options(mysql, MYSQL_OPT_READ_TIMEOUT, &io_s);
    mysql_options(mysql, MYSQL_OPT_WRITE_TIMEOUT, &io_s);
    mysql_options(mysql, MYSQL_SET_CHARSET_NAME, "utf8mb4");
    unsigned no_local_files = 0;
    mysql_options(mysql, MYSQL_OPT_LOCAL_INFILE, &no_local_files);
    options_set_wait(mysql);
    options_set_tls(mysql, config);
}

static MYSQL *session_connect(const struct config_mysql *config, const char *host, unsigned port,
                              size_t host_count, struct database_error *error)
{
    MYSQL *mysql = mysql_init(NULL);
    if (!mysql) {
        database_error_set(error, CR_OUT_OF_MEMORY, "HY001", "out of memory");
        return NULL;
    }
    options_set(mysql, config, host_count);
    const char *path = host ? NULL : config->socket;
    if (mysql_real_connect(mysql, host, config->user, config->password, config->database, port,
                           path, CLIENT_FOUND_ROWS) &&
        session_setup(mysql, config))
        return mysql;
    database_error_from_connection(error, mysql);
    mysql_close(mysql);
    return NULL;
}

static bool port_parse(struct slice text, unsigned *port)
{
    uint64_t number = 0;
    if (!slice_to_u64(text, &number) || number == 0 || number > 65535)
        return false;
    *port = (unsigned)number;
    return true;
}

bool database_session_parse_host(struct slice text, struct slice *host, unsigned *port)
{
    *host = text = slice_trim(text);
    *port = 0;
    struct slice rest;
    if (text.size && text.data[0] == '[') {
        size_t end = slice_find(text, ']');
        if (end == text.size)
            return false;
        *host = slice_of(text.data + 1, end - 1);
        rest = slice_skip(text, end + 1);
    } else {
        size_t end = slice_find(text, ':');
        *host = slice_of(text.data, end);
        rest = slice_skip(text, end);
    }
    if (host->size == 0 || host->size >= HOST_BYTES)
        return false;
    return rest.size == 0 || (rest.data[0] == ':' && port_parse(slice_skip(rest, 1), port));
}

static MYSQL *session_try_host(const struct config_mysql *config, struct slice text,
                               size_t host_count, struct database_error *error)
{
    struct slice host;
    unsigned port;
    if (!database_session_parse_host(text, &host, &port)) {
        database_error_set(error, CR_UNKNOWN_HOST, "HY000", "mysql.hosts: not host[:port]");
        return NULL;
    }
    char name[HOST_BYTES];
    memcpy(name, host.data, host.size);
    name[host.size] = '\0';
    return session_connect(config, name, port, host_count, error);
}

static size_t hosts_count(struct slice hosts)
{
    size_t count = 0;
    struct slice part;
    while (slice_split(&hosts, ',', &part))
        count++;
    return count ? count : 1;
}

static MYSQL *session_try_hosts(const struct config_mysql *config, struct database_error *error)
{
    if (config->socket && *config->socket)
        return session_connect(config, NULL, 0, 1, error);
    struct slice hosts = slice_from(config->hosts), part;
    size_t host_count = hosts_count(hosts);
    MYSQL *mysql = NULL;
    while (!mysql && slice_split(&hosts, ',', &part))
        mysql = session_try_host(config, part, host_count, error);
    return mysql;
}

MYSQL *database_session_open(const struct config_mysql *config, struct database_wait *wait,
                             struct database_error *error)
{
    database_error_clear(error);
    wait_begin(wait);
    MYSQL *mysql = session_try_hosts(config, error);
    wait_begin(NULL);
    atomic_store(&wait->socket, mysql ? (int)mysql->net.fd : -1);
    return mysql;
}
