/* What the log writes while it is captured: lines go to standard output directly until log_start.
 */
#ifndef PORTCULLIS_TESTS_CAPTURED_LOG_H
#define PORTCULLIS_TESTS_CAPTURED_LOG_H

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

struct captured_log {
    int file;
    int out; /* the real standard output */
};

static inline void captured_log_begin(struct captured_log *log)
{
    char path[] = "/tmp/portcullis-log-XXXXXX";
    fflush(stdout);
    log->out = dup(STDOUT_FILENO);
    log->file = mkstemp(path);
    assert_true(log->out >= 0 && log->file >= 0);
    unlink(path);
    fcntl(log->file, F_SETFL, O_APPEND);
    dup2(log->file, STDOUT_FILENO);
}

/* So far, lines that hold the word; any thread may go on writing. */
static inline size_t captured_log_count(const struct captured_log *log, const char *word)
{
    static char text[1 << 20];
    ssize_t size = pread(log->file, text, sizeof(text) - 1, 0);
    size_t count = 0;
    text[size > 0 ? size : 0] = '\0';
    char *rest = text;
    for (char *line; (line = strsep(&rest, "\n")) != NULL;)
        count += strstr(line, word) != NULL;
    return count;
}

/* Twice is once. */
static inline void captured_log_end(struct captured_log *log)
{
    if (log->out < 0)
        return;
    fflush(stdout);
    dup2(log->out, STDOUT_FILENO);
    close(log->out);
    close(log->file);
    log->out = log->file = -1;
}

#endif
