/*
 * spec/remote-api.md section 4: data.next is "an opaque token, checked like any filter and bound to
 * sort and filters".
 */
#include "sample_model.h"

static struct database_cell cell(const char *text)
{
    return (struct database_cell){.is_null = !text, .text = slice_from(text)};
}

static struct slice token_of(struct sample *sample, const char *sort, const char *const *texts)
{
    struct database_cell cells[QUERY_MOST_SORTS + 1];
    char params[256];
    snprintf(params, sizeof(params), "{\"sort\":\"%s\"}", sort);
    assert_int_equal(sample_compile(sample, "v1/projects/json", params), RESULT_OK);
    for (size_t i = 0; i < sample->set.queries[0].sort_count; i++)
        cells[i] = cell(texts[i]);
    return query_cursor_print(&sample->set.queries[0], cells, &sample->arena);
}

#define TOKEN(sample, sort, ...) token_of(sample, sort, (const char *const[]){__VA_ARGS__})

/* Compiles the same list again, with the token; the query is in sample->set. */
static enum result follow(struct sample *sample, const char *words, struct slice token)
{
    char params[65536];
    snprintf(params, sizeof(params), "{%s%s\"cursor\":\"%.*s\"}", words, *words ? "," : "",
             SLICE_ARGS(token));
    return sample_compile(sample, "v1/projects/json", params);
}

static void assert_bad(struct sample *sample)
{
    assert_refused(sample, 422, "bad_cursor", "cursor");
    assert_slice(sample->problem.message,
                 "The value provided for cursor is invalid or not allowed.");
}

/* Each type's cells come back as values beside the same column; NULL stays NULL. */
static void test_round_trip(void **state)
{
    struct sample *sample = *state;
    static const struct {
        const char *column;
        const char *text;
        enum database_value_type type;
    } rows[] = {
        {"project_name", "a \"quoted\" \\ \xC3\xBC \xF0\x9F\x98\x80 \x01", DATABASE_TEXT},
        {"project_name", "", DATABASE_TEXT},
        {"project_complete", "-128", DATABASE_INTEGER},
        {"budget", "-12345678.90", DATABASE_TEXT},
        {"budget", NULL, DATABASE_NULL},
        {"size_class", "small", DATABASE_TEXT},
        {"daily", "-838:59:59", DATABASE_TEXT},
        {"daily", "100:00:00", DATABASE_TEXT},
        {"date_start", "0000-00-00", DATABASE_TEXT},
        {"date_start", NULL, DATABASE_NULL},
        {"date_created", "0000-00-00 00:00:00", DATABASE_TEXT},
        {"date_created", "2026-01-31 23:59:59.123456", DATABASE_TEXT},
    };
    for (size_t i = 0; i < SAMPLE_LENGTH(rows); i++) {
        char words[64];
        struct slice token = TOKEN(sample, rows[i].column, rows[i].text, "4294967295");
        assert_non_null(token.data);
        snprintf(words, sizeof(words), "\"sort\":\"%s\"", rows[i].column);
        assert_int_equal(follow(sample, words, token), RESULT_OK);
        const struct query *query = &sample->set.queries[0];
        assert_true(query->has_cursor);
        assert_int_equal(query->cursor[0].type, rows[i].type);
        if (rows[i].type == DATABASE_TEXT)
            assert_slice(query->cursor[0].text, rows[i].text);
        assert_true(query->cursor[1].natural == UINT32_MAX);
    }
}

/* base64url without padding: it may stand in a URL as it is. */
static void test_alphabet(void **state)
{
    for (size_t length = 0; length < 8; length++) {
        char text[8] = "\x7F\x7F\x7F\x7F\x7F\x7F\x7F";
        text[length] = '\0';
        struct slice token = TOKEN(*state, "project_name", text, "1");
        for (size_t i = 0; i < token.size; i++)
            assert_non_null(strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                   "0123456789-_",
                                   token.data[i]));
        assert_int_equal(follow(*state, "\"sort\":\"project_name\"", token), RESULT_OK);
    }
}

/* The cursor is where the list goes on: offset and page are as at its start. */
static void test_page_and_offset(void **state)
{
    struct sample *sample = *state;
    struct slice token = TOKEN(sample, "", "5");
    assert_int_equal(follow(sample, "\"page\":7", token), RESULT_OK);
    assert_true(sample->set.queries[0].offset == 0 && sample->set.queries[0].page == 1);
    assert_int_equal(follow(sample, "\"limit\":3", token), RESULT_OK); /* limit may change */
}

/* Bound to sort, direction, filters, search, resource, parents. */
static void test_other_shape(void **state)
{
    struct sample *sample = *state;
    struct slice token = TOKEN(sample, "date_created", "2026-01-01 00:00:00", "5");
    static const char *const words[] = {
        "",
        "\"sort\":\"-date_created\"",
        "\"sort\":\"date_start\"",
        "\"sort\":\"date_created,date_start\"",
        "\"sort\":\"date_created,-project_id\"",
        "\"sort\":\"date_created\",\"project_complete\":5",
        "\"sort\":\"date_created\",\"search\":\"x\"",
    };
    assert_int_equal(follow(sample, "\"sort\":\"date_created\"", token), RESULT_OK);
    for (size_t i = 0; i < SAMPLE_LENGTH(words); i++) {
        if (follow(sample, words[i], token) == RESULT_OK)
            fail_msg("%s is taken", words[i]);
        assert_bad(sample);
    }
}

static void test_other_list(void **state)
{
    struct sample *sample = *state;
    static const char *const others[] = {"v1/actions/json", "v1/projects/1/actions/json",
                                         "v1/projects/3/actions/json", "v1/topics/bythread/json"};
    struct database_cell cells[] = {cell("5")};
    char params[512];
    assert_int_equal(sample_compile(sample, "v1/projects/2/actions/json", "{}"), RESULT_OK);
    struct slice token = query_cursor_print(&sample->set.queries[0], cells, &sample->arena);
    snprintf(params, sizeof(params), "{\"cursor\":\"%.*s\"}", SLICE_ARGS(token));
    assert_int_equal(sample_compile(sample, "v1/projects/2/actions/json", params), RESULT_OK);
    for (size_t i = 0; i < SAMPLE_LENGTH(others); i++) {
        assert_int_equal(sample_compile(sample, others[i], params), RESULT_INVALID);
        assert_bad(sample);
    }
}

/* Encodes what a tamperer would, with the right shape in front. */
static struct slice forge(struct sample *sample, const char *items)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    char text[256];
    snprintf(text, sizeof(text), "[\"%016llx\"%s]",
             (unsigned long long)sample->set.queries[0].shape, items);
    size_t size = strlen(text);
    struct slice token = {arena_zalloc(&sample->arena, 512), 0};
    char *out = (char *)token.data;
    for (size_t bit = 0; bit < size * 8; bit += 6) {
        unsigned pair =
            (unsigned)(unsigned char)text[bit / 8] << 8 | (unsigned char)text[bit / 8 + 1];
        out[token.size++] = digits[pair >> (10 - bit % 8) & 63U];
    }
    return token;
}

/* "checked like any filter" */
static void test_tampering(void **state)
{
    struct sample *sample = *state;
    static const char *const items[] = {"",        ",\"x\"", ",\"-1\"",      ",\"4294967296\"",
                                        ",[1]",    ",{}",    ",\"1\",\"2\"", ",\"1 OR 1\"",
                                        ",\"1\"}", ",\"\"",  ",\"1\"] x",    ",1.5"};
    assert_int_equal(sample_compile(sample, "v1/projects/json", "{}"), RESULT_OK);
    assert_int_equal(follow(sample, "", forge(sample, ",\"1\"")), RESULT_OK);
    for (size_t i = 0; i < SAMPLE_LENGTH(items); i++) {
        if (follow(sample, "", forge(sample, items[i])) == RESULT_OK)
            fail_msg("%s is taken", items[i]);
        assert_bad(sample);
    }
    static const char *const tokens[] = {
        "x", "!!!!", "e30", "W10", "bnVsbA", "WyJhIl0", "%00", "W1tbW1tbW1tbW1tb", "MQ=="};
    for (size_t i = 0; i < SAMPLE_LENGTH(tokens); i++) {
        assert_int_equal(follow(sample, "", slice_from(tokens[i])), RESULT_INVALID);
        assert_bad(sample);
    }
    assert_int_equal(sample_compile(sample, "v1/projects/json", "{\"cursor\":5}"), RESULT_INVALID);
    assert_refused(sample, 422, "invalid_value", "cursor");
}

/* Every single changed character is refused, or reads as values that fit. Never a crash. */
static void test_each_byte_changed(void **state)
{
    struct sample *sample = *state;
    struct slice token = TOKEN(sample, "project_name", "abc", "5");
    char *copy = (char *)arena_copy(&sample->arena, token).data;
    for (size_t i = 0; i < token.size; i++) {
        copy[i] = token.data[i] == 'A' ? 'B' : 'A';
        enum result result =
            follow(sample, "\"sort\":\"project_name\"", slice_of(copy, token.size));
        assert_true((result == RESULT_OK) == sample->set.queries[0].has_cursor);
        if (i < 24) /* the shape */
            assert_int_equal(result, RESULT_INVALID);
        copy[i] = token.data[i];
    }
}

/* A value too long to carry has no token, and no token is given that would not be taken back. */
static void test_too_long(void **state)
{
    struct sample *sample = *state;
    char text[257];
    memset(text, 'a', sizeof(text));
    text[255] = '\0';
    assert_non_null(TOKEN(sample, "project_name", text, "5").data);
    text[255] = 'a';
    text[256] = '\0';
    assert_null(TOKEN(sample, "project_name", text, "5").data);

    static const char sort[] = "project_name,project_detail,-project_name,-project_detail,"
                               "project_name,project_detail,project_name,project_detail";
    char words[256];
    memset(text, 1, 255); /* each becomes six bytes in JSON */
    text[255] = '\0';
    struct slice token = TOKEN(sample, sort, text, text, text, text, text, text, text, text, "5");
    snprintf(words, sizeof(words), "\"sort\":\"%s\"", sort);
    if (token.data)
        assert_int_equal(follow(sample, words, token), RESULT_OK);
    char huge[4096];
    memset(huge, 'A', sizeof(huge));
    assert_int_equal(follow(sample, "", slice_of(huge, sizeof(huge))), RESULT_INVALID);
    assert_bad(sample);
}

/* FLOAT cells are selected as doubles for the cursor: `weight > 0.1` would find 0.1 again, without
 * end. */
static void test_float_is_exact(void **state)
{
    assert_non_null(TOKEN(*state, "weight", "0.10000000149011612", "5").data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SAMPLE_TEST(test_round_trip),        SAMPLE_TEST(test_alphabet),
        SAMPLE_TEST(test_page_and_offset),   SAMPLE_TEST(test_other_shape),
        SAMPLE_TEST(test_other_list),        SAMPLE_TEST(test_tampering),
        SAMPLE_TEST(test_each_byte_changed), SAMPLE_TEST(test_too_long),
        SAMPLE_TEST(test_float_is_exact),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
