/*
 * A file as an answer's payload: one piece at a time is read on libuv's thread pool and written,
 * so that a connection never holds more than one piece however slowly the client takes it.
 */
#include <stdlib.h>
#include <unistd.h>

#include "http/connection.h"

enum { PIECE_BYTES = 64 * 1024 };

struct http_file_sender {
    struct http_connection *connection; /* NULL once it has ended while a read was under way */
    uv_fs_t read;
    bool is_reading;
    int file; /* owned */
    uint64_t offset;
    uint64_t left;
    char piece[PIECE_BYTES];
};

static void destroy(struct http_file_sender *sender)
{
    close(sender->file);
    free(sender);
}

static void on_piece(uv_fs_t *read)
{
    struct http_file_sender *sender = read->data;
    struct http_connection *c = sender->connection;
    ssize_t count = read->result;
    uv_fs_req_cleanup(read);
    sender->is_reading = false;
    if (c == NULL) {
        destroy(sender);
        return;
    }
    if (count <= 0) {
        http_connection_end(c, HTTP_END_FILE);
        return;
    }
    sender->offset += (uint64_t)count;
    sender->left -= (uint64_t)count;
    uv_buf_t buffer = uv_buf_init(sender->piece, (unsigned)count);
    http_connection_write(c, &buffer, 1, 1);
}

void http_connection_file_advance(struct http_connection *c)
{
    struct http_file_sender *sender = c->file;
    if (sender->left == 0) {
        c->file = NULL;
        destroy(sender);
        http_connection_complete_first(c);
        http_connection_flush_later(c);
        return;
    }
    unsigned wanted = sender->left < PIECE_BYTES ? (unsigned)sender->left : PIECE_BYTES;
    uv_buf_t buffer = uv_buf_init(sender->piece, wanted);
    sender->is_reading = true;
    if (uv_fs_read(c->uv.handle.loop, &sender->read, sender->file, &buffer, 1,
                   (int64_t)sender->offset, on_piece) == 0)
        return;
    sender->is_reading = false;
    http_connection_end(c, HTTP_END_FILE);
}

void http_connection_file_start(struct http_connection *c)
{
    struct http_response *response = &c->first->response;
    struct http_file_sender *sender = malloc(sizeof(*sender));
    if (sender == NULL) {
        http_connection_end(c, HTTP_END_NO_MEMORY);
        return;
    }
    sender->connection = c;
    sender->read.data = sender;
    sender->is_reading = false;
    sender->file = response->file;
    sender->offset = response->file_offset;
    sender->left = response->file_size;
    response->file = -1;
    c->file = sender;
    http_connection_file_advance(c);
}

void http_connection_file_abandon(struct http_connection *c)
{
    struct http_file_sender *sender = c->file;
    c->file = NULL;
    if (sender == NULL)
        return;
    if (sender->is_reading)
        sender->connection = NULL; /* on_piece frees it */
    else
        destroy(sender);
}
