/*
 * Forms, multipart and JSON bodies of any bytes, with the parameters of the Abuse API
 * (spec/abuse-api.md, "Request"). The first byte chooses the body's type and what is known of the
 * columns; a query goes before the first line feed.
 */
#include <stdlib.h>
#include <string.h>

#include "abuse/report.h"
#include "base/network.h"
#include "base/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct slice types[] = {
    SLICE("application/x-www-form-urlencoded"),
    SLICE("multipart/form-data; boundary=b"),
    SLICE("application/json"),
    SLICE("application/x-www-form-urlencoded; charset=\"utf-8\""),
};

static const struct schema_column narrow = {.name = SLICE("category"),
                                            .type = SCHEMA_TEXT,
                                            .type_text = SLICE("varchar(20)"),
                                            .takes_unicode = true,
                                            .length = 20};

static void require(bool is_so)
{
    if (!is_so)
        abort();
}

static void check_refusal(const struct report_refusal *refusal)
{
    struct buffer text;
    buffer_init(&text);
    require(refusal->description.size > 0 && utf8_is_valid(refusal->description));
    require(report_code_name(refusal->code).size > 0);
    report_refusal_print(refusal, &text);
    require(utf8_is_valid(buffer_slice(&text)) && text.data[text.size - 1] == '}');
    for (size_t i = 0; i < text.size; i++)
        require((unsigned char)text.data[i] >= 0x20);
    buffer_clear(&text);
}

static size_t characters(struct slice text)
{
    size_t count = 0;
    for (size_t i = 0; i < text.size; i++)
        count += ((unsigned char)text.data[i] & 0xC0U) != 0x80U;
    return count;
}

static void check_report(const struct report *report, bool is_narrow)
{
    struct network_address address;
    char hex[REPORT_HASH_TEXT];
    require(report->service_id > 0);
    require(report->category.size > 0 && utf8_is_valid(report->category));
    require(characters(report->category) <= (is_narrow ? 20 : REPORT_MOST_CATEGORY));
    require(!report->service_ip.size || network_address_parse(report->service_ip, &address));
    require(report->suspend < REPORT_SUSPENDS);
    require(!report->is_vendors_suspend || report->suspend == REPORT_NOSUSPEND);
    require(utf8_is_valid(report->additional_info) && utf8_is_valid(report->admin_notes));
    require(report_hash(report, hex) && strlen(hex) == REPORT_HASH_TEXT - 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena;
    struct report_refusal refusal;
    struct report_variables variables;
    struct report report;
    struct abuse_map map = {.columns = {[ABUSE_CATEGORY] = &narrow}};
    if (size == 0)
        return 0;
    struct slice rest = slice_of((const char *)data + 1, size - 1);
    size_t end = slice_find(rest, '\n');
    struct slice query = end < rest.size ? slice_of(rest.data, end) : slice_of("", 0);
    const struct report_body body = {.content_type = types[data[0] & 3],
                                     .bytes = end < rest.size ? slice_skip(rest, end + 1) : rest};
    bool is_narrow = (data[0] & 4) != 0;
    arena_init(&arena);
    report_refusal_init(&refusal, &arena);
    bool is_read = report_variables_read(&arena, query, &body, &variables, &refusal) &&
                   report_read(&variables, is_narrow ? &map : NULL, &arena, &report, &refusal);
    require(is_read != report_is_refused(&refusal));
    if (is_read)
        check_report(&report, is_narrow);
    else
        check_refusal(&refusal);
    arena_clear(&arena);
    return 0;
}
