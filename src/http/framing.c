/* The fields that decide where a request ends. Each row of note_table is one of them. */
#include "http/framing.h"

#include "http/characters.h"
#include "http/fault.h"
#include "http/target.h"

static void note_host(struct http_framing *framing, struct slice value)
{
    framing->host = value;
    framing->host_count++;
}

static void note_content_length(struct http_framing *framing, struct slice value)
{
    framing->content_length = value;
    framing->content_length_count++;
}

static void note_transfer_encoding(struct http_framing *framing, struct slice value)
{
    framing->transfer_encoding = value;
    framing->transfer_encoding_count++;
}

static void note_connection(struct http_framing *framing, struct slice value)
{
    struct slice option;
    while (slice_split(&value, ',', &option)) {
        option = slice_trim(option);
        framing->has_close |= slice_equal_nocase(option, SLICE("close"));
        framing->has_keep_alive |= slice_equal_nocase(option, SLICE("keep-alive"));
    }
}

static void note_expect(struct http_framing *framing, struct slice value)
{
    struct slice expectation;
    while (slice_split(&value, ',', &expectation)) {
        expectation = slice_trim(expectation);
        if (slice_equal_nocase(expectation, SLICE("100-continue")))
            framing->has_continue = true;
        else if (expectation.size)
            framing->has_other_expectation = true;
    }
}

static const struct {
    struct slice name;
    void (*note)(struct http_framing *framing, struct slice value);
} note_table[] = {
    {{"Host", 4}, note_host},
    {{"Expect", 6}, note_expect},
    {{"Connection", 10}, note_connection},
    {{"Content-Length", 14}, note_content_length},
    {{"Transfer-Encoding", 17}, note_transfer_encoding},
};

void http_framing_note(struct http_framing *framing, const struct http_field *field)
{
    for (size_t i = 0; i < sizeof(note_table) / sizeof(*note_table); i++)
        if (field->name.size == note_table[i].name.size &&
            slice_equal_nocase(field->name, note_table[i].name)) {
            note_table[i].note(framing, field->value);
            return;
        }
}

static bool decide_host(const struct http_framing *framing, struct http_head *head,
                        struct http_fault *fault)
{
    if (framing->host_count > 1)
        return HTTP_FAULT(fault, 400, "bad_host", "Host", "There is more than one Host field.");
    if (framing->host_count == 0 && head->minor_version == 0)
        return true;
    if (framing->host_count == 0)
        return HTTP_FAULT(fault, 400, "bad_host", "Host", "HTTP/1.1 requires a Host field.");
    if (!http_host_is_valid(framing->host))
        return HTTP_FAULT(fault, 400, "bad_host", "Host", "The Host field is not one host.");
    if (head->host.size == 0)
        head->host = framing->host;
    return true;
}

/* Any repetition is refused, of equal lengths too: RFC 9112 6.3 allows either, and refusing leaves
 * nobody a choice to make. */
static bool decide_content_length(const struct http_framing *framing, struct http_head *head,
                                  struct http_fault *fault)
{
    if (framing->content_length_count == 0)
        return true;
    if (framing->content_length_count > 1)
        return HTTP_FAULT(fault, 400, "bad_content_length", "Content-Length",
                          "There is more than one Content-Length field.");
    if (!slice_to_u64(framing->content_length, &head->content_length) ||
        head->content_length > INT64_MAX) {
        head->content_length = 0;
        return HTTP_FAULT(fault, 400, "bad_content_length", "Content-Length",
                          "Content-Length is not a decimal number of bytes.");
    }
    head->has_content_length = true;
    return true;
}

/* Is it a list of codings that ends in the only chunked? Then the others are what we lack. */
static bool ends_in_chunked(struct slice list)
{
    struct slice coding;
    bool is_chunked = false;
    while (slice_split(&list, ',', &coding)) {
        coding = slice_trim(coding);
        if (is_chunked || http_character_span(coding, HTTP_CHARACTER_TOKEN) == 0)
            return false;
        is_chunked = slice_equal_nocase(coding, SLICE("chunked"));
    }
    return is_chunked;
}

static bool decide_transfer_encoding(const struct http_framing *framing, struct http_head *head,
                                     struct http_fault *fault)
{
    if (framing->transfer_encoding_count == 0)
        return true;
    if (framing->content_length_count)
        return HTTP_FAULT(fault, 400, "bad_transfer_encoding", "Transfer-Encoding",
                          "Transfer-Encoding and Content-Length exclude each other.");
    if (framing->transfer_encoding_count > 1)
        return HTTP_FAULT(fault, 400, "bad_transfer_encoding", "Transfer-Encoding",
                          "There is more than one Transfer-Encoding field.");
    if (head->minor_version == 0)
        return HTTP_FAULT(fault, 400, "bad_transfer_encoding", "Transfer-Encoding",
                          "HTTP/1.0 knows no Transfer-Encoding.");
    if (!ends_in_chunked(framing->transfer_encoding))
        return HTTP_FAULT(fault, 400, "bad_transfer_encoding", "Transfer-Encoding",
                          "Transfer-Encoding must end in exactly one chunked.");
    if (!slice_equal_nocase(framing->transfer_encoding, SLICE("chunked")))
        return HTTP_FAULT(fault, 501, "unknown_transfer_coding", "Transfer-Encoding",
                          "The only transfer coding understood is chunked.");
    head->is_chunked = true;
    return true;
}

/* RFC 9110 10.1.1: 100-continue is ignored in HTTP/1.0, and where no body is to come. */
static bool decide_expect(const struct http_framing *framing, struct http_head *head,
                          struct http_fault *fault)
{
    if (framing->has_other_expectation)
        return HTTP_FAULT(fault, 417, "bad_expect", "Expect",
                          "The only expectation understood is 100-continue.");
    head->expects_continue = framing->has_continue && head->minor_version > 0 &&
                             (head->is_chunked || head->content_length > 0);
    return true;
}

/* RFC 9112 9.3; what follows a CONNECT would be a tunnel's bytes, never a request. */
static bool decide_keep_alive(const struct http_framing *framing, const struct http_head *head)
{
    if (framing->has_close || slice_equal(head->method_text, SLICE("CONNECT")))
        return false;
    return head->minor_version > 0 || framing->has_keep_alive;
}

bool http_framing_decide(const struct http_framing *framing, struct http_head *head,
                         struct http_fault *fault)
{
    if (!decide_host(framing, head, fault) || !decide_transfer_encoding(framing, head, fault) ||
        !decide_content_length(framing, head, fault) || !decide_expect(framing, head, fault))
        return false;
    head->keep_alive = decide_keep_alive(framing, head);
    return true;
}
