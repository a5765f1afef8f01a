/* WHMCS's word counts only whole: a success needs its HTTP status and its JSON. */
#include "abuse/whmcs_answer.h"

#include <string.h>

#include "base/utf8.h"
#include "format/value.h"

/* The bytes with each place that holds the word starred over. */
static void hide(struct slice text, struct slice word)
{
    char *data = (char *)text.data; /* a buffer's of ours */
    for (size_t at = 0; word.size && at + word.size <= text.size; at++)
        if (memcmp(data + at, word.data, word.size) == 0)
            memset(data + at, '*', word.size);
}

/* What is secret goes before the text is cut, so that no half of it is left. */
void whmcs_append_shown(struct buffer *out, struct slice text, const struct whmcs_secrets *secrets)
{
    struct buffer shown;
    buffer_init(&shown);
    buffer_append_slice(&shown, text);
    hide(buffer_slice(&shown), secrets->secret);
    hide(buffer_slice(&shown), secrets->identifier);
    for (size_t i = 0; i < shown.size; i++)
        if ((unsigned char)shown.data[i] < 0x20 || shown.data[i] == 0x7f)
            shown.data[i] = ' ';
    bool is_long = shown.size > WHMCS_ANSWER_MOST_TEXT;
    if (is_long)
        shown.size = WHMCS_ANSWER_MOST_TEXT;
    utf8_append_repaired(out, buffer_slice(&shown));
    if (is_long)
        buffer_append_slice(out, SLICE("…"));
    buffer_clear(&shown);
}

static bool refuse_redirect(int status, struct buffer *error)
{
    buffer_printf(
        error, "HTTP %d: a redirect, which is not followed; set abuse.whmcs_url to where it leads",
        status);
    return false;
}

static bool refuse_message(int status, const struct value *object,
                           const struct whmcs_secrets *secrets, struct buffer *error)
{
    const struct value *message = value_get(object, SLICE("message"));
    bool has_text = message && message->type == VALUE_STRING && message->text.size;
    buffer_printf(error, "WHMCS refuses");
    if (status != 200)
        buffer_printf(error, " (HTTP %d)", status);
    buffer_printf(error, ": ");
    whmcs_append_shown(error, has_text ? message->text : SLICE("without a message"), secrets);
    return false;
}

static bool refuse_stranger(int status, struct buffer *error)
{
    buffer_printf(error, "HTTP %d, and no answer of WHMCS's API", status);
    if (status >= 200 && status < 300)
        buffer_printf(error, ": is abuse.whmcs_url right?");
    return false;
}

static bool has_result(const struct value *object, struct slice word)
{
    const struct value *result = value_get(object, SLICE("result"));
    return result && result->type == VALUE_STRING && slice_equal(result->text, word);
}

static bool judge(int status, const struct value *object, const struct whmcs_secrets *secrets,
                  struct buffer *error)
{
    if (has_result(object, SLICE("error")))
        return refuse_message(status, object, secrets, error);
    if (!has_result(object, SLICE("success")))
        return refuse_stranger(status, error);
    if (status < 200 || status > 299)
        buffer_printf(error, "HTTP %d, whatever its body says", status);
    return status >= 200 && status <= 299;
}

bool whmcs_answer_read(const struct whmcs_answer *answer, const struct whmcs_secrets *secrets,
                       struct buffer *error)
{
    static const struct json_limits limits = {
        .depth = 16, .names = 2000, .members = 200, .bytes = WHMCS_ANSWER_MOST_BYTES};
    static const struct slice mark = SLICE("\xef\xbb\xbf");
    struct value *value = NULL;
    struct json_fault fault;
    struct arena arena;
    if (answer->status >= 300 && answer->status < 400)
        return refuse_redirect(answer->status, error);
    arena_init(&arena);
    /* A byte order mark gets into PHP's output by one file that was saved with it. */
    struct slice body =
        slice_starts_with(answer->body, mark) ? slice_skip(answer->body, mark.size) : answer->body;
    bool is_good = json_read(&arena, body, &limits, &value, &fault) == RESULT_OK
                       ? judge(answer->status, value, secrets, error)
                       : refuse_stranger(answer->status, error);
    arena_clear(&arena);
    return is_good;
}
