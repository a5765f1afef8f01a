/*
 * An answer made of a file: its head, texts and stretches go out one after the other, the file's
 * bytes from the page cache to the socket by the kernel.
 *
 *   head, { text before a part, the part's bytes }, end text
 *
 *   send --all taken--> next      (MSG_MORE: a text shares a packet with what follows it)
 *        --socket full, or enough for this turn--> waiting: http_writable --> send
 *        --pages not in memory--> fetching: libuv's pool --> send
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/sendfile.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "http/connection.h"
#include "http/file_pages.h"
#include "http/writable.h"
#include "observe/log.h"
#include "observe/metrics.h"

enum {
    /* Of answers with files, a connection and turn of the loop; then others. Two MiB and a head: a
     * socket of Linux's default size (tcp_wmem, up to 4 MiB) mostly has less room when it wakes the
     * loop, so one turn fills it, and the loop wakes as seldom as it can. */
    TURN_BYTES = 2112 * 1024,
    FETCHED_BYTES = 1024 * 1024,      /* one job of libuv's pool */
    NEAREST_BYTES = 1024 * 1024,      /* of a first look whether pages are in memory */
    FARTHEST_BYTES = 4 * 1024 * 1024, /* of later ones */
    BEGINNING_BYTES = 64 * 1024,
    SEEN_FOR_MS = 100,
};

struct http_file_sender {
    struct http_connection *connection; /* NULL once it has ended while pages were fetched */
    struct http_file *file;             /* one reference */
    struct slice text;                  /* to be sent next; borrowed from the exchange */
    uint64_t offset;                    /* then these bytes of the file */
    uint64_t left;
    uint64_t ready; /* bytes from offset on that are in memory */
    uint64_t sight; /* bytes that the next look goes */
    size_t parts_begun;
    bool has_ended; /* the end text was taken up */
    bool is_waiting;
    bool is_fetching;
    bool is_readable; /* what fetching found */
    uv_work_t work;
};

static void destroy(struct http_file_sender *sender)
{
    http_file_release(sender->file);
    free(sender);
}

static void advance(struct http_connection *c);

/* After an advance. What is behind the file is seen to at the end of the turn, and settled there:
 * until then the connection is not idle. */
static void go_on(struct http_connection *c)
{
    if (c->file == NULL)
        http_connection_flush_later(c);
    else
        http_connection_settle(c);
}

/* --- waiting for the socket ---------------------------------------------------------------- */

static void on_writable(void *context, bool is_broken)
{
    struct http_connection *c = context;
    if (is_broken) {
        http_connection_end(c, HTTP_END_GONE);
        return;
    }
    c->file->is_waiting = false;
    c->turn_bytes = 0;
    advance(c);
    if (c->state == HTTP_CONNECTION_CLOSED)
        return;
    if (c->file == NULL || !c->file->is_waiting)
        http_writable_rest(c->writable);
    go_on(c);
}

static void wait_until_writable(struct http_connection *c)
{
    uv_os_fd_t socket = -1;
    uv_fileno(&c->uv.handle, &socket);
    if (c->writable == NULL)
        c->writable = http_writable_create(c->uv.handle.loop, socket, on_writable, c);
    c->file->is_waiting = true;
    c->since_us = clock_now_us();
    if (c->writable == NULL || !http_writable_wait(c->writable)) {
        log_warning("file_cut", "a download was cut: out of memory or descriptors");
        http_connection_end(c, HTTP_END_FILE);
    }
}

bool http_connection_file_is_waiting(const struct http_connection *c)
{
    return c->file != NULL && c->file->is_waiting;
}

/* --- waiting for the disk ------------------------------------------------------------------ */

static uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static uint64_t fetched_bytes(const struct http_file_sender *sender)
{
    return least(sender->left, FETCHED_BYTES);
}

/* On libuv's pool; the sender is this job's alone until on_fetched. */
static void fetch(uv_work_t *work)
{
    struct http_file_sender *sender = work->data;
    sender->is_readable =
        http_file_pages_fetch(sender->file->descriptor, sender->offset, fetched_bytes(sender));
}

static void end_unreadable(struct http_connection *c)
{
    log_warning("file_cut", "a download was cut: its file cannot be read, or became shorter");
    http_connection_end(c, HTTP_END_FILE);
}

static void on_fetched(uv_work_t *work, int status)
{
    struct http_file_sender *sender = work->data;
    struct http_connection *c = sender->connection;
    sender->is_fetching = false;
    if (c == NULL) {
        destroy(sender);
        return;
    }
    if (status != 0 || !sender->is_readable) {
        end_unreadable(c);
        return;
    }
    sender->ready = fetched_bytes(sender);
    c->turn_bytes = 0;
    advance(c);
    if (c->state == HTTP_CONNECTION_CLOSED)
        return;
    go_on(c);
}

static void fetch_later(struct http_connection *c)
{
    struct http_file_sender *sender = c->file;
    metric_increment(METRIC_FILE_FETCHES);
    sender->is_fetching = true;
    sender->work.data = sender;
    if (uv_queue_work(c->uv.handle.loop, &sender->work, fetch, on_fetched) == 0)
        return;
    sender->is_fetching = false;
    http_connection_end(c, HTTP_END_NO_MEMORY);
}

/* --- sending ------------------------------------------------------------------------------- */

/* Takes up the next text, and the part behind it; false when all was sent. */
static bool take_next(struct http_file_sender *sender, const struct http_response *response)
{
    if (sender->parts_begun < response->part_count) {
        const struct http_file_part *part = &response->parts[sender->parts_begun++];
        sender->text = part->before;
        sender->offset = part->offset;
        sender->left = part->size;
        sender->ready = 0;
        return true;
    }
    sender->text = sender->has_ended ? slice_of(NULL, 0) : response->end;
    sender->has_ended = true;
    return sender->text.size > 0;
}

static ssize_t send_text(struct http_file_sender *sender, int socket, size_t wanted)
{
    int more = sender->has_ended ? 0 : MSG_MORE;
    ssize_t sent = send(socket, sender->text.data, wanted, MSG_NOSIGNAL | MSG_DONTWAIT | more);
    if (sent > 0)
        sender->text = slice_skip(sender->text, (size_t)sent);
    return sent;
}

static ssize_t send_bytes(struct http_file_sender *sender, int socket, size_t wanted)
{
    off_t offset = (off_t)sender->offset;
    ssize_t sent = sendfile(socket, sender->file->descriptor, &offset, wanted);
    if (sent > 0) {
        sender->offset += (uint64_t)sent;
        sender->left -= (uint64_t)sent;
        sender->ready -= (uint64_t)sent;
    }
    return sent;
}

static void note_sent(struct http_connection *c, size_t sent)
{
    metric_add(METRIC_SENT_BYTES, (int64_t)sent);
    c->first->request.sent_bytes += sent;
    c->turn_bytes += (uint32_t)sent;
}

/* The file's fault, not the client's. */
static bool is_unreadable(ssize_t sent, int error)
{
    return sent == 0 || error == EIO || error == EINVAL || error == ESTALE;
}

/* One system call's worth of what is next; true to go on at once. */
static bool send_piece(struct http_connection *c, uint64_t most)
{
    struct http_file_sender *sender = c->file;
    uv_os_fd_t socket = -1;
    uv_fileno(&c->uv.handle, &socket);
    bool is_text = sender->text.size > 0;
    size_t wanted = (size_t)least(is_text ? sender->text.size : sender->ready, most);
    ssize_t sent = is_text ? send_text(sender, socket, wanted) : send_bytes(sender, socket, wanted);
    if (sent > 0)
        note_sent(c, (size_t)sent);
    if (sent == (ssize_t)wanted || (sent < 0 && errno == EINTR))
        return true;
    if (sent > 0 || (sent < 0 && errno == EAGAIN))
        wait_until_writable(c);
    else if (is_unreadable(sent, errno))
        end_unreadable(c);
    else
        http_connection_end(c, HTTP_END_GONE);
    return false;
}

/* How many bytes behind those that are ready are in memory, looking as far as experience allows:
 * where a file has been in memory so far, it mostly is to its end, and looks are not free. Its
 * beginning is read by the kernel, and forgotten, as one: what was seen of it a moment ago is
 * there. */
static uint64_t look_ahead(struct http_connection *c)
{
    struct http_file_sender *sender = c->file;
    atomic_uint_fast64_t *seen_ms = &sender->file->seen_ms;
    uint64_t offset = sender->offset + sender->ready;
    uint64_t wanted = least(sender->left - sender->ready, sender->sight);
    uint64_t now_ms = uv_now(c->uv.handle.loop);
    bool is_beginning = offset + wanted <= BEGINNING_BYTES;
    if (is_beginning && now_ms < atomic_load_explicit(seen_ms, memory_order_relaxed) + SEEN_FOR_MS)
        return wanted;
    uint64_t known = http_file_pages_in_memory(sender->file->descriptor, offset, wanted);
    sender->sight = known == wanted ? least(2 * sender->sight, FARTHEST_BYTES) : NEAREST_BYTES;
    if (is_beginning && known == wanted)
        atomic_store_explicit(seen_ms, now_ms, memory_order_relaxed);
    return known;
}

/* Whether something can be sent in this turn; false when it has to be fetched first. */
static bool is_ready(struct http_connection *c, uint64_t most)
{
    struct http_file_sender *sender = c->file;
    if (sender->text.size > 0)
        return true;
    if (sender->ready < least(sender->left, most))
        sender->ready += look_ahead(c);
    if (sender->ready > 0)
        return true;
    fetch_later(c); /* may end the connection, and the sender with it */
    return false;
}

static void finish(struct http_connection *c)
{
    destroy(c->file);
    c->file = NULL;
    http_connection_complete_first(c);
}

static void advance(struct http_connection *c)
{
    struct http_file_sender *sender = c->file;
    bool goes_on = true;
    while (goes_on) {
        bool has_any =
            sender->text.size > 0 || sender->left > 0 || take_next(sender, &c->first->response);
        if (!has_any) {
            finish(c);
            return;
        }
        if (c->turn_bytes >= TURN_BYTES) {
            wait_until_writable(c);
            return;
        }
        uint64_t most = TURN_BYTES - c->turn_bytes;
        goes_on = is_ready(c, most) && send_piece(c, most);
    }
}

void http_connection_file_start(struct http_connection *c)
{
    struct http_exchange *exchange = c->first;
    struct http_file_sender *sender = calloc(1, sizeof(*sender));
    if (sender == NULL) {
        http_connection_end(c, HTTP_END_NO_MEMORY);
        return;
    }
    sender->connection = c;
    sender->sight = NEAREST_BYTES;
    sender->file = http_file_share(exchange->response.file);
    sender->text = exchange->answer_head;
    c->file = sender;
    advance(c);
}

void http_connection_file_abandon(struct http_connection *c)
{
    struct http_file_sender *sender = c->file;
    c->file = NULL;
    http_writable_destroy(c->writable);
    c->writable = NULL;
    if (sender == NULL)
        return;
    if (sender->is_fetching)
        sender->connection = NULL; /* on_fetched frees it */
    else
        destroy(sender);
}
