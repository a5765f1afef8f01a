#include "abuse/whmcs_call.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>

#include "abuse/whmcs_answer.h"
#include "base/hex.h"
#include "base/network.h"

struct whmcs_caller {
    const struct config_abuse *config; /* borrowed */
    const atomic_bool *is_ending;      /* borrowed */
    CURL *curl;
    struct curl_slist *fields;
    struct buffer url;
    struct buffer body; /* of the answer under way */
    size_t head_bytes;
    bool is_too_long;
    char error[CURL_ERROR_SIZE];
};

/* --- settings ------------------------------------------------------------------------------ */

bool whmcs_is_configured(const struct config_abuse *config)
{
    return config->whmcs_url[0] && config->whmcs_identifier[0] && config->whmcs_secret[0];
}

/* A name that begins like an address is a name: 127.0.0.1.example.com may lie anywhere. */
static bool is_loopback(struct slice host)
{
    struct network_address address;
    if (host.size >= 2 && host.data[0] == '[' && host.data[host.size - 1] == ']')
        host = slice_of(host.data + 1, host.size - 2);
    return slice_equal_nocase(host, SLICE("localhost")) ||
           (network_address_parse(host, &address) && network_address_is_loopback(&address));
}

bool whmcs_is_in_the_clear(const struct config_abuse *config)
{
    struct slice url = slice_from(config->whmcs_url);
    struct slice scheme = SLICE("http://");
    if (!slice_starts_with(url, scheme))
        return false;
    struct slice host = slice_skip(url, scheme.size);
    host.size = slice_find(host, '/');
    size_t end =
        host.size && host.data[0] == '[' ? slice_find(host, ']') + 1 : slice_find(host, ':');
    return !is_loopback(slice_of(host.data, end < host.size ? end : host.size));
}

/* --- libcurl's hooks ----------------------------------------------------------------------- */

static size_t take_piece(char *data, size_t size, size_t count, void *context)
{
    struct whmcs_caller *caller = context;
    caller->is_too_long = caller->body.size + size * count > WHMCS_ANSWER_MOST_BYTES;
    if (caller->is_too_long)
        return 0;
    buffer_append(&caller->body, data, size * count);
    return caller->body.has_failed ? 0 : size * count;
}

/* libcurl keeps every field it is sent, however many there are. */
static size_t count_head(const char *data, size_t size, size_t count, void *context)
{
    struct whmcs_caller *caller = context;
    (void)data;
    caller->head_bytes += size * count;
    caller->is_too_long = caller->head_bytes > WHMCS_ANSWER_MOST_BYTES;
    return caller->is_too_long ? 0 : size * count;
}

/* Called at least once a second; anything but 0 ends the call. */
static int look_around(void *context, curl_off_t to_get, curl_off_t got, curl_off_t to_send,
                       curl_off_t sent)
{
    const struct whmcs_caller *caller = context;
    (void)to_get, (void)got, (void)to_send, (void)sent;
    return atomic_load(caller->is_ending);
}

/* --- the handle ---------------------------------------------------------------------------- */

static CURLcode set_safety(struct whmcs_caller *caller)
{
    CURL *curl = caller->curl;
    const char *ca = caller->config->whmcs_ca;
    CURLcode code = curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    code |= curl_easy_setopt(curl, CURLOPT_PROXY, "");
    code |= curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
    code |= curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 1L);
    code |= curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 2L);
    code |= curl_easy_setopt(curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    if (ca[0])
        code |= curl_easy_setopt(curl, CURLOPT_CAINFO, ca);
    code |= curl_easy_setopt(curl, CURLOPT_FRESH_CONNECT, 1L);
    code |= curl_easy_setopt(curl, CURLOPT_FORBID_REUSE, 1L);
    code |= curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    return code;
}

static CURLcode set_hooks(struct whmcs_caller *caller)
{
    CURL *curl = caller->curl;
    CURLcode code = curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    code |= curl_easy_setopt(curl, CURLOPT_QUICK_EXIT, 1L); /* wait for no name server at the end */
    code |= curl_easy_setopt(curl, CURLOPT_URL, caller->url.data);
    code |= curl_easy_setopt(curl, CURLOPT_HTTPHEADER, caller->fields);
    code |= curl_easy_setopt(curl, CURLOPT_USERAGENT, "portcullis/" PORTCULLIS_VERSION);
    code |= curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, caller->error);
    code |= curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_piece);
    code |= curl_easy_setopt(curl, CURLOPT_WRITEDATA, caller);
    code |= curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, count_head);
    code |= curl_easy_setopt(curl, CURLOPT_HEADERDATA, caller);
    code |= curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, look_around);
    code |= curl_easy_setopt(curl, CURLOPT_XFERINFODATA, caller);
    code |= curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
    return code;
}

static bool make_url(struct whmcs_caller *caller)
{
    struct slice url = slice_from(caller->config->whmcs_url);
    while (url.size && url.data[url.size - 1] == '/')
        url.size--;
    buffer_append_slice(&caller->url, url);
    buffer_append_slice(&caller->url, SLICE("/includes/api.php"));
    buffer_append_char(&caller->url, '\0');
    return !caller->url.has_failed;
}

static bool make_handle(struct whmcs_caller *caller)
{
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        return false;
    caller->curl = curl_easy_init();
    /* A long reason would else wait a second for "100 Continue", and be sent again after a 417. */
    caller->fields = curl_slist_append(NULL, "Expect:");
    return caller->curl && caller->fields && set_safety(caller) == CURLE_OK &&
           set_hooks(caller) == CURLE_OK;
}

struct whmcs_caller *whmcs_caller_create(const struct config_abuse *config,
                                         const atomic_bool *is_ending)
{
    struct whmcs_caller *caller = calloc(1, sizeof(*caller));
    if (!caller)
        return NULL;
    caller->config = config;
    caller->is_ending = is_ending;
    buffer_init(&caller->url);
    buffer_init(&caller->body);
    if (make_url(caller) && make_handle(caller))
        return caller;
    whmcs_caller_destroy(caller);
    return NULL;
}

void whmcs_caller_destroy(struct whmcs_caller *caller)
{
    if (!caller)
        return;
    curl_easy_cleanup(caller->curl);
    curl_slist_free_all(caller->fields);
    curl_global_cleanup();
    buffer_clear(&caller->url);
    buffer_clear(&caller->body);
    free(caller);
}

/* --- a call -------------------------------------------------------------------------------- */

static void append_field(struct buffer *form, const char *name, struct slice text)
{
    buffer_printf(form, form->size ? "&%s=" : "%s=", name);
    char *to = buffer_reserve(form, 3 * text.size + 1);
    for (size_t i = 0; to && i < text.size; i++) {
        unsigned char c = (unsigned char)text.data[i];
        bool is_plain = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
        if (is_plain)
            to[0] = (char)c;
        else
            hex_print_percent((char)c, to);
        to += is_plain ? 1 : 3;
        form->size += is_plain ? 1 : 3;
    }
}

/* Room for all of it at once: a buffer that grows leaves copies behind. */
static void write_form(const struct config_abuse *config, const struct whmcs_field *fields,
                       size_t count, struct buffer *form)
{
    const struct whmcs_field own[] = {{"identifier", slice_from(config->whmcs_identifier)},
                                      {"secret", slice_from(config->whmcs_secret)},
                                      {"responsetype", SLICE("json")}};
    const size_t own_count = sizeof(own) / sizeof(own[0]);
    size_t room = 0;
    for (size_t i = 0; i < own_count + count; i++) {
        const struct whmcs_field *field = i < own_count ? &own[i] : &fields[i - own_count];
        room += strlen(field->name) + 3 * field->text.size + 3;
    }
    buffer_reserve(form, room);
    for (size_t i = 0; i < own_count + count; i++) {
        const struct whmcs_field *field = i < own_count ? &own[i] : &fields[i - own_count];
        append_field(form, field->name, field->text);
    }
}

/* The compiler may not leave this out, since the library is told of the memory. */
static void clear_form(struct buffer *form)
{
    if (form->data)
        explicit_bzero(form->data, form->capacity);
    buffer_clear(form);
}

static CURLcode perform(struct whmcs_caller *caller, const struct buffer *form, uint64_t timeout_ms)
{
    CURL *curl = caller->curl;
    buffer_clear(&caller->body);
    caller->head_bytes = 0;
    caller->is_too_long = false;
    caller->error[0] = '\0';
    CURLcode code = curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)form->size);
    code |= curl_easy_setopt(curl, CURLOPT_POSTFIELDS, form->data);
    code |= curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)timeout_ms);
    code |= curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, (long)timeout_ms);
    return code == CURLE_OK ? curl_easy_perform(curl) : code;
}

/* libcurl's words may hold a peer's: the names of its certificate. */
static void tell_failure(const struct whmcs_caller *caller, CURLcode code,
                         const struct whmcs_secrets *secrets, struct buffer *error)
{
    const char *text = caller->error[0] ? caller->error : curl_easy_strerror(code);
    if (caller->is_too_long) {
        buffer_printf(error, "the answer is longer than %d KiB", WHMCS_ANSWER_MOST_BYTES / 1024);
        return;
    }
    buffer_printf(error, "no answer: ");
    whmcs_append_shown(error, slice_from(text), secrets);
}

static enum whmcs_outcome judge(struct whmcs_caller *caller, CURLcode code, struct buffer *error)
{
    const struct whmcs_secrets secrets = {slice_from(caller->config->whmcs_identifier),
                                          slice_from(caller->config->whmcs_secret)};
    long status = 0;
    if (code == CURLE_ABORTED_BY_CALLBACK)
        return WHMCS_INTERRUPTED;
    if (code != CURLE_OK) {
        tell_failure(caller, code, &secrets, error);
        return WHMCS_FAILED;
    }
    curl_easy_getinfo(caller->curl, CURLINFO_RESPONSE_CODE, &status);
    const struct whmcs_answer answer = {(int)status, buffer_slice(&caller->body)};
    return whmcs_answer_read(&answer, &secrets, error) ? WHMCS_DONE : WHMCS_FAILED;
}

enum whmcs_outcome whmcs_call(struct whmcs_caller *caller, const struct whmcs_field *fields,
                              size_t count, uint64_t timeout_ms, struct buffer *error)
{
    struct buffer form;
    buffer_init(&form);
    write_form(caller->config, fields, count, &form);
    CURLcode code = form.has_failed ? CURLE_OUT_OF_MEMORY : perform(caller, &form, timeout_ms);
    curl_easy_setopt(caller->curl, CURLOPT_POSTFIELDS, NULL);
    clear_form(&form);
    return judge(caller, code, error);
}
