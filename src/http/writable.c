#include "http/writable.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

struct http_writable {
    uv_poll_t poll;
    int descriptor; /* owned; the socket's dup */
    bool is_waiting;
    http_writable_fn *on_writable;
    void *context;
};

struct http_writable *http_writable_create(uv_loop_t *loop, int socket,
                                           http_writable_fn *on_writable, void *context)
{
    struct http_writable *writable = calloc(1, sizeof(*writable));
    if (writable == NULL)
        return NULL;
    writable->on_writable = on_writable;
    writable->context = context;
    writable->poll.data = writable;
    writable->descriptor = fcntl(socket, F_DUPFD_CLOEXEC, 0);
    if (writable->descriptor >= 0 && uv_poll_init(loop, &writable->poll, writable->descriptor) == 0)
        return writable;
    if (writable->descriptor >= 0)
        close(writable->descriptor);
    free(writable);
    return NULL;
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
    struct http_writable *writable = poll->data;
    (void)events;
    if (status < 0)
        writable->is_waiting = false; /* libuv has stopped it */
    writable->on_writable(writable->context, status < 0);
}

bool http_writable_wait(struct http_writable *writable)
{
    if (!writable->is_waiting)
        writable->is_waiting = uv_poll_start(&writable->poll, UV_WRITABLE, on_poll) == 0;
    return writable->is_waiting;
}

void http_writable_rest(struct http_writable *writable)
{
    if (writable->is_waiting)
        uv_poll_stop(&writable->poll);
    writable->is_waiting = false;
}

static void on_closed(uv_handle_t *handle)
{
    free(handle->data);
}

void http_writable_destroy(struct http_writable *writable)
{
    if (writable == NULL)
        return;
    uv_close((uv_handle_t *)&writable->poll, on_closed);
    /* uv_close has taken it out of epoll. It goes at once: as long as it is open, so is the
     * connection for the client. */
    close(writable->descriptor);
}
