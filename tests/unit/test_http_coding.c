/* Accept-Encoding (RFC 9110 12.5.3) and compression: spec/http.md "Connections". */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <brotli/decode.h>
#include <cmocka.h>
#include <zlib.h>

#include "http/http.h"

static const struct config_http levels = {.gzip_level = 1, .brotli_quality = 1};

static enum http_coding accepted(const char *value)
{
    struct http_field field = {SLICE("Accept-Encoding"), slice_from(value)};
    struct http_request request = {.fields = &field, .field_count = value != NULL};
    return http_accepted_coding(&request);
}

static void test_accepted_coding(void **state)
{
    (void)state;
    static const struct {
        const char *value;
        enum http_coding coding;
    } rows[] = {
        {NULL, HTTP_CODING_IDENTITY},
        {"", HTTP_CODING_IDENTITY},
        {"gzip", HTTP_CODING_GZIP},
        {"GZip", HTTP_CODING_GZIP},
        {"x-gzip", HTTP_CODING_GZIP},
        {"br", HTTP_CODING_BROTLI},
        {"gzip, deflate, br", HTTP_CODING_BROTLI},
        {"br;q=0.5, gzip", HTTP_CODING_GZIP},
        {"br ; Q=0.5 , gzip;q=0.500", HTTP_CODING_BROTLI},
        {"br;q=0, gzip;q=0", HTTP_CODING_IDENTITY},
        {"gzip;q=0.001", HTTP_CODING_GZIP},
        {"*", HTTP_CODING_BROTLI},
        {"br;q=0, *", HTTP_CODING_GZIP},
        {"*;q=0", HTTP_CODING_IDENTITY},
        {"identity;q=1, gzip;q=0.5", HTTP_CODING_IDENTITY},
        {"identity;q=0.5, gzip", HTTP_CODING_GZIP},
        {"gzip;q=1.5", HTTP_CODING_IDENTITY},
        {"gzip;q=abc", HTTP_CODING_IDENTITY},
        {"deflate, zstd", HTTP_CODING_IDENTITY},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        assert_int_equal(accepted(rows[i].value), rows[i].coding);
}

static struct http_body *make_body(void)
{
    struct http_body *body = http_body_create();
    buffer_append_slice(&body->head, SLICE("{\"data\":["));
    for (int i = 0; i < 5000; i++)
        buffer_printf(&body->rest, "{\"id\":%d,\"name\":\"project\"},", i);
    return body;
}

static size_t copy_body(const struct http_body *body, char *to)
{
    memcpy(to, body->head.data, body->head.size);
    memcpy(to + body->head.size, body->rest.data, body->rest.size);
    return http_body_size(body);
}

static char plain[300000], decoded[300000];

static void test_gzip_comes_back(void **state)
{
    (void)state;
    struct http_body *body = make_body();
    size_t size = copy_body(body, plain);
    assert_true(http_compress(body, HTTP_CODING_GZIP, &levels));
    assert_int_equal(body->rest.size, 0);
    assert_true(body->head.size < size / 2);
    z_stream stream = {0};
    assert_int_equal(inflateInit2(&stream, 15 + 16), Z_OK);
    stream.next_in = (Bytef *)body->head.data;
    stream.avail_in = (uInt)body->head.size;
    stream.next_out = (Bytef *)decoded;
    stream.avail_out = sizeof(decoded);
    assert_int_equal(inflate(&stream, Z_FINISH), Z_STREAM_END);
    assert_int_equal(stream.total_out, size);
    assert_memory_equal(decoded, plain, size);
    inflateEnd(&stream);
    http_body_release(body);
}

static void test_brotli_comes_back(void **state)
{
    (void)state;
    struct http_body *body = make_body();
    size_t size = copy_body(body, plain);
    assert_true(http_compress(body, HTTP_CODING_BROTLI, &levels));
    size_t decoded_size = sizeof(decoded);
    assert_int_equal(BrotliDecoderDecompress(body->head.size, (const uint8_t *)body->head.data,
                                             &decoded_size, (uint8_t *)decoded),
                     BROTLI_DECODER_RESULT_SUCCESS);
    assert_int_equal(decoded_size, size);
    assert_memory_equal(decoded, plain, size);
    http_body_release(body);
}

static void test_bodies_are_shared(void **state)
{
    (void)state;
    struct http_body *body = make_body();
    assert_ptr_equal(http_body_share(body), body);
    http_body_release(body);
    assert_true(http_body_size(body) > 0); /* freed memory here is for the sanitizer to tell */
    http_body_release(body);
    http_body_release(NULL);
}

static void test_status_texts(void **state)
{
    (void)state;
    assert_true(slice_equal(http_status_text(404), SLICE("Not Found")));
    assert_int_equal(http_status_text(299).size, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_accepted_coding),   cmocka_unit_test(test_gzip_comes_back),
        cmocka_unit_test(test_brotli_comes_back), cmocka_unit_test(test_bodies_are_shared),
        cmocka_unit_test(test_status_texts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
