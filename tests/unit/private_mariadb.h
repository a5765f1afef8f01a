/*
 * A MariaDB of the test's own, in a temporary folder on a unix socket, stopped by its own pid and,
 * should the test die, by the kernel. One a test program. Where mariadbd is not installed there is
 * none, and tests skip.
 *
 * Its TMPDIR is its own too: a mariadbd that starts deletes all temporary tables it finds there,
 * those of others in use as well.
 */
#ifndef PRIVATE_MARIADB_H
#define PRIVATE_MARIADB_H

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "store/database.h"

struct private_mariadb {
    char folder[64];
    char socket[80];
    pid_t pid; /* 0: not running */
};

enum { PRIVATE_MARIADB_PATIENCE_US = 60000000 };

static inline void private_mariadb_exec(const struct private_mariadb *server)
{
    char data[96], log[96], socket[96];
    snprintf(data, sizeof(data), "--datadir=%s/data", server->folder);
    snprintf(socket, sizeof(socket), "--socket=%s", server->socket);
    snprintf(log, sizeof(log), "%s/log", server->folder);
    int output = open(log, O_WRONLY | O_CREAT | O_APPEND, 0600);
    dup2(output, 1);
    dup2(output, 2);
    setenv("TMPDIR", server->folder, 1);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    execlp("mariadbd", "mariadbd", "--no-defaults", data, socket, "--skip-networking",
           "--skip-log-bin", "--innodb-flush-log-at-trx-commit=1", "--innodb-buffer-pool-size=32M",
           "--innodb-log-file-size=16M", "--performance-schema=OFF",
           "--character-set-server=utf8mb3", getuid() == 0 ? "--user=root" : NULL, (char *)NULL);
    _exit(127);
}

static inline bool private_mariadb_run(struct private_mariadb *server)
{
    struct config_mysql config = {.socket = server->socket,
                                  .user = (char[]){"root"},
                                  .password = (char[]){""},
                                  .connect_timeout_ms = 2000,
                                  .read_deadline_ms = 5000};
    uint64_t until_us = clock_now_us() + PRIVATE_MARIADB_PATIENCE_US;
    server->pid = fork();
    if (server->pid == 0)
        private_mariadb_exec(server);
    struct database *database = database_create(&config);
    bool answers = false;
    while (!answers && clock_now_us() < until_us && waitpid(server->pid, NULL, WNOHANG) == 0) {
        answers = database_execute(database, SLICE("DO 1")) == RESULT_OK;
        usleep(50000);
    }
    database_destroy(database);
    return answers;
}

static inline bool private_mariadb_is_installed(void)
{
    return system("command -v mariadbd mariadb-install-db >/dev/null") == 0;
}

static inline bool private_mariadb_start(struct private_mariadb *server)
{
    char install[512];
    snprintf(server->folder, sizeof(server->folder), "/tmp/portcullis-unit-XXXXXX");
    if (!mkdtemp(server->folder))
        return false;
    snprintf(server->socket, sizeof(server->socket), "%s/socket", server->folder);
    snprintf(install, sizeof(install),
             "TMPDIR=%s mariadb-install-db --no-defaults --auth-root-authentication-method=normal "
             "--skip-test-db --datadir=%s/data %s >%s/install 2>&1",
             server->folder, server->folder, getuid() == 0 ? "--user=root" : "", server->folder);
    if (system(install) == 0 && private_mariadb_run(server))
        return true;
    snprintf(install, sizeof(install), "head -n 20 %s/install %s/log >&2", server->folder,
             server->folder);
    return system(install) == -1;
}

static inline void private_mariadb_end(struct private_mariadb *server, int signal)
{
    if (server->pid > 0) {
        kill(server->pid, signal);
        waitpid(server->pid, NULL, 0);
    }
    server->pid = 0;
}

static inline void private_mariadb_stop(struct private_mariadb *server)
{
    char remove[96];
    private_mariadb_end(server, SIGKILL); /* its data go anyway */
    snprintf(remove, sizeof(remove), "rm -rf %s", server->folder);
    if (server->folder[0] && system(remove) != 0)
        perror("rm");
}

#endif
