/*
 * The envelope (remote-api.md, section 5): {"request":{…},"response":{"data":{…},rows…}}.
 *
 * The rows are written first, into a buffer of their own, because totals and cursor are known last
 * but `data` stands first. envelope_begin/_end make the text that goes before them.
 */
#ifndef PORTCULLIS_RESOURCES_ENVELOPE_H
#define PORTCULLIS_RESOURCES_ENVELOPE_H

#include "format/writer.h"
#include "resources/query.h"

/* What `request` says. */
struct envelope_request {
    struct slice action;
    struct slice method;
    enum format format;
    int code;
    struct slice message;
};

/* What `data` says of one list or record. */
struct envelope_page {
    bool has_total;
    uint64_t total;
    uint64_t page;
    uint64_t limit;
    uint64_t offset;
    struct slice next; /* cursor; empty: the list does not go on, or cannot by key */
};

/* Writes the whole of an answer around rows: *head gets what goes before, and rows, a fragment made
 * by the same writer, gets the end appended. pages has set->count entries, or one for a set without
 * queries (config, api/resources). */
void envelope_write(struct writer *writer, const struct envelope_request *request,
                    const struct query_set *set, const struct envelope_page *pages,
                    bool pages_are_ceil, struct buffer *head, struct buffer *rows);

/* Writes the whole of an error's answer. */
void envelope_write_problem(struct writer *writer, const struct envelope_request *request,
                            const struct problem *problem, struct buffer *head);

/* What stands between two fragments of `response`. */
struct slice envelope_separator(enum format format);

struct slice envelope_content_type(enum format format);

#endif
