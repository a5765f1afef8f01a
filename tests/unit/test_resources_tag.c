/* spec/remote-api.md section 6 (ETag); RFC 9110 8.8.3, 13.1.2. */
#include "resources/tag.h"
#include "sample_model.h"

static bool matches(const char *field, const char *tag)
{
    return tag_matches(slice_from(field), slice_from(tag));
}

/* Any tag of the list, compared weakly: W/ and the coding's ending do not matter. */
static void test_matches(void **state)
{
    (void)state;
    static const char *const fields[] = {
        "*",
        " * ",
        "\"r.a\"",
        "W/\"r.a\"",
        "\"r.a-gzip\"",
        "\"r.a-br\"",
        "\"x.y\", \"r.a\"",
        "\"x.y\" ,W/\"r.a\"",
        ",,\"r.a\"",
        "\"x\",\"r.a-br\",\"y\"",
    };
    static const char *const tags[] = {"\"r.a\"", "\"r.a-gzip\"", "\"r.a-br\"", "W/\"r.a\""};
    for (size_t i = 0; i < SAMPLE_LENGTH(fields); i++)
        for (size_t t = 0; t < SAMPLE_LENGTH(tags); t++)
            if (!matches(fields[i], tags[t]))
                fail_msg("%s should name %s", fields[i], tags[t]);
    assert_true(matches("W/\"a\"", "W/\"a\"")); /* a list's: no first part */
}

/* If-None-Match concerns the whole answer: an equal record with another answer is another. */
static void test_differs(void **state)
{
    (void)state;
    static const char *const fields[] = {
        "",   ",",  "\"r.b\"",   "\"r\"", "r.a",      "\"r.a",     "r.a\"",    "\"\"",
        "\"", "W/", "w/\"r.a\"", "\"*\"", "*, \"x\"", "\"r.a a\"", "\"r.aa\"", "\"R.A\""};
    for (size_t i = 0; i < SAMPLE_LENGTH(fields); i++)
        if (matches(fields[i], "\"r.a\""))
            fail_msg("%s should not name it", fields[i]);
    assert_false(tag_matches(slice_of(NULL, 0), SLICE("\"r.a\"")));
    assert_false(matches("*", "")); /* nothing to name */
    assert_false(matches("\"\"", "\"\""));
}

/* If-Match: any tag of the list, compared strongly by its first part; a coding's ending and what
 * the rest of the answer held do not matter. */
static void test_record(void **state)
{
    (void)state;
    static const char *const fields[] = {
        "*",
        " * ",
        "\"r.a\"",
        "\"r.other\"",
        "\"r.a-gzip\"",
        "\"r.a-br\"",
        "\"r.\"",
        "\"x.y\", \"r.a\"",
        "\"x.y\",W/\"r.a\",\"r.b\"",
        ",,\"r.a\" ,",
    };
    static const char *const others[] = {
        "",         ",",          "\"x.a\"",   "W/\"r.a\"",  "W/*",     "r.a",
        "\"r.a",    "r.a\"",      "\"r\"",     "\"\"",       "\"",      "\".a\"",
        "\"rr.a\"", "\"R.a\"",    "\"*\"",     "*, \"x.y\"", "\"a.r\"", "\"x.r.a\"",
        "'r.a'",    "\"r-gzip\"", "w/\"r.a\"", "\" r.a\"",
    };
    for (size_t i = 0; i < SAMPLE_LENGTH(fields); i++)
        if (!tag_matches_record(slice_from(fields[i]), SLICE("r")))
            fail_msg("%s should name it", fields[i]);
    for (size_t i = 0; i < SAMPLE_LENGTH(others); i++)
        if (tag_matches_record(slice_from(others[i]), SLICE("r")))
            fail_msg("%s should not name it", others[i]);
    assert_false(tag_matches_record(SLICE("\"5c19.77-gzip\""), SLICE("5c1")));
}

static void hash(struct tag_hash *hash, struct slice bytes, size_t piece, char *hex)
{
    tag_hash_start(hash);
    for (size_t at = 0; at < bytes.size; at += piece)
        tag_hash_add(hash,
                     slice_of(bytes.data + at, bytes.size - at < piece ? bytes.size - at : piece));
    tag_hash_finish(hash, hex);
}

/* The same bytes give the same tag, in whatever pieces they come; XXH3-128 of "abc" begins so. */
static void test_hash(void **state)
{
    (void)state;
    char bytes[2000];
    char whole[TAG_HASH_HEX + 1];
    char pieces[TAG_HASH_HEX + 1];
    struct tag_hash *made = tag_hash_create();
    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (char)(i * 7);
    hash(made, SLICE("abc"), 1, pieces);
    assert_string_equal(pieces, "06b05ab6733a618578af5f94");
    static const size_t sizes[] = {1, 3, 511, 512, 513, 1024, 1999};
    hash(made, slice_of(bytes, sizeof(bytes)), sizeof(bytes), whole);
    for (size_t i = 0; i < SAMPLE_LENGTH(sizes); i++) {
        hash(made, slice_of(bytes, sizeof(bytes)), sizes[i], pieces);
        assert_string_equal(pieces, whole);
    }
    bytes[1000]++;
    hash(made, slice_of(bytes, sizeof(bytes)), 100, pieces);
    assert_string_not_equal(pieces, whole);
    tag_hash_destroy(made);
    tag_hash_destroy(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_matches),
        cmocka_unit_test(test_differs),
        cmocka_unit_test(test_record),
        cmocka_unit_test(test_hash),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
