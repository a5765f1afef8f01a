/* Shared by the tests of heads and bodies: feeds bytes whole, byte by byte and split at every
 * position, and insists on one verdict. */
#ifndef PORTCULLIS_TESTS_HTTP_FEED_H
#define PORTCULLIS_TESTS_HTTP_FEED_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "http/parser.h"

static const struct config_http feed_limits = {
    .max_head = 1024, .max_target = 256, .max_fields = 10};

struct feed {
    struct arena arena;
    struct http_parser parser;
    struct http_head head;
    struct http_fault fault;
    enum http_parse state; /* of the head, then of the body */
    size_t consumed;       /* head and body */
    size_t body_size;
    char body[512];
};

static void feed_piece(void *context, struct slice piece)
{
    struct feed *feed = context;
    assert_true(piece.size > 0 && feed->body_size + piece.size <= sizeof(feed->body));
    memcpy(feed->body + feed->body_size, piece.data, piece.size);
    feed->body_size += piece.size;
}

/* The first `first` bytes at once, then `step` at a time. */
static void feed_run(struct feed *feed, struct slice bytes, size_t first, size_t step)
{
    memset(feed, 0, sizeof(*feed));
    arena_init(&feed->arena);
    http_parser_init(&feed->parser, &feed_limits, &feed->arena);
    size_t given = first < bytes.size ? first : bytes.size;
    for (;;) {
        feed->state = http_parser_head(&feed->parser, slice_of(bytes.data, given), &feed->head,
                                       &feed->consumed, &feed->fault);
        if (feed->state != HTTP_PARSE_MORE || given == bytes.size)
            break;
        given = bytes.size - given > step ? given + step : bytes.size;
    }
    if (feed->state != HTTP_PARSE_DONE)
        return;
    size_t used = feed->consumed;
    do {
        size_t size = given > used ? given - used : 0;
        feed->state = http_parser_body(&feed->parser, slice_of(bytes.data + used, size), &size,
                                       feed_piece, feed, &feed->fault);
        used += size;
        given = bytes.size - given > step ? given + step : bytes.size;
    } while (feed->state == HTTP_PARSE_MORE && used < bytes.size);
    feed->consumed = used;
}

static void feed_compare(const struct feed *a, const struct feed *b, struct slice bytes)
{
    if (a->state != b->state || a->fault.status != b->fault.status || a->consumed != b->consumed ||
        a->body_size != b->body_size || memcmp(a->body, b->body, a->body_size) != 0 ||
        !slice_equal(a->fault.code, b->fault.code))
        fail_msg("split differs from whole for %.*s", SLICE_ARGS(bytes));
}

/* Leaves the outcome of the whole in *feed; the caller clears feed->arena. */
static void feed_all_ways(struct feed *feed, struct slice bytes)
{
    struct feed other;
    feed_run(feed, bytes, bytes.size, bytes.size);
    feed_run(&other, bytes, 1, 1);
    feed_compare(feed, &other, bytes);
    arena_clear(&other.arena);
    for (size_t first = 1; first < bytes.size; first++) {
        feed_run(&other, bytes, first, bytes.size);
        feed_compare(feed, &other, bytes);
        arena_clear(&other.arena);
    }
}

/* One row of a table: bytes, and the fault they meet (-1: none, the message is complete). */
struct feed_row {
    struct slice bytes;
    int status;
    const char *code;
};

static inline void feed_expect_rows(const struct feed_row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct feed feed;
        feed_all_ways(&feed, rows[i].bytes);
        bool is_fault = feed.state == HTTP_PARSE_FAULT;
        if (rows[i].status < 0 ? feed.state != HTTP_PARSE_DONE
                               : !is_fault || feed.fault.status != rows[i].status ||
                                     !slice_equal(feed.fault.code, slice_from(rows[i].code)))
            fail_msg("row %zu (%.*s): state %d, fault %d %.*s", i, SLICE_ARGS(rows[i].bytes),
                     (int)feed.state, feed.fault.status, SLICE_ARGS(feed.fault.code));
        arena_clear(&feed.arena);
    }
}

#define EXPECT_ROWS(rows) feed_expect_rows(rows, sizeof(rows) / sizeof(*(rows)))
#define ACCEPTED          -1, NULL

#endif
