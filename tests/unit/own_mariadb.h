/*
 * A MariaDB of a test's own, in a temporary folder, on a unix socket, with the tables of WHMCS. It
 * can be killed, started again and stopped in its tracks; it ends with the test whatever happens.
 * Where no MariaDB is installed the tests that need one are skipped.
 */
#ifndef PORTCULLIS_TESTS_OWN_MARIADB_H
#define PORTCULLIS_TESTS_OWN_MARIADB_H

#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "store/database.h"

enum { OWN_MARIADB_WAIT_US = 60000000 };

struct own_mariadb {
    char folder[64];
    char data[128];      /* --datadir=… */
    char at[128];        /* --socket=… */
    char temporary[128]; /* --tmpdir=…: a server that starts deletes what others have in /tmp */
    pid_t pid;           /* 0: not running */
    struct config_mysql config;
    struct database *root; /* of the tests themselves */
};

static inline pid_t own_spawn(char *const *words)
{
    pid_t pid = fork();
    if (pid != 0)
        return pid;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    int null = open("/dev/null", O_RDWR);
    for (int fd = 0; fd <= 2; fd++)
        dup2(null, fd);
    execvp(words[0], words);
    _exit(127);
}

/* Its exit code; 127: there is no such program. */
static inline int own_run(char *const *words)
{
    int status = 0;
    pid_t pid = own_spawn(words);
    assert_true(pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status));
    return WEXITSTATUS(status);
}

static inline char *own_user(void)
{
    static char user[] = "--user=root";
    static char none[] = "--skip-name-resolve";
    return geteuid() == 0 ? user : none;
}

static inline void own_sql(struct database *database, const char *sql)
{
    if (database_execute(database, slice_from(sql)) != RESULT_OK)
        fail_msg("%s: %s", sql, database_error_text(database));
}

/* The first cell of the only row; -1: there is none. */
static inline int64_t own_number(struct database *database, const char *sql)
{
    const struct database_cell *cells;
    int64_t number = -1;
    assert_int_equal(database_query(database, slice_from(sql), NULL, 0), RESULT_OK);
    if (database_next(database, &cells) == RESULT_OK)
        number = cells[0].integer;
    database_finish(database);
    return number;
}

static inline void own_mariadb_start(struct own_mariadb *server)
{
    static char debian[] = "/usr/sbin/mariadbd";
    static char other[] = "mariadbd";
    char *words[] = {access(debian, X_OK) == 0 ? debian : other,
                     (char[]){"--no-defaults"},
                     own_user(),
                     server->data,
                     server->at,
                     server->temporary,
                     (char[]){"--skip-networking"},
                     (char[]){"--skip-log-bin"},
                     (char[]){"--innodb-buffer-pool-size=32M"},
                     (char[]){"--innodb-log-file-size=16M"},
                     (char[]){"--innodb-flush-log-at-trx-commit=2"},
                     (char[]){"--performance-schema=OFF"},
                     (char[]){"--character-set-server=utf8mb3"},
                     NULL};
    uint64_t until_us = clock_now_us() + OWN_MARIADB_WAIT_US;
    server->pid = own_spawn(words);
    assert_true(server->pid > 0);
    while (database_execute(server->root, SLICE("SELECT 1")) != RESULT_OK) {
        assert_true(clock_now_us() < until_us);
        usleep(20000);
    }
}

static inline void own_mariadb_kill(struct own_mariadb *server)
{
    if (!server->pid)
        return;
    kill(server->pid, SIGKILL);
    waitpid(server->pid, NULL, 0);
    server->pid = 0;
}

static inline void own_mariadb_pause(const struct own_mariadb *server)
{
    kill(server->pid, SIGSTOP);
}

static inline void own_mariadb_resume(const struct own_mariadb *server)
{
    kill(server->pid, SIGCONT);
}

/* schema/structure/10_whmcs.sql, looked for from the test's folder, which is a build's, upwards. */
static inline char *own_structure(void)
{
    char path[PATH_MAX];
    char file_path[PATH_MAX + 64];
    char *text = NULL;
    size_t size = 0;
    FILE *file = NULL;
    assert_non_null(getcwd(path, sizeof(path)));
    for (char *end = path + strlen(path); !file && end; end = strrchr(path, '/')) {
        *end = '\0';
        snprintf(file_path, sizeof(file_path), "%s/schema/structure/10_whmcs.sql", path);
        file = fopen(file_path, "r");
    }
    assert_non_null(file);
    assert_true(getdelim(&text, &size, '\0', file) > 0);
    fclose(file);
    return text;
}

static inline void own_mariadb_load(struct own_mariadb *server)
{
    static char name[] = "whmcs";
    char *text = own_structure();
    char *rest = text;
    own_sql(server->root, "CREATE DATABASE whmcs CHARACTER SET utf8mb3");
    own_sql(server->root, "USE whmcs");
    for (char *statement; (statement = strstr(rest, ";\n")) != NULL; rest = statement + 2) {
        *statement = '\0';
        own_sql(server->root, rest);
    }
    free(text);
    server->config.database = name;
}

static inline void own_mariadb_destroy(struct own_mariadb *server)
{
    char *words[] = {(char[]){"rm"}, (char[]){"-rf"}, server->folder, NULL};
    database_destroy(server->root);
    own_mariadb_kill(server);
    own_run(words);
    free(server);
}

/* NULL: there is no MariaDB here. */
static inline struct own_mariadb *own_mariadb_create(void)
{
    static char user[] = "root";
    static char empty[] = "";
    struct own_mariadb *server = calloc(1, sizeof(*server));
    assert_non_null(server);
    snprintf(server->folder, sizeof(server->folder), "/tmp/portcullis-sql-XXXXXX");
    assert_non_null(mkdtemp(server->folder));
    snprintf(server->data, sizeof(server->data), "--datadir=%s/data", server->folder);
    snprintf(server->at, sizeof(server->at), "--socket=%s/sql", server->folder);
    snprintf(server->temporary, sizeof(server->temporary), "--tmpdir=%s", server->folder);
    server->config = (struct config_mysql){.socket = server->at + strlen("--socket="),
                                           .user = user,
                                           .password = empty,
                                           .connect_timeout_ms = 2000,
                                           .read_deadline_ms = 5000,
                                           .statements = 16};
    server->root = database_create(&server->config);
    char *words[] = {(char[]){"mariadb-install-db"},
                     (char[]){"--no-defaults"},
                     (char[]){"--auth-root-authentication-method=normal"},
                     (char[]){"--skip-test-db"},
                     server->data,
                     server->temporary,
                     own_user(),
                     NULL};
    int code = own_run(words);
    if (code == 127) {
        own_mariadb_destroy(server);
        return NULL;
    }
    assert_int_equal(code, 0);
    own_mariadb_start(server);
    own_mariadb_load(server);
    return server;
}

#endif
