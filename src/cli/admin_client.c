#include "cli/admin_client.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#include "base/hex.h"
#include "cli/command.h"
#include "http/address.h"

enum { MOST_ANSWER = 64 * 1024 * 1024 };

struct admin_client {
    CURL *curl;
    struct curl_slist *fields;
    struct http_address address;
    char where[HTTP_ADDRESS_TEXT];
    char error[CURL_ERROR_SIZE];
};

/* What listens everywhere is asked on loopback. */
static void make_reachable(struct http_address *address)
{
    struct sockaddr_in *v4 = (struct sockaddr_in *)&address->socket;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&address->socket;
    if (address->socket.ss_family == AF_INET && v4->sin_addr.s_addr == htonl(INADDR_ANY))
        v4->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (address->socket.ss_family == AF_INET6 && IN6_IS_ADDR_UNSPECIFIED(&v6->sin6_addr))
        v6->sin6_addr = in6addr_loopback;
}

static bool find_address(struct admin_client *client, const struct config_admin *config)
{
    struct slice rest = slice_from(config->listen);
    struct slice listen = {0};
    const char *why;
    slice_split(&rest, ',', &listen);
    if (!slice_trim(listen).size) {
        fprintf(stderr, "portcullis: admin.listen is empty: nobody to ask\n");
        return false;
    }
    if (http_address_parse(listen, &client->address, &why) != RESULT_OK) {
        fprintf(stderr, "portcullis: admin.listen: %.*s: %s\n", SLICE_ARGS(listen), why);
        return false;
    }
    make_reachable(&client->address);
    struct http_address bare = client->address;
    bare.has_proxy_protocol = false;
    http_address_print(&bare, client->where);
    return true;
}

static size_t take_piece(char *data, size_t size, size_t count, void *context)
{
    struct buffer *body = context;
    if (body->size + count > MOST_ANSWER)
        return 0;
    buffer_append(body, data, size * count);
    return body->has_failed ? 0 : count;
}

static bool add_field(struct admin_client *client, const char *name, const char *value)
{
    struct buffer field;
    buffer_init(&field);
    buffer_printf(&field, "%s: %s", name, value);
    buffer_append_char(&field, '\0');
    struct curl_slist *fields =
        field.has_failed ? NULL : curl_slist_append(client->fields, field.data);
    buffer_clear(&field);
    if (fields)
        client->fields = fields;
    return fields != NULL;
}

static bool add_fields(struct admin_client *client, const struct admin_client_options *options)
{
    const char *token = options->sends_token ? options->config->token : "";
    struct buffer bearer;
    buffer_init(&bearer);
    buffer_printf(&bearer, "Bearer %s", token);
    buffer_append_char(&bearer, '\0');
    bool is_added = !bearer.has_failed && add_field(client, "Content-Type", "application/json") &&
                    (!token[0] || add_field(client, "Authorization", bearer.data));
    buffer_clear(&bearer);
    return is_added;
}

/* No proxy that the environment names stands between us and the gateway. */
static bool set_options(struct admin_client *client, const struct admin_client_options *options)
{
    CURL *curl = client->curl;
    const struct sockaddr_un *local = (const struct sockaddr_un *)&client->address.socket;
    CURLcode code = curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http");
    if (client->address.socket.ss_family == AF_UNIX)
        code |= curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, local->sun_path);
    if (client->address.has_proxy_protocol)
        code |= curl_easy_setopt(curl, CURLOPT_HAPROXYPROTOCOL, 1L);
    code |= curl_easy_setopt(curl, CURLOPT_PROXY, "");
    code |= curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    code |= curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, options->timeout_ms);
    code |= curl_easy_setopt(curl, CURLOPT_HTTPHEADER, client->fields);
    code |= curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, client->error);
    code |= curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_piece);
    return code == CURLE_OK;
}

struct admin_client *admin_client_create(const struct admin_client_options *options)
{
    struct admin_client *client = calloc(1, sizeof(*client));
    if (client && !find_address(client, options->config)) {
        free(client);
        return NULL;
    }
    if (client && curl_global_init(CURL_GLOBAL_NOTHING) == CURLE_OK)
        client->curl = curl_easy_init();
    if (client && client->curl && add_fields(client, options) && set_options(client, options))
        return client;
    command_tell_no_memory();
    admin_client_destroy(client);
    return NULL;
}

void admin_client_destroy(struct admin_client *client)
{
    if (!client)
        return;
    curl_easy_cleanup(client->curl);
    curl_slist_free_all(client->fields);
    curl_global_cleanup();
    free(client);
}

static enum result tell_silence(const struct admin_client *client, CURLcode code)
{
    fprintf(stderr,
            "portcullis: no answer at %s: %s\n"
            "Is the gateway running, and admin.listen the same for it and for this command (-c, "
            "-o, environment)?%s\n",
            client->where, client->error[0] ? client->error : curl_easy_strerror(code),
            client->address.has_proxy_protocol
                ? " With proxy_protocol=on it answers http.trusted_proxies alone."
                : "");
    return RESULT_UNAVAILABLE;
}

enum result admin_client_ask(struct admin_client *client, const char *method, const char *path,
                             struct slice body, struct admin_answer *answer)
{
    bool is_local = client->address.socket.ss_family == AF_UNIX;
    struct buffer url;
    long status = 0;
    *answer = (struct admin_answer){0};
    buffer_init(&url);
    buffer_printf(&url, "http://%s%s", is_local ? "localhost" : client->where, path);
    buffer_append_char(&url, '\0');
    CURLcode code = url.has_failed ? CURLE_OUT_OF_MEMORY : CURLE_OK;
    client->error[0] = '\0';
    if (code == CURLE_OK && body.data) {
        code |= curl_easy_setopt(client->curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body.size);
        code |= curl_easy_setopt(client->curl, CURLOPT_POSTFIELDS, body.data);
    }
    code |= curl_easy_setopt(client->curl, CURLOPT_URL, url.data);
    code |= curl_easy_setopt(client->curl, CURLOPT_CUSTOMREQUEST, method);
    code |= curl_easy_setopt(client->curl, CURLOPT_WRITEDATA, &answer->body);
    if (code == CURLE_OK)
        code = curl_easy_perform(client->curl);
    buffer_clear(&url);
    if (code != CURLE_OK)
        return tell_silence(client, code);
    curl_easy_getinfo(client->curl, CURLINFO_RESPONSE_CODE, &status);
    answer->status = (int)status;
    return RESULT_OK;
}

const char *admin_client_where(const struct admin_client *client)
{
    return client->where;
}

void admin_client_append_encoded(struct buffer *out, struct slice text)
{
    char coded[3];
    for (size_t i = 0; i < text.size; i++) {
        hex_print_percent(text.data[i], coded);
        buffer_append(out, coded, sizeof(coded));
    }
}
