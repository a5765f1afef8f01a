/* observe's own: pieces of a log line, a JSON object of one line. */
#ifndef PORTCULLIS_OBSERVE_LOG_LINE_H
#define PORTCULLIS_OBSERVE_LOG_LINE_H

#include "observe/log.h"

/* Appends {"time":"…","level":"…","event":"…". */
void log_line_begin(struct buffer *line, enum log_level level, const char *event);
/* Appends ,"name":"text" with everything escaped that JSON wants escaped, bad UTF-8 repaired. */
void log_line_text(struct buffer *line, const char *name, struct slice text);
/* Appends }\n. */
void log_line_end(struct buffer *line);
/* A whole access line. */
void log_line_access(struct buffer *line, const struct log_access *access);

#endif
