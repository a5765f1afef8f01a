/*
 * What stands between a Remote API request and a write: the fields that go with it (RFC 9110 13.1,
 * draft-ietf-httpapi-idempotency-key-header), who writes, and where the new record is found.
 */
#include <inttypes.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "base/hex.h"
#include "endpoints/remote_request.h"
#include "store/blob_store.h"
#include "whmcs/idempotency.h"

static bool refuse_key(struct remote_request *request, int status, struct slice message,
                       struct slice code, const char *detail)
{
    problem_set(&request->problem, status, message);
    problem_add(&request->problem, code, SLICE("Idempotency-Key"), "%s", detail);
    return false;
}

static struct slice key_of(const struct remote_request *request)
{
    bool takes_key = slice_equal(request->method, SLICE("POST"));
    return takes_key ? http_request_field(request->http, SLICE("idempotency-key"))
                     : slice_of(NULL, 0);
}

/* Never run where it could not be kept: the client counts on it. */
static bool check_key(struct remote_request *request)
{
    struct slice key = key_of(request);
    if (!key.data)
        return true;
    if (!idempotency_key_is_sane(key))
        return refuse_key(request, 400, SLICE("Request Invalid or Bad Format"),
                          SLICE("bad_idempotency_key"),
                          "allowed: 1 to 255 visible ASCII characters");
    if (!request->model->journal.has_idempotency)
        return refuse_key(
            request, 501, SLICE("Not Implemented"), SLICE("idempotency_unavailable"),
            "the table portcullis_idempotency is missing, so the request was not run");
    return true;
}

/* Of bytes that come, or have come in base64. */
static bool check_bytes(struct remote_request *request)
{
    uint64_t most = request->gateway->config->files.max_upload;
    if (!write_has_bytes(&request->write))
        return true;
    if (request->write.content_size > most) {
        metric_increment(METRIC_LIMIT_UPLOAD);
        problem_set(&request->problem, 413, http_status_text(413));
        problem_add(&request->problem, SLICE("too_large"), SLICE("file_content"),
                    "larger than %" PRIu64 " bytes, which is all that is taken (files.max_upload)",
                    most);
    } else if (!request->gateway->execute.files_store) {
        problem_set(&request->problem, 503, SLICE("Service Unavailable"));
        problem_add(&request->problem, SLICE("uploads_off"), slice_of("", 0),
                    "no bytes can be stored here: files.root is not set, or cannot be written");
    }
    return !problem_is_set(&request->problem);
}

bool remote_write_compile(struct remote_request *request)
{
    struct parameters *parameters = &request->parameters;
    struct value *params = parameters->params;
    if (parameters->items && params->count) {
        problem_set(&request->problem, 400, SLICE("Request Invalid or Bad Format"));
        problem_add(&request->problem, SLICE("bad_json"), SLICE("params"),
                    "given as a list and as an object; allowed: one of them");
        return false;
    }
    if (!check_key(request))
        return false;
    const struct write_given given = {.method = request->method,
                                      .params = parameters->items ? parameters->items : params,
                                      .loose = parameters->loose,
                                      .file = remote_upload_file(request)};
    enum result result = write_compile(request->model, &request->chain, &given, &request->viewer,
                                       &request->write, &request->problem);
    if (result != RESULT_OK && !problem_is_set(&request->problem))
        execute_explain(result, &request->problem);
    request->is_compiled = result == RESULT_OK && check_bytes(request);
    return request->is_compiled;
}

/* What the file says of itself, and its bytes. */
static void print_file(const struct remote_request *request, struct buffer *text)
{
    const struct write_file *file = request->write.file;
    if (file)
        buffer_printf(text, "%zu:%.*s%zu:%.*s", file->name.size, SLICE_ARGS(file->name),
                      file->type.size, SLICE_ARGS(file->type));
    if (request->bytes)
        buffer_append_slice(text, slice_from(blob_new_sha256(request->bytes)));
}

/* Method, chain, format, parameters and file, each with its size before it. */
static bool hash_request(const struct remote_request *request, char hex[65])
{
    const struct parameters *parameters = &request->parameters;
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned int size = 0;
    struct buffer text;
    buffer_init(&text);
    buffer_printf(&text, "%zu:%.*s%zu:%.*s%d:", request->method.size, SLICE_ARGS(request->method),
                  request->chain.action.size, SLICE_ARGS(request->chain.action),
                  (int)request->chain.format);
    value_print(parameters->items ? parameters->items : parameters->params, &text);
    print_file(request, &text);
    bool is_hashed = !text.has_failed &&
                     EVP_Digest(text.data, text.size, digest, &size, EVP_sha256(), NULL) == 1;
    buffer_clear(&text);
    if (is_hashed)
        hex_print(digest, size, hex);
    return is_hashed;
}

static struct slice address_of(const struct remote_request *request)
{
    char text[NETWORK_TEXT];
    if (!network_address_is_known(&request->address))
        return SLICE("");
    network_address_print(&request->address, text);
    return arena_copy(&request->http->arena, slice_from(text));
}

/* --- bytes in base64 ------------------------------------------------------------------------- */

/* As if they had streamed in. */
static enum result write_bytes(struct remote_request *request, struct slice bytes)
{
    enum result result;
    request->bytes = blob_new_begin(request->gateway->execute.files_store, &result);
    if (request->bytes && bytes.size)
        result = blob_new_write(request->bytes, bytes);
    if (request->bytes && result == RESULT_OK)
        result = blob_new_seal(request->bytes);
    return result;
}

/* A dry run needs no disk. */
static enum result try_bytes(struct slice bytes, struct write_trial *trial)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned int size = 0;
    trial->size = bytes.size;
    if (EVP_Digest(bytes.data, bytes.size, digest, &size, EVP_sha256(), NULL) != 1)
        return RESULT_NO_MEMORY;
    hex_print(digest, size, trial->sha256);
    return RESULT_OK;
}

static enum result make_bytes(struct remote_request *request, struct write_trial *trial)
{
    const struct write *write = &request->write;
    char *bytes = malloc(write->content_size + 1);
    if (!bytes)
        return RESULT_NO_MEMORY;
    base64_decode(write->content, bytes);
    struct slice decoded = slice_of(bytes, write->content_size);
    enum result result =
        write->is_dry_run ? try_bytes(decoded, trial) : write_bytes(request, decoded);
    free(bytes);
    return result;
}

/* Nothing is written for who is refused: he is let in first, as before a file that streams in. */
static enum result prepare_bytes(struct remote_request *request, struct execute_context *context,
                                 const struct write_request *write, struct write_trial *trial)
{
    struct execute_answer nothing = {0};
    struct write_request admission = *write;
    if (!request->write.has_content || request->bytes)
        return RESULT_OK;
    admission.is_admission = true;
    enum result result = request->write.is_dry_run ? RESULT_OK
                                                   : write_execute(context, &admission, NULL,
                                                                   &nothing, &request->problem);
    if (result != RESULT_OK)
        return result;
    result = make_bytes(request, trial);
    if (result != RESULT_OK)
        write_explain_disk(result, &request->problem);
    return result;
}

enum result remote_write_execute(struct remote_request *request, struct execute_context *context,
                                 const struct envelope_request *envelope,
                                 struct execute_answer *parts)
{
    struct write_trial trial;
    struct write_request write = {
        .write = &request->write,
        .admin = slice_from(request->principal.username),
        .admin_id = request->principal.admin_id,
        .address = address_of(request),
        .if_match = http_request_list(request->http, SLICE("if-match")),
        .if_none_match = http_request_list(request->http, SLICE("if-none-match")),
        .idempotency_key = key_of(request),
        .is_admission = remote_upload_is_admission(request),
        .bytes = &request->bytes,
    };
    enum result result = prepare_bytes(request, context, &write, &trial);
    if (result != RESULT_OK)
        return result;
    if (request->write.has_content && request->write.is_dry_run)
        write.trial = &trial;
    if (write.idempotency_key.data && !hash_request(request, write.request_hash)) {
        execute_explain(RESULT_NO_MEMORY, &request->problem);
        return RESULT_NO_MEMORY;
    }
    return write_execute(context, &write, envelope, parts, &request->problem);
}

struct slice remote_write_location(struct remote_request *request, int64_t created_id)
{
    static const struct slice formats[FORMAT_COUNT] = {
        [FORMAT_JSON] = SLICE("json"), [FORMAT_XML] = SLICE("xml")};
    if (!created_id || request->write.is_dry_run)
        return slice_of("", 0);
    return arena_printf(&request->http->arena, "%s/api.php/v1/%.*s/%" PRId64 "/%.*s",
                        request->gateway->config->remote.base,
                        SLICE_ARGS(chain_last(&request->chain)->resource->name), created_id,
                        SLICE_ARGS(formats[request->chain.format]));
}
