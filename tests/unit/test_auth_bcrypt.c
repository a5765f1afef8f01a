/* auth-and-bans.md, "Admin login", step 3: bcrypt of the lower-case MD5 hex. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <crypt.h>
#include <string.h>

#include "auth/bcrypt.h"

static const char md5_of_demo[] = "fe01ce2a7fbac8fafaed7c982a04e229";

static void test_forms(void **state)
{
    (void)state;
    static const char ok[] = "$2y$10$abcdefghijklmnopqrstuuAbCdEfGhIjKlMnOpQrStUvWxYz01234";
    assert_int_equal(strlen(ok), 60);
    assert_int_equal(bcrypt_cost(slice_from(ok)), 10);
    assert_int_equal(bcrypt_cost(slice_of(ok, 59)), 0);
    static const char trap[] = "$2y$31$abcdefghijklmnopqrstuuAbCdEfGhIjKlMnOpQrStUvWxYz01234";
    assert_int_equal(bcrypt_cost(slice_from(trap)), 0);
    static const char sha[] = "$6$10$$abcdefghijklmnopqrstuuAbCdEfGhIjKlMnOpQrStUvWxYz01234";
    assert_int_equal(bcrypt_cost(slice_from(sha)), 0);
    assert_int_equal(bcrypt_cost(slice_from("")), 0);
}

static void test_matches_each_prefix(void **state)
{
    (void)state;
    static const char *const prefixes[] = {"$2y$", "$2a$", "$2b$"};
    for (size_t i = 0; i < 3; i++) {
        struct crypt_data work = {0};
        char setting[64];
        assert_non_null(crypt_gensalt_rn(prefixes[i], 4, "0123456789abcdef", 16, setting, 64));
        const char *stored = crypt_r(md5_of_demo, setting, &work);
        assert_true(bcrypt_matches(md5_of_demo, slice_from(stored)));
        assert_false(bcrypt_matches("00000000000000000000000000000000", slice_from(stored)));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_forms),
        cmocka_unit_test(test_matches_each_prefix),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
