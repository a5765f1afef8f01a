/* abuse-api.md, "Suspension": retried with growing pauses, with jitter. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "abuse/outbox_pause.h"

enum { FIRST_MS = 30000, LONGEST_MS = 3600000 };

static void test_it_doubles_up_to_the_longest(void **state)
{
    static const uint64_t expected[] = {30, 60, 120, 240, 480, 960, 1920, 3600, 3600, 3600};
    (void)state;
    for (uint64_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++)
        assert_int_equal(outbox_pause_s(i + 1, FIRST_MS, LONGEST_MS, 0), expected[i]);
    assert_int_equal(outbox_pause_s(UINT64_MAX, FIRST_MS, LONGEST_MS, 0), 3600);
}

static void test_chance_takes_up_to_a_half(void **state)
{
    uint64_t least = UINT64_MAX;
    uint64_t most = 0;
    (void)state;
    for (uint64_t chance = 0; chance < 100000; chance++) {
        uint64_t pause_s = outbox_pause_s(2, FIRST_MS, LONGEST_MS, chance);
        least = pause_s < least ? pause_s : least;
        most = pause_s > most ? pause_s : most;
    }
    assert_int_equal(least, 30);
    assert_int_equal(most, 60);
    assert_in_range(outbox_pause_s(2, FIRST_MS, LONGEST_MS, UINT64_MAX), 30, 60);
}

static void test_ends_of_the_scale(void **state)
{
    (void)state;
    assert_int_equal(outbox_pause_s(0, FIRST_MS, LONGEST_MS, 0), 30);
    assert_int_equal(outbox_pause_s(1, 1, 1, 1), 1);
    assert_int_equal(outbox_pause_s(1, 0, 0, 7), 1);
    assert_int_equal(outbox_pause_s(5, 7000, 1000, 0), 1);
    assert_int_equal(outbox_pause_s(3, 1000, 3000, 0), 3);
    assert_int_equal(outbox_pause_s(64, 1, UINT64_MAX / 2, 0), (UINT64_MAX / 2 + 999) / 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_it_doubles_up_to_the_longest),
        cmocka_unit_test(test_chance_takes_up_to_a_half),
        cmocka_unit_test(test_ends_of_the_scale),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
