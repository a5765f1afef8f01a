/* spec/remote-api.md section 2, Parameters. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "resources/parameters.h"

struct fixture {
    struct arena arena;
    struct problem problem;
    struct parameters parameters;
};

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    arena_init(&f->arena);
    problem_init(&f->problem, &f->arena);
    parameters_init(&f->parameters, &f->arena);
    *state = f;
    return f ? 0 : -1;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    arena_clear(&f->arena);
    free(f);
    return 0;
}

/* Adds pairs given as name, value, …, NULL. */
static enum result add_pairs(struct fixture *f, const char *const *texts)
{
    struct http_pairs pairs = {0};
    for (; *texts; texts += 2) {
        struct http_pair *pair = arena_zalloc(&f->arena, sizeof(*pair));
        pair->name = slice_from(texts[0]);
        pair->value = slice_from(texts[1]);
        if (pairs.last)
            pairs.last->next = pair;
        else
            pairs.first = pair;
        pairs.last = pair;
        pairs.count++;
    }
    return parameters_add_pairs(&f->parameters, &pairs, &f->problem);
}

#define ADD(f, ...) add_pairs(f, (const char *const[]){__VA_ARGS__, NULL, NULL})

static enum result add_json(struct fixture *f, const char *body)
{
    return parameters_add_json(&f->parameters, slice_from(body), &f->problem);
}

static void assert_slice(struct slice s, const char *expected)
{
    assert_non_null(s.data);
    assert_int_equal(s.size, strlen(expected));
    assert_memory_equal(s.data, expected, s.size);
}

static void assert_tree(const struct value *tree, const char *expected)
{
    struct buffer text;
    buffer_init(&text);
    value_print(tree, &text);
    buffer_append_char(&text, '\0');
    assert_string_equal(text.data, expected);
    buffer_clear(&text);
}

static void assert_refused(struct fixture *f, const char *code, const char *field)
{
    assert_int_equal(f->problem.status, 400);
    assert_slice(f->problem.message, "Request Invalid or Bad Format");
    assert_non_null(f->problem.first);
    assert_slice(f->problem.first->code, code);
    assert_slice(f->problem.first->field, field);
    problem_init(&f->problem, &f->arena);
}

static void test_reserved_names(void **state)
{
    struct fixture *f = *state;
    assert_null(f->parameters.username.data);
    assert_int_equal(ADD(f, "username", "ann", "password", "", "method", "GeT", "action", "v1.json",
                         "_", "1699", "username", "bob"),
                     RESULT_OK);
    assert_slice(f->parameters.username, "bob");
    assert_slice(f->parameters.password, "");
    assert_slice(f->parameters.method, "GeT");
    assert_slice(f->parameters.action, "v1.json");
    assert_tree(f->parameters.params, "{}");
    assert_tree(f->parameters.loose, "{\"_\":\"1699\"}");
}

/* "empty, null, {} and [] mean none" */
static void test_none(void **state)
{
    struct fixture *f = *state;
    static const char *const none[] = {"", "null", "{}", "[]", " [ ] "};
    for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
        assert_int_equal(ADD(f, "params", none[i]), RESULT_OK);
        assert_tree(f->parameters.params, "{}");
    }
    assert_int_equal(add_json(f, ""), RESULT_OK);
    assert_int_equal(add_json(f, "[]"), RESULT_OK);
    assert_int_equal(add_json(f, "null"), RESULT_OK);
    assert_int_equal(add_json(f, "{\"params\":[]}"), RESULT_OK);
    assert_int_equal(add_json(f, "{\"params\":\"\"}"), RESULT_OK);
    assert_int_equal(add_json(f, "{\"params\":null}"), RESULT_OK);
    assert_tree(f->parameters.params, "{}");
    assert_false(problem_is_set(&f->problem));
}

static void test_brackets(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(ADD(f, "params[project_id]", "100", "params[ids][]", "1", "params[ids][]", "2",
                         "params[a][b]", "c", "params[a][d]", "", "params[x][0]", "n"),
                     RESULT_OK);
    assert_tree(f->parameters.params, "{\"project_id\":\"100\",\"ids\":[\"1\",\"2\"],"
                                      "\"a\":{\"b\":\"c\",\"d\":\"\"},\"x\":[\"n\"]}");
}

/* Lists where the indices are 0 to n-1, objects elsewhere. */
static void test_indices(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(ADD(f, "params[r][1]", "b", "params[r][0]", "a", "params[g][0]", "a",
                         "params[g][2]", "c", "params[z][00]", "a", "params[n][5]", "a",
                         "params[n][]", "b", "params[l][][k]", "1", "params[l][][k]", "2",
                         "params[h][18446744073709551615]", "a", "params[h][]", "b"),
                     RESULT_OK);
    assert_tree(f->parameters.params,
                "{\"r\":[\"a\",\"b\"],\"g\":{\"0\":\"a\",\"2\":\"c\"},\"z\":{\"00\":\"a\"},"
                "\"n\":{\"5\":\"a\",\"6\":\"b\"},\"l\":[{\"k\":\"1\"},{\"k\":\"2\"}],"
                "\"h\":{\"18446744073709551615\":\"a\",\"0\":\"b\"}}");
}

/* "Both may be mixed; brackets win. A name given twice, in JSON too: the last wins." */
static void test_precedence(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(
        ADD(f, "params[a]", "bracket", "params", "{\"bad", "params", "{\"a\":1,\"b\":2,\"b\":3}"),
        RESULT_OK);
    assert_tree(f->parameters.params, "{\"b\":3,\"a\":\"bracket\"}");
    assert_int_equal(
        ADD(f, "params[c]", "1", "params[c][d]", "2", "params[e][f]", "1", "params[e]", "2"),
        RESULT_OK);
    assert_tree(f->parameters.params,
                "{\"b\":3,\"a\":\"bracket\",\"c\":{\"d\":\"2\"},\"e\":\"2\"}");
}

/* "Sources, later ones win: query string, then body." */
static void test_body_wins(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(ADD(f, "username", "q", "method", "get", "params", "{\"a\":1,\"b\":2}"),
                     RESULT_OK);
    assert_int_equal(ADD(f, "username", "b", "params", "{\"a\":9}"), RESULT_OK);
    assert_slice(f->parameters.username, "b");
    assert_slice(f->parameters.method, "get");
    assert_tree(f->parameters.params, "{\"b\":2,\"a\":9}");
}

static void test_json_body(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(add_json(f, "{\"username\":1,\"ids\":[1,\"2\",1.50]}"), RESULT_OK);
    assert_null(f->parameters.username.data);
    assert_tree(f->parameters.params, "{\"username\":1,\"ids\":[1,\"2\",1.50]}");
}

static void test_envelope(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(add_json(f, "{\"username\":\"ann\",\"password\":12,\"method\":null,"
                                 "\"limit\":5,\"params\":{\"a\":{\"gte\":1}}}"),
                     RESULT_OK);
    assert_slice(f->parameters.username, "ann");
    assert_slice(f->parameters.password, "12");
    assert_null(f->parameters.method.data);
    assert_tree(f->parameters.params, "{\"a\":{\"gte\":1}}");
    assert_tree(f->parameters.loose, "{\"limit\":5}");
    assert_int_equal(add_json(f, "{\"params\":\"{\\\"b\\\":2}\"}"), RESULT_OK);
    assert_tree(f->parameters.params, "{\"a\":{\"gte\":1},\"b\":2}");
}

static void test_envelope_faults(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(add_json(f, "{\"username\":[\"x\"],\"params\":{}}"), RESULT_INVALID);
    assert_refused(f, "invalid_value", "username");
    assert_int_equal(add_json(f, "{\"action\":true,\"params\":{}}"), RESULT_INVALID);
    assert_refused(f, "invalid_value", "action");
    assert_int_equal(add_json(f, "{\"params\":\"{\"}"), RESULT_INVALID);
    assert_refused(f, "bad_json", "params");
    assert_int_equal(add_json(f, "{\"params\":true}"), RESULT_INVALID);
    assert_refused(f, "bad_json", "params");
}

static void test_not_an_object(void **state)
{
    struct fixture *f = *state;
    static const char *const bad[] = {"5",  "\"x\"", "true",  "{",     "{}x",
                                      "[1", "[1]]",  "[1,,]", "[{},}", " "};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(ADD(f, "params", bad[i]), RESULT_INVALID);
        assert_refused(f, "bad_json", "params");
        assert_int_equal(add_json(f, bad[i]), RESULT_INVALID);
        assert_refused(f, "bad_json", "params");
    }
}

static void test_malformed_brackets(void **state)
{
    struct fixture *f = *state;
    static const char *const bad[] = {"params[a",     "params[]]x", "params[a]b",   "params[a]b[c]",
                                      "params[a[b]]", "params[",    "params[]",     "params[][a]",
                                      "params[a]]",   "username[]", "method[a][b]", "action["};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(ADD(f, bad[i], "1"), RESULT_INVALID);
        assert_refused(f, "unknown_parameter", bad[i]);
    }
    assert_tree(f->parameters.params, "{}");
}

static void test_encoding(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(ADD(f, "params[a]", "x\xFF"), RESULT_INVALID);
    assert_refused(f, "bad_encoding", "params[a]");
    assert_int_equal(ADD(f, "username", "\xC3"), RESULT_INVALID);
    assert_refused(f, "bad_encoding", "username");
    assert_int_equal(ADD(f, "a\xC0", "1"), RESULT_INVALID);
    assert_refused(f, "bad_encoding", "a\xEF\xBF\xBD");
    assert_int_equal(add_json(f, "{\"a\":\"\xED\xA0\x80\"}"), RESULT_INVALID);
    assert_refused(f, "bad_encoding", "params");
}

/* Top-level names with brackets are trees; those that make no sense are unknown, thus ignored. */
static void test_loose(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(ADD(f, "project_id[]", "1", "project_id[]", "2", "foo[", "x", "limit", "5",
                         "limit", "6", "params]", "x", "Params", "y"),
                     RESULT_OK);
    assert_tree(
        f->parameters.loose,
        "{\"project_id\":[\"1\",\"2\"],\"limit\":\"6\",\"params]\":\"x\",\"Params\":\"y\"}");
}

/* "Limits: nesting 8" */
static void test_depth(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(ADD(f, "params[1][2][3][4][5][6][7][8]", "x"), RESULT_OK);
    assert_int_equal(ADD(f, "params[1][2][3][4][5][6][7][8][9]", "x"), RESULT_LIMIT);
    assert_refused(f, "too_deep", "params[1][2][3][4][5][6][7][8][9]");
    assert_int_equal(ADD(f, "params", "{\"a\":[[[[[[[1]]]]]]]}"), RESULT_OK);
    assert_int_equal(ADD(f, "params", "{\"a\":[[[[[[[[1]]]]]]]]}"), RESULT_LIMIT);
    assert_refused(f, "too_deep", "params");
    assert_int_equal(add_json(f, "{\"a\":[[[[[[[[1]]]]]]]]}"), RESULT_LIMIT);
    assert_refused(f, "too_deep", "params");
    assert_int_equal(add_json(f, "{\"params\":{\"a\":[[[[[[[1]]]]]]]}}"), RESULT_OK);
    assert_int_equal(add_json(f, "{\"params\":{\"a\":[[[[[[[[1]]]]]]]]}}"), RESULT_LIMIT);
    assert_refused(f, "too_deep", "params");
}

static struct slice make_members(struct fixture *f, size_t count)
{
    struct buffer text;
    buffer_init(&text);
    for (size_t i = 0; i < count; i++)
        buffer_printf(&text, "%c\"n%zu\":%zu", i ? ',' : '{', i, i);
    buffer_append_char(&text, '}');
    struct slice copy = arena_copy(&f->arena, buffer_slice(&text));
    buffer_clear(&text);
    return copy;
}

/* "512 names", of all sources together */
static void test_names(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(ADD(f, "params", make_members(f, 512).data), RESULT_OK);
    assert_int_equal(f->parameters.params->count, 512);
    assert_int_equal(ADD(f, "params", make_members(f, 513).data), RESULT_LIMIT);
    assert_refused(f, "too_many_names", "params");
    assert_int_equal(add_json(f, make_members(f, 513).data), RESULT_LIMIT);
    assert_refused(f, "too_many_names", "params");
    assert_int_equal(ADD(f, "params[one_more]", "x"), RESULT_LIMIT);
    assert_refused(f, "too_many_names", "params");
}

/* "64 KiB for params"; section 7: file_content "must fit the body limit" */
static void test_size(void **state)
{
    struct fixture *f = *state;
    char *text = arena_alloc(&f->arena, 65537);
    memset(text, ' ', 65536);
    text[65536] = '\0';
    memcpy(text, "{}", 2);
    assert_int_equal(ADD(f, "params", text), RESULT_OK);
    memset(text, 'x', 65536);
    assert_int_equal(ADD(f, "params[a]", text), RESULT_LIMIT);
    assert_refused(f, "too_large", "params");
    assert_int_equal(ADD(f, "params[file_content]", text), RESULT_OK);
    struct slice json = arena_printf(&f->arena, "{\"a\":\"%s\"}", text);
    assert_int_equal(add_json(f, json.data), RESULT_LIMIT);
    assert_refused(f, "too_large", "params");
    json = arena_printf(&f->arena, "{\"file_content\":\"%s\"}", text);
    assert_int_equal(add_json(f, json.data), RESULT_OK);
}

/* The text with each X become escape, each quote a quote behind a backslash. */
static const char *escape(struct fixture *f, struct slice text, const char *escape)
{
    struct buffer out;
    buffer_init(&out);
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] == '"')
            buffer_append_char(&out, '\\');
        if (text.data[i] == 'X')
            buffer_append_slice(&out, slice_from(escape));
        else
            buffer_append_char(&out, text.data[i]);
    }
    buffer_append_char(&out, '\0');
    const char *copy = arena_copy(&f->arena, buffer_slice(&out)).data;
    buffer_clear(&out);
    return copy;
}

/* As much as does not count, blanks that count around it. */
static struct slice make_file(struct fixture *f, const char *sign, size_t blanks)
{
    struct slice text = arena_printf(&f->arena, "%70000s", "");
    memset((char *)(uintptr_t)text.data, 'X', text.size);
    return arena_printf(&f->arena, "{\"file_content\":%*s\"%s\"}", (int)blanks, "",
                        escape(f, text, sign));
}

enum { FILE_QUOTES = sizeof("{\"file_content\":\"\"}") - 1 };

/* A file counts for nothing however it is escaped: json_encode() makes of each slash two signs. */
static void test_size_of_an_escaped_file(void **state)
{
    static const char *const signs[] = {"/", "\\/", "\\u002f", "\\\\"};
    struct fixture *f = *state;
    for (size_t i = 0; i < sizeof(signs) / sizeof(signs[0]); i++) {
        struct slice fits = make_file(f, signs[i], PARAMETERS_MOST_BYTES - FILE_QUOTES);
        struct slice large = make_file(f, signs[i], PARAMETERS_MOST_BYTES - FILE_QUOTES + 1);
        assert_int_equal(add_json(f, fits.data), RESULT_OK);
        assert_int_equal(value_get(f->parameters.params, SLICE("file_content"))->text.size, 70000);
        assert_int_equal(ADD(f, "params", fits.data), RESULT_OK);
        assert_int_equal(add_json(f, large.data), RESULT_LIMIT);
        assert_refused(f, "too_large", "params");
        assert_int_equal(ADD(f, "params", large.data), RESULT_LIMIT);
        assert_refused(f, "too_large", "params");
    }
}

/* In an envelope, in params as an object or as text, or beside them as in a form. */
static void test_size_of_an_envelopes_file(void **state)
{
    struct fixture *f = *state;
    const size_t most = PARAMETERS_MOST_BYTES - FILE_QUOTES - (sizeof("{\"params\":}") - 1);
    struct slice file = make_file(f, "\\/", most);
    struct slice body = arena_printf(&f->arena, "{\"params\":%s}", file.data);
    assert_int_equal(add_json(f, body.data), RESULT_OK);
    body = arena_printf(&f->arena, "{\"params\": %s}", file.data);
    assert_int_equal(add_json(f, body.data), RESULT_LIMIT);
    assert_refused(f, "too_large", "params");

    file = make_file(f, "X", PARAMETERS_MOST_BYTES - FILE_QUOTES);
    body = arena_printf(&f->arena, "{\"params\":\"%s\"}", escape(f, file, "\\\\\\/"));
    assert_int_equal(add_json(f, body.data), RESULT_OK);
    file = make_file(f, "X", PARAMETERS_MOST_BYTES - FILE_QUOTES + 1);
    body = arena_printf(&f->arena, "{\"params\":\"%s\"}", escape(f, file, "\\\\\\/"));
    assert_int_equal(add_json(f, body.data), RESULT_LIMIT);
    assert_refused(f, "too_large", "params");

    static const char *const params[] = {"{}", "[]", "null"};
    for (size_t i = 0; i < sizeof(params) / sizeof(params[0]); i++) {
        const size_t own = sizeof(",\"params\":") - 1 + strlen(params[i]);
        for (size_t more = 0; more < 2; more++) {
            file = make_file(f, "\\/", PARAMETERS_MOST_BYTES - FILE_QUOTES - own + more);
            body = arena_printf(&f->arena, "%.*s,\"params\":%s}", (int)file.size - 1, file.data,
                                params[i]);
            assert_int_equal(add_json(f, body.data), more ? RESULT_LIMIT : RESULT_OK);
            if (more)
                assert_refused(f, "too_large", "params");
        }
    }
    assert_int_equal(value_get(f->parameters.loose, SLICE("file_content"))->text.size, 70000);
}

/* Text alone is a file, under that name alone, and the last one alone. */
static void test_size_of_what_is_no_file(void **state)
{
    static const char *const shapes[] = {
        "{\"file_content\":[\"%s\"]}",
        "{\"file_content\":{\"file_content\":\"%s\"}}",
        "{\"\\/\":\"%s\"}",
        "{\"file_content\":\"%s\",\"file_content\":\"\\/\"}",
        "{\"params\":{},\"file\":\"%s\"}",
        "{\"params\":{},\"x\":{\"file_content\":\"%s\"}}",
        "{\"params\":{\"x\":{\"file_content\":\"%s\"}}}",
    };
    struct fixture *f = *state;
    struct slice text = arena_printf(&f->arena, "%70000s", "");
    for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
        size_t at = slice_find(slice_from(shapes[i]), '%');
        struct slice body =
            arena_printf(&f->arena, "%.*s%s%s", (int)at, shapes[i], text.data, shapes[i] + at + 2);
        assert_int_equal(add_json(f, body.data), RESULT_LIMIT);
        assert_refused(f, "too_large", "params");
    }
}

/* --- lists: section 6, "a JSON array as `params` of POST" ---------------------------------------
 */

/* In every place where params may stand. A list that is empty is none (section 2). */
static void test_lists(void **state)
{
    struct fixture *f = *state;
    static const char list[] = "[{\"a\":1},{\"a\":\"2\",\"b\":null}]";
    assert_null(f->parameters.items);
    assert_int_equal(ADD(f, "params", list), RESULT_OK);
    assert_tree(f->parameters.items, list);
    assert_tree(f->parameters.params, "{}");
    f->parameters.items = NULL;
    assert_int_equal(add_json(f, list), RESULT_OK);
    assert_tree(f->parameters.items, list);
    f->parameters.items = NULL;
    assert_int_equal(add_json(f, "{\"method\":\"post\",\"dry_run\":1,\"params\":[{\"a\":1}]}"),
                     RESULT_OK);
    assert_tree(f->parameters.items, "[{\"a\":1}]");
    assert_tree(f->parameters.loose, "{\"dry_run\":1}");
    assert_slice(f->parameters.method, "post");
    f->parameters.items = NULL;
    assert_int_equal(add_json(f, "{\"params\":\"[{\\\"a\\\":1}]\"}"), RESULT_OK);
    assert_tree(f->parameters.items, "[{\"a\":1}]");
    f->parameters.items = NULL;
    assert_int_equal(ADD(f, "params", " [ ] "), RESULT_OK);
    assert_int_equal(add_json(f, "{\"params\":[]}"), RESULT_OK);
    assert_null(f->parameters.items);
}

/* Items that are no objects are named one by one by whoever takes the list. */
static void test_lists_of_anything(void **state)
{
    struct fixture *f = *state;
    static const char list[] = "[1,\"x\",null,[],{},true]";
    assert_int_equal(ADD(f, "params", list), RESULT_OK);
    assert_tree(f->parameters.items, list);
    assert_false(problem_is_set(&f->problem));
}

/* Of several lists the last wins; an object beside one is kept, so that both can be refused. */
static void test_lists_of_several_sources(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(ADD(f, "params", "[{\"a\":1}]", "params", "[{\"a\":2}]"), RESULT_OK);
    assert_tree(f->parameters.items, "[{\"a\":2}]");
    assert_int_equal(add_json(f, "[{\"a\":3}]"), RESULT_OK);
    assert_tree(f->parameters.items, "[{\"a\":3}]");
    assert_int_equal(ADD(f, "params", "[]", "params[b]", "4"), RESULT_OK);
    assert_tree(f->parameters.items, "[{\"a\":3}]");
    assert_tree(f->parameters.params, "{\"b\":\"4\"}");
}

/* A name given twice in an item: the last wins. */
static void test_lists_with_duplicates(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(add_json(f, "[{\"a\":1,\"b\":2,\"a\":3},{\"a\":4}]"), RESULT_OK);
    assert_tree(f->parameters.items, "[{\"b\":2,\"a\":3},{\"a\":4}]");
}

/* "nesting 8", the list counted. */
static void test_lists_depth(void **state)
{
    struct fixture *f = *state;
    static const char deepest[] = "[{\"a\":[[[[[[1]]]]]]}]";
    static const char deeper[] = "[{\"a\":[[[[[[[1]]]]]]]}]";
    assert_int_equal(ADD(f, "params", deepest), RESULT_OK);
    assert_int_equal(add_json(f, deepest), RESULT_OK);
    assert_int_equal(ADD(f, "params", deeper), RESULT_LIMIT);
    assert_refused(f, "too_deep", "params");
    assert_int_equal(add_json(f, deeper), RESULT_LIMIT);
    assert_refused(f, "too_deep", "params");
    assert_int_equal(add_json(f, "{\"params\":[{\"a\":[[[[[[[1]]]]]]]}]}"), RESULT_LIMIT);
    assert_refused(f, "too_deep", "params");
    assert_tree(f->parameters.items, deepest);
}

/* [MEMBERS, MEMBERS, …] */
static char *make_list(struct fixture *f, size_t count, size_t members)
{
    struct slice item = make_members(f, members);
    struct buffer text;
    buffer_init(&text);
    for (size_t i = 0; i < count; i++)
        buffer_printf(&text, "%c%.*s", i ? ',' : '[', SLICE_ARGS(item));
    buffer_append_char(&text, ']');
    struct slice copy = arena_copy(&f->arena, buffer_slice(&text));
    buffer_clear(&text);
    return (char *)(uintptr_t)copy.data;
}

/* Each item is held to what params is held to, 512 names, and the list to 64 times as many. */
static void test_lists_names(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(add_json(f, make_list(f, 3, 512)), RESULT_OK);
    assert_int_equal(f->parameters.items->count, 3);
    assert_int_equal(ADD(f, "params", make_list(f, 3, 512)), RESULT_OK);
    assert_int_equal(ADD(f, "params", make_list(f, 3, 513)), RESULT_LIMIT);
    assert_refused(f, "too_many_names", "params");
    assert_int_equal(add_json(f, make_list(f, 1, 519)), RESULT_LIMIT);
    assert_refused(f, "too_many_names", "params");
    /* 512 in all, deeper down: items of lists count as well */
    assert_int_equal(add_json(f, "[{\"a\":[1,2],\"b\":{\"c\":3}}]"), RESULT_OK);
    char *long_list = arena_alloc(&f->arena, 2000);
    memcpy(long_list, "[{\"a\":[0", 8);
    for (size_t i = 0; i < 511; i++)
        memcpy(long_list + 8 + 2 * i, ",0", 2);
    memcpy(long_list + 8 + 1022, "]}]", 4);
    assert_int_equal(add_json(f, long_list), RESULT_LIMIT);
    assert_refused(f, "too_many_names", "params");
    /* the whole: 64 * 512 of items and their members */
    assert_int_equal(add_json(f, make_list(f, 63, 512)), RESULT_OK);
    assert_int_equal(add_json(f, make_list(f, 64, 512)), RESULT_LIMIT);
    assert_refused(f, "too_many_names", "params");
}

/* What is no list has no more than 512 names, whatever the body may hold. */
static void test_objects_are_no_lists(void **state)
{
    struct fixture *f = *state;
    struct slice many = make_members(f, 600);
    assert_int_equal(add_json(f, many.data), RESULT_LIMIT);
    assert_refused(f, "too_many_names", "params");
    struct slice body = arena_printf(&f->arena, "{\"params\":%.*s}", SLICE_ARGS(many));
    assert_int_equal(add_json(f, body.data), RESULT_LIMIT);
    assert_refused(f, "too_many_names", "params");
    body = arena_printf(&f->arena, "%.*s,\"params\":[{}]}", (int)many.size - 1, many.data);
    assert_int_equal(add_json(f, body.data), RESULT_LIMIT);
    assert_refused(f, "too_many_names", "params");
    assert_null(f->parameters.items);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_reserved_names),
        TEST(test_none),
        TEST(test_brackets),
        TEST(test_indices),
        TEST(test_precedence),
        TEST(test_body_wins),
        TEST(test_json_body),
        TEST(test_envelope),
        TEST(test_envelope_faults),
        TEST(test_not_an_object),
        TEST(test_malformed_brackets),
        TEST(test_encoding),
        TEST(test_loose),
        TEST(test_depth),
        TEST(test_names),
        TEST(test_size),
        TEST(test_size_of_an_escaped_file),
        TEST(test_size_of_an_envelopes_file),
        TEST(test_size_of_what_is_no_file),
        TEST(test_lists),
        TEST(test_lists_of_anything),
        TEST(test_lists_of_several_sources),
        TEST(test_lists_with_duplicates),
        TEST(test_lists_depth),
        TEST(test_lists_names),
        TEST(test_objects_are_no_lists),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
