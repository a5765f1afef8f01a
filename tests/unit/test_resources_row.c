/* spec/remote-api.md section 5, JSON types; section 3, nested records; section 6, the record's tag.
 */
#include "resources/row.h"
#include "sample_model.h"

static struct database_cell cell(enum database_kind kind, const char *text)
{
    return (struct database_cell){.is_null = !text, .kind = kind, .text = slice_from(text)};
}

static void add(struct plan *plan, enum plan_step step, const char *name, bool is_tagged,
                size_t skip)
{
    plan->items[plan->item_count++] = (struct plan_item){step, slice_from(name), is_tagged, skip};
}

static void assert_row(const struct plan *plan, const struct database_cell *cells,
                       const char *expected)
{
    struct writer *writer = writer_create(FORMAT_JSON);
    struct buffer out;
    buffer_init(&out);
    writer_start(writer, &out);
    row_write_members(writer, plan, cells, NULL);
    writer_finish(writer);
    assert_slice(buffer_slice(&out), expected);
    buffer_clear(&out);
    writer_destroy(writer);
}

/* "integers as numbers, decimals as numbers with their scale kept, dates as strings, zero dates as
 * they are stored, SQL null as null, binary as base64"; bad UTF-8 becomes U+FFFD. */
static void test_types(void **state)
{
    (void)state;
    static const struct {
        enum database_kind kind;
        const char *text;
        const char *expected;
    } rows[] = {
        {DATABASE_KIND_INTEGER, "18446744073709551615", "\"c\":18446744073709551615"},
        {DATABASE_KIND_INTEGER, "-5", "\"c\":-5"},
        {DATABASE_KIND_DECIMAL, "10.50", "\"c\":10.50"},
        {DATABASE_KIND_TIME, "0000-00-00 00:00:00", "\"c\":\"0000-00-00 00:00:00\""},
        {DATABASE_KIND_TEXT, "", "\"c\":\"\""},
        {DATABASE_KIND_TEXT, "a\"b\xFF", "\"c\":\"a\\\"b\xEF\xBF\xBD\""},
        {DATABASE_KIND_BINARY, "", "\"c\":\"\""},
        {DATABASE_KIND_BINARY, "\xFF\xFE", "\"c\":\"//4=\""},
        {DATABASE_KIND_BINARY, "abc", "\"c\":\"YWJj\""},
        {DATABASE_KIND_TEXT, NULL, "\"c\":null"},
    };
    for (size_t i = 0; i < SAMPLE_LENGTH(rows); i++) {
        struct plan_item items[1];
        struct plan plan = {.items = items};
        struct database_cell cells[] = {cell(rows[i].kind, rows[i].text)};
        add(&plan, PLAN_CELL, "c", false, 0);
        assert_row(&plan, cells, rows[i].expected);
    }
}

/* "carries one as the nested object ticketxref … else null": told by its key; what follows it is
 * read from the right cells either way. */
static void test_nested_record(void **state)
{
    (void)state;
    struct plan_item items[6];
    struct plan plan = {.items = items};
    add(&plan, PLAN_CELL, "id", false, 0);
    add(&plan, PLAN_OBJECT_BEGIN, "o", false, 2);
    add(&plan, PLAN_CELL, "k", false, 0);
    add(&plan, PLAN_CELL, "v", false, 0);
    add(&plan, PLAN_OBJECT_END, "", false, 0);
    add(&plan, PLAN_CELL, "z", false, 0);
    struct database_cell cells[] = {
        cell(DATABASE_KIND_INTEGER, "1"), cell(DATABASE_KIND_INTEGER, "2"),
        cell(DATABASE_KIND_TEXT, NULL), cell(DATABASE_KIND_INTEGER, "4")};
    assert_row(&plan, cells, "\"id\":1,\"o\":{\"k\":2,\"v\":null},\"z\":4");
    cells[1] = cell(DATABASE_KIND_INTEGER, NULL);
    assert_row(&plan, cells, "\"id\":1,\"o\":null,\"z\":4");
}

static void hash_of(const char *first, const char *second, const char *kept, char *hex)
{
    struct plan_item items[3];
    struct plan plan = {.items = items};
    struct buffer out;
    struct tag_hash *hash = tag_hash_create();
    struct writer *writer = writer_create(FORMAT_JSON);
    struct database_cell cells[] = {cell(DATABASE_KIND_TEXT, first),
                                    cell(DATABASE_KIND_TEXT, second),
                                    cell(DATABASE_KIND_TEXT, kept)};
    add(&plan, PLAN_CELL, "a", true, 0);
    add(&plan, PLAN_CELL, "b", true, 0);
    add(&plan, PLAN_CELL, "c", false, 0);
    buffer_init(&out);
    tag_hash_start(hash);
    writer_start(writer, &out);
    row_write_members(writer, &plan, cells, hash);
    writer_finish(writer);
    tag_hash_finish(hash, hex);
    buffer_clear(&out);
    writer_destroy(writer);
    tag_hash_destroy(hash);
}

/* "of the last record's writable columns": a kept one (date_activity) does not spoil it. */
static void test_record_hash(void **state)
{
    (void)state;
    static const char *const others[][2] = {{"ab", "c"},  {"a", "bc "}, {"", "abc"},
                                            {NULL, "bc"}, {"a", NULL},  {"a", ""}};
    char expected[TAG_HASH_HEX + 1];
    char hex[TAG_HASH_HEX + 1];
    char null[TAG_HASH_HEX + 1];
    hash_of("a", "bc", "2026-01-01", expected);
    hash_of("a", "bc", "2026-01-02", hex);
    assert_string_equal(hex, expected);
    for (size_t i = 0; i < SAMPLE_LENGTH(others); i++) {
        hash_of(others[i][0], others[i][1], "2026-01-01", hex);
        assert_string_not_equal(hex, expected);
    }
    hash_of("a", NULL, "", null);
    assert_string_not_equal(hex, null);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_types),
        cmocka_unit_test(test_nested_record),
        cmocka_unit_test(test_record_hash),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
