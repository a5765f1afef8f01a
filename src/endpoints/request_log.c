#include "endpoints/request_log.h"

#include "observe/log.h"

static struct slice address_text(const struct network_address *address, char text[NETWORK_TEXT])
{
    if (!network_address_is_known(address))
        return SLICE("unix");
    network_address_print(address, text);
    return slice_from(text);
}

static void write_access_line(const struct http_request *http, const struct request_log *log,
                              uint64_t total_us)
{
    char address[NETWORK_TEXT];
    const struct log_access line = {
        .request_id = log->request_id,
        .address = address_text(log->address, address),
        .admin = log->admin,
        .method = http->method_text,
        .target = http->target,
        .route = log->route,
        .traceparent = http_request_field(http, SLICE("traceparent")),
        .status = http->sent_status,
        .sent_bytes = http->sent_bytes,
        .phase_us = http->phase_us,
        .total_us = total_us,
    };
    log_access_write(&line);
}

void request_log_write(const struct http_request *http, const struct request_log *log)
{
    uint64_t now_us = loop_now_us(http_request_loop(http));
    uint64_t total_us = now_us > http->started_us ? now_us - http->started_us : 0;
    metric_count_request(log->route, http->method_text, http->sent_status);
    metric_observe_request(total_us);
    for (size_t i = 0; i < METRIC_PHASE_COUNT; i++)
        metric_observe_phase((enum metric_phase)i, http->phase_us[i]);
    if (log_wants_access())
        write_access_line(http, log, total_us);
}
