/*
 * multipart/form-data as it streams in: RFC 7578 4, RFC 2046 5.1.1; remote-api.md 7, files. Every
 * body is read whole and cut at every byte, and tells the same.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buffer.h"
#include "http/multipart_reader.h"

/* One reading; all that happened is in log: "a=1|{name:filename:type}content;|…", and at its end
 * the verdict when it is not RESULT_OK: "!400 code field". */
struct reading {
    struct arena arena;
    struct problem problem;
    struct http_pairs pairs;
    struct http_pair *told; /* the last pair in log */
    struct multipart_events events;
    struct multipart_reader *reader;
    size_t pieces;
    bool refuses_files;
    struct buffer log;
};

static void tell_pairs(struct reading *reading)
{
    struct http_pair *pair = reading->told ? reading->told->next : reading->pairs.first;
    for (; pair; pair = pair->next) {
        buffer_printf(&reading->log, "%.*s=%.*s|", SLICE_ARGS(pair->name), SLICE_ARGS(pair->value));
        reading->told = pair;
    }
}

static bool is_file(void *context, struct slice field)
{
    tell_pairs(context);
    return slice_equal(field, SLICE("file"));
}

static enum result on_file(void *context, const struct multipart_file *file)
{
    struct reading *reading = context;
    tell_pairs(reading);
    if (reading->refuses_files) {
        problem_set(&reading->problem, 409, SLICE("No"));
        problem_add(&reading->problem, SLICE("no_file"), file->field, "No.");
        return RESULT_DENIED;
    }
    buffer_printf(&reading->log, "{%.*s:%.*s:%.*s}", SLICE_ARGS(file->field),
                  SLICE_ARGS(file->name), SLICE_ARGS(file->type));
    return RESULT_OK;
}

static void on_file_piece(void *context, struct slice piece)
{
    struct reading *reading = context;
    assert_true(piece.size > 0);
    reading->pieces++;
    buffer_append_slice(&reading->log, piece);
}

static void on_file_end(void *context)
{
    buffer_append_char(&((struct reading *)context)->log, ';');
}

static void reading_begin(struct reading *reading, const char *type, uint64_t most_bytes)
{
    memset(reading, 0, sizeof(*reading));
    arena_init(&reading->arena);
    buffer_init(&reading->log);
    problem_init(&reading->problem, &reading->arena);
    reading->events = (struct multipart_events){.is_file = is_file,
                                                .on_file = on_file,
                                                .on_file_piece = on_file_piece,
                                                .on_file_end = on_file_end,
                                                .context = reading};
    reading->reader = multipart_reader_create(&reading->arena, slice_from(type), most_bytes,
                                              &reading->pairs, &reading->events, &reading->problem);
    assert_non_null(reading->reader);
}

/* A copy on the heap, so that AddressSanitizer sees a byte too many. */
static enum result feed(struct reading *reading, struct slice bytes)
{
    char *copy = malloc(bytes.size + 1);
    memcpy(copy, bytes.data, bytes.size);
    enum result result = multipart_reader_feed(reading->reader, slice_of(copy, bytes.size));
    memset(copy, '?', bytes.size);
    free(copy);
    return result;
}

static void reading_end(struct reading *reading, enum result result)
{
    const struct problem *problem = &reading->problem;
    if (result == RESULT_OK)
        result = multipart_reader_end(reading->reader);
    tell_pairs(reading);
    assert_int_equal(result != RESULT_OK, problem_is_set(problem));
    assert_int_equal(result != RESULT_OK, problem->cause_count);
    if (result != RESULT_OK)
        buffer_printf(&reading->log, "!%d %.*s %.*s", problem->status,
                      SLICE_ARGS(problem->first->code), SLICE_ARGS(problem->first->field));
    assert_int_equal(multipart_reader_end(reading->reader), result);
}

static void reading_clear(struct reading *reading)
{
    buffer_clear(&reading->log);
    arena_clear(&reading->arena);
}

/* The first `first` bytes at once, then `step` at a time. */
static void read_cut(struct reading *reading, struct slice body, size_t first, size_t step)
{
    enum result result = RESULT_OK;
    while (body.size > 0 && result == RESULT_OK) {
        size_t size = first < body.size ? first : body.size;
        result = feed(reading, slice_of(body.data, size));
        body = slice_skip(body, size);
        first = step;
    }
    reading_end(reading, result);
}

static void compare_cut(struct slice body, uint64_t most_bytes, struct slice expected, size_t first,
                        size_t step)
{
    struct reading reading;
    reading_begin(&reading, "multipart/form-data; boundary=b", most_bytes);
    read_cut(&reading, body, first, step);
    if (!slice_equal(buffer_slice(&reading.log), expected))
        fail_msg("%.*s cut at %zu, %zu told %.*s", SLICE_ARGS(body), first, step,
                 SLICE_ARGS(buffer_slice(&reading.log)));
    reading_clear(&reading);
}

static void expect_bounded(struct slice body, uint64_t most_bytes, const char *expected)
{
    struct slice told = slice_from(expected);
    for (size_t first = 1; first <= body.size; first++)
        compare_cut(body, most_bytes, told, first, body.size);
    for (size_t step = 1; step < 4; step++)
        compare_cut(body, most_bytes, told, step, step);
}

static void expect(struct slice body, const char *expected)
{
    expect_bounded(body, 100000, expected);
}

#define PART(head, content) "--b\r\n" head "\r\n\r\n" content "\r\n"
#define NAME(name)          "Content-Disposition: form-data; name=" name
#define FILE_NAME(name)     NAME("f") "; filename=" name
#define FILE_PART(content)  PART(FILE_NAME("x"), content)
#define EXPECT(body, told)  expect(SLICE(body), told)

static void test_fields_and_files_come_in_their_order(void **state)
{
    (void)state;
    EXPECT(PART(NAME("a"), "1") PART(NAME("\"c d\""), "")
               PART(FILE_NAME("\"x.bin\"") "\r\nContent-Type: image/png; q=1", "one\r\ntwo\r\n")
                   PART(NAME("e"), "2") "--b--\r\n",
           "a=1|c d=|{f:x.bin:image/png; q=1}one\r\ntwo\r\n;e=2|");
    EXPECT(FILE_PART("1") PART(FILE_NAME("y"), "2") "--b--", "{f:x:}1;{f:y:}2;");
    EXPECT("--b--", "");
}

/* remote-api.md 2: POST with everything in the query and an empty body must work. */
static void test_a_body_of_no_byte(void **state)
{
    (void)state;
    EXPECT("", "");
}

static void test_empty_files(void **state)
{
    (void)state;
    EXPECT(FILE_PART("") "--b--\r\n", "{f:x:};");
    EXPECT(PART(FILE_NAME("\"\"") "\r\nContent-Type: application/octet-stream", "") "--b--",
           "{f::application/octet-stream};");
    /* RFC 2046 5.1.1: the empty line's own CRLF may be the delimiter's */
    EXPECT("--b\r\n" FILE_NAME("x") "\r\n\r\n--b\r\n" NAME("a") "\r\n\r\n--b--", "{f:x:};a=|");
}

/* RFC 7578 4.2: a filename is not compulsory; whose part it is says who reads the form. */
static void test_files_without_a_name(void **state)
{
    (void)state;
    EXPECT(PART(NAME("a"), "1")
               PART(NAME("\"file\"") "\r\nContent-Type: text/csv", "x\r\ny") "--b--",
           "a=1|{file::text/csv}x\r\ny;");
    EXPECT(PART(NAME("file"), "") PART(NAME("file"), "2") PART(NAME("files"), "3") "--b--",
           "{file::};{file::}2;files=3|");
}

/* What only looks like a delimiter is content; CRLF before a delimiter is none. */
static void test_content_like_delimiters(void **state)
{
    (void)state;
    static const char *const contents[] = {
        "\r",
        "\n",
        "\r\n",
        "\r\n\r\n",
        "\r\r\n\n",
        "-",
        "--",
        "\r\n-",
        "\r\n--",
        "\r\n--\r\n",
        "\r\n--bb",
        "\r\n--b-",
        "\r\n--b-\r\n",
        "\r\n--b\r",
        "\r\n--b\n",
        "\r\n--b \t\r \n",
        "\r\n--b--x",
        "\r\n--b--\r\r",
        "\r\n --b\r\n",
        "\n--b\r\n",
        "\r--b\r\n",
        "x--b\r\n",
        "--b-",
        "--b--x",
        "--bx\r\n--bx--",
        "\r\n--b\r\r\n--b-\r\n--bc--\r\n--",
        "\r\n--B\r\n--B--\r\n",
    };
    for (size_t i = 0; i < sizeof(contents) / sizeof(*contents); i++) {
        char body[256], told[256];
        snprintf(body, sizeof(body), "--b\r\n%s\r\n\r\n%s\r\n--b--", FILE_NAME("x"), contents[i]);
        snprintf(told, sizeof(told), "{f:x:}%s;", contents[i]);
        expect(slice_from(body), told);
        snprintf(body, sizeof(body), "--b\r\n%s\r\n\r\n%s\r\n--b--", NAME("a"), contents[i]);
        snprintf(told, sizeof(told), "a=%s|", contents[i]);
        expect(slice_from(body), told);
    }
}

/* NUL and bytes of every value go through a file as they are. */
static void test_every_byte_goes_through(void **state)
{
    (void)state;
    struct buffer body, told;
    buffer_init(&body);
    buffer_init(&told);
    buffer_printf(&body, "--b\r\n%s\r\n\r\n", FILE_NAME("x"));
    buffer_printf(&told, "{f:x:}");
    for (unsigned i = 0; i < 512; i++) {
        buffer_append_char(&body, (char)(i * 7));
        buffer_append_char(&told, (char)(i * 7));
    }
    buffer_printf(&body, "\r\n--b--");
    buffer_append_char(&told, ';');
    for (size_t first = 1; first <= body.size; first++)
        compare_cut(buffer_slice(&body), 1000, buffer_slice(&told), first, body.size);
    compare_cut(buffer_slice(&body), 1000, buffer_slice(&told), 1, 1);
    buffer_clear(&body);
    buffer_clear(&told);
}

/* RFC 2046 5.1.1: preamble and epilogue are ignored, blanks may follow a delimiter. */
static void test_around_the_parts(void **state)
{
    (void)state;
    EXPECT("\r\n" FILE_PART("1") "--b--", "{f:x:}1;");
    EXPECT("pre --b\r\n--c\r\n" FILE_PART("1") "--b--\r\nafter\r\n--b\r\nmore", "{f:x:}1;");
    EXPECT("--b \t \r\n" NAME("a") "\r\n\r\n1\r\n--b\t\r\n" NAME("c") "\r\n\r\n2\r\n--b-- \t",
           "a=1|c=2|");
}

/* The blanks behind a delimiter are bounded, so that little is ever held. */
static void test_padding_is_bounded(void **state)
{
    (void)state;
    char body[1024], told[1024];
    snprintf(body, sizeof(body), "--b\r\n%s\r\n\r\n1\r\n--b%256s\r\n%s\r\n\r\n2\r\n--b--%256s",
             FILE_NAME("x"), "", FILE_NAME("y"), "");
    expect(slice_from(body), "{f:x:}1;{f:y:}2;");
    snprintf(body, sizeof(body), "--b\r\n%s\r\n\r\n1\r\n--b%257s\r\n2\r\n--b--", FILE_NAME("x"),
             "");
    snprintf(told, sizeof(told), "{f:x:}1\r\n--b%257s\r\n2;", "");
    expect(slice_from(body), told);
}

static void test_bodies_that_do_not_end(void **state)
{
    (void)state;
    EXPECT("\r\n", "!400 bad_multipart ");
    EXPECT("-", "!400 bad_multipart ");
    EXPECT("no boundary at all", "!400 bad_multipart ");
    EXPECT("--b", "!400 bad_multipart ");
    EXPECT("--b\r\n", "!400 bad_multipart ");
    EXPECT("--b\r\n" FILE_NAME("x") "\r\n", "!400 bad_multipart ");
    EXPECT("--b\r\n" FILE_NAME("x") "\r\n\r\n", "{f:x:}!400 bad_multipart ");
    EXPECT(FILE_PART("1"), "{f:x:}1!400 bad_multipart ");
    EXPECT(FILE_PART("1") "--b", "{f:x:}1!400 bad_multipart ");
    EXPECT(FILE_PART("1") "--b-", "{f:x:}1!400 bad_multipart ");
    EXPECT(FILE_PART("1") "--b--\r", "{f:x:}1!400 bad_multipart ");
    EXPECT(FILE_PART("1") "--b\r\n", "{f:x:}1;!400 bad_multipart ");
    EXPECT(PART(NAME("a"), "1"), "!400 bad_multipart ");
}

static void test_names(void **state)
{
    (void)state;
#define NAMED(name, told) EXPECT(PART(FILE_NAME(name), "1") "--b--", "{f:" told ":}1;")
    NAMED("plain.txt", "plain.txt");
    NAMED("\"with space; and=semicolon.txt\"", "with space; and=semicolon.txt");
    NAMED("\"%22q%22 %0d%0A %41 100%.txt\"", "\"q\" \r\n %41 100%.txt");
    NAMED("\"a\\\"b\\\\c.txt\"", "a\"b\\c.txt");
    NAMED("\"C:\\Users\\new\\file.txt\"", "C:\\Users\\new\\file.txt");
    NAMED("\"../../etc/passwd\"", "../../etc/passwd");
    NAMED("\"Größe Ελλάδα файл 文件 ملف 📎 e\xcc\x81.pdf\"",
          "Größe Ελλάδα файл 文件 ملف 📎 e\xcc\x81.pdf");
    /* RFC 7578 4.2: filename* is not to be sent; where it is, filename counts if it is one */
    EXPECT(PART(NAME("f") "; filename*=utf-8''na%20%C3%AFve%2B+.txt", "1") "--b--",
           "{f:na ïve++.txt:}1;");
    EXPECT(PART(NAME("f") "; filename*=UTF-8'de'b; filename=a", "1") "--b--", "{f:a:}1;");
    EXPECT(PART(NAME("f") "; filename=\"=?utf-8?B?w68=?=\"; filename*=utf-8''%C3%AF", "1") "--b--",
           "{f:ï:}1;");
}

static void test_bad_heads(void **state)
{
    (void)state;
#define REFUSED(head, code, field) EXPECT(PART(head, "1") "--b--", "!400 " code " " field)
    REFUSED("Content-Type: text/plain", "bad_multipart", "");
    REFUSED("Content-Disposition: form-data; filename=x", "bad_multipart", "");
    REFUSED("Content-Disposition: attachment; name=a; filename=x", "bad_multipart",
            "Content-Disposition");
    REFUSED(FILE_NAME("x; filename=y"), "bad_multipart", "y");
    REFUSED(NAME("f") "; filename*=utf-8''x; filename*=utf-8''y", "bad_multipart", "utf-8''y");
    REFUSED(FILE_NAME("x; name=g"), "bad_multipart", "g");
    REFUSED(FILE_NAME("x") "\r\n" NAME("g"), "bad_multipart", "Content-Disposition");
    REFUSED(FILE_NAME("\"x"), "bad_multipart", "Content-Disposition");
    REFUSED(NAME("f") "; filename*=latin1''x", "bad_multipart", "f");
    REFUSED(NAME("f") "; filename*=utf-8'x", "bad_multipart", "f");
    REFUSED(NAME("f") "; filename*=x", "bad_multipart", "f");
    REFUSED(NAME("f") "; filename*=utf-8''a%00b", "bad_multipart", "f");
    REFUSED(FILE_NAME("\"\xff\""), "bad_encoding", "f");
    REFUSED(FILE_NAME("x") "\r\nContent-Type: a/\xc3", "bad_encoding", "f");
    REFUSED(NAME("f") "; filename*=utf-8''%FF", "bad_encoding", "f");
    REFUSED(FILE_NAME("x") "\r\nContent-Type: multipart/mixed; boundary=c", "bad_multipart", "f");
    REFUSED(FILE_NAME("x") "\r\nContent-Type: MULTIPART/x", "bad_multipart", "f");
    REFUSED(FILE_NAME("x") "\r\nContent-Transfer-Encoding: quoted-printable", "bad_multipart", "f");
    REFUSED(FILE_NAME("x") "\r\nX: a\x01", "bad_multipart", "");
    REFUSED(FILE_NAME("x") "\r\n folded: y", "bad_multipart", "");
    REFUSED(FILE_NAME("x") "\nX: y", "bad_multipart", "");
    REFUSED("\r\n" FILE_NAME("x"), "bad_multipart", "");
    EXPECT("--b\r\n" FILE_NAME("x") "\r\n--b--", "!400 bad_multipart ");
    EXPECT("--b\r\n" FILE_NAME("x") "\r\n--b\r\n\r\n1\r\n--b--", "!400 bad_multipart ");
}

/* A boundary with a colon does not make a field of the delimiter that cuts a head off. */
static void test_a_delimiter_is_no_field(void **state)
{
    (void)state;
    struct reading reading;
    struct slice body = SLICE("--a:b\r\n" FILE_NAME("x") "\r\n--a:b\r\n\r\n1\r\n--a:b--");
    reading_begin(&reading, "multipart/form-data; boundary=\"a:b\"", 1000);
    read_cut(&reading, body, body.size, 1);
    assert_true(slice_equal(buffer_slice(&reading.log), SLICE("!400 bad_multipart ")));
    reading_clear(&reading);
}

/* Part heads are bounded to 4 KiB, whole and cut alike. */
static void test_part_heads_are_bounded(void **state)
{
    (void)state;
    static char head[65536];
    static const size_t sizes[] = {4096, 4097, 65535};
    for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
        struct buffer body;
        buffer_init(&body);
        int used = snprintf(head, sizeof(head), "%s\r\nX: ", FILE_NAME("x"));
        memset(head + used, 'x', sizes[i] - (size_t)used);
        memcpy(head + sizes[i] - 4, "\r\n\r\n", 4);
        buffer_printf(&body, "--b\r\n%.*s1\r\n--b--", (int)sizes[i], head);
        struct slice told = i == 0 ? SLICE("{f:x:}1;") : SLICE("!400 bad_multipart f");
        for (size_t step = 1; step < body.size; step = 3 * step + 7)
            compare_cut(buffer_slice(&body), 100000, told, step, step);
        compare_cut(buffer_slice(&body), 100000, told, body.size, 1);
        buffer_clear(&body);
    }
}

/* Heads, fields and what stands around count, a file's bytes do not. */
static void test_all_but_files_is_bounded(void **state)
{
    (void)state;
    enum {
        HEAD = sizeof(NAME("a") "\r\n\r\n") - 1,
        FILE_HEAD = sizeof(FILE_NAME("x") "\r\n\r\n") - 1
    };
    struct slice field = SLICE(PART(NAME("a"), "12345") "--b--");
    expect_bounded(field, HEAD + 5, "a=12345|");
    expect_bounded(field, HEAD + 4, "!413 too_large body");
    expect_bounded(field, HEAD - 1, "!413 too_large body");
    expect_bounded(SLICE(PART(NAME("a"), "\r\n-1") "--b--"), HEAD, "!413 too_large body");
    struct slice file = SLICE("pre\r\n" FILE_PART("more than there is room") "--b--\r\nepilogue");
    expect_bounded(file, FILE_HEAD + 3 + 8, "{f:x:}more than there is room;");
    expect_bounded(file, FILE_HEAD + 3 + 7, "{f:x:}more than there is room;!413 too_large body");
    expect_bounded(file, FILE_HEAD + 2, "!413 too_large body");
    expect_bounded(file, 0, "!413 too_large body");
}

static struct buffer many_parts(unsigned count)
{
    struct buffer body;
    buffer_init(&body);
    for (unsigned i = 0; i < count; i++)
        buffer_printf(&body, "--b\r\n" NAME("a%u") "\r\n\r\n%u\r\n", i, i);
    buffer_printf(&body, "--b--");
    return body;
}

/* remote-api.md 2: 512 names; of files there may be more, their owner says how many. */
static void test_many_parts(void **state)
{
    (void)state;
    static const unsigned counts[] = {512, 513, 1000};
    for (size_t i = 0; i < 3; i++) {
        struct reading reading;
        struct buffer body = many_parts(counts[i]);
        reading_begin(&reading, "multipart/form-data; boundary=b", 1000000);
        read_cut(&reading, buffer_slice(&body), 1, 1000);
        assert_int_equal(reading.pairs.count, 512);
        assert_int_equal(reading.problem.status, i == 0 ? 0 : 400);
        if (i > 0)
            assert_true(slice_equal(reading.problem.first->code, SLICE("too_many_names")));
        reading_clear(&reading);
        buffer_clear(&body);
    }
}

/* A refusal by whom the files are for ends the reading there. */
static void test_a_refused_file_is_the_end(void **state)
{
    (void)state;
    struct slice body = SLICE(PART(NAME("a"), "1") FILE_PART("2") PART(NAME("c"), "3") "--b--");
    for (size_t first = 1; first <= body.size; first++) {
        struct reading reading;
        reading_begin(&reading, "multipart/form-data; boundary=b", 1000);
        reading.refuses_files = true;
        read_cut(&reading, body, first, 1);
        assert_true(slice_equal(buffer_slice(&reading.log), SLICE("a=1|!409 no_file f")));
        assert_int_equal(multipart_reader_feed(reading.reader, body), RESULT_DENIED);
        assert_int_equal(reading.pieces, 0);
        reading_clear(&reading);
    }
}

/* "never held whole in memory": pieces go on as they come, and little of them is kept. */
static void test_files_are_not_held(void **state)
{
    (void)state;
    struct reading reading;
    static char block[65536];
    memset(block, 'x', sizeof(block));
    memcpy(block + sizeof(block) - 5, "\r\n--b", 5);
    reading_begin(&reading, "multipart/form-data; boundary=b", 1000);
    assert_int_equal(feed(&reading, SLICE("--b\r\n" FILE_NAME("x") "\r\n\r\n")), RESULT_OK);
    size_t used = reading.arena.used_bytes;
    size_t before = reading.log.size;
    for (size_t i = 1; i <= 100; i++) {
        assert_int_equal(feed(&reading, slice_of(block, sizeof(block))), RESULT_OK);
        assert_int_equal(reading.log.size - before, i * sizeof(block) - 5);
    }
    assert_int_equal(reading.arena.used_bytes, used);
    assert_in_range(reading.pieces, 100, 199);
    reading_clear(&reading);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fields_and_files_come_in_their_order),
        cmocka_unit_test(test_a_body_of_no_byte),
        cmocka_unit_test(test_empty_files),
        cmocka_unit_test(test_files_without_a_name),
        cmocka_unit_test(test_content_like_delimiters),
        cmocka_unit_test(test_every_byte_goes_through),
        cmocka_unit_test(test_around_the_parts),
        cmocka_unit_test(test_padding_is_bounded),
        cmocka_unit_test(test_bodies_that_do_not_end),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_bad_heads),
        cmocka_unit_test(test_a_delimiter_is_no_field),
        cmocka_unit_test(test_part_heads_are_bounded),
        cmocka_unit_test(test_all_but_files_is_bounded),
        cmocka_unit_test(test_many_parts),
        cmocka_unit_test(test_a_refused_file_is_the_end),
        cmocka_unit_test(test_files_are_not_held),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
