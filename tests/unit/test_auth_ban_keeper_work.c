/* What waits to be written to tblbannedips and tblactivitylog (auth-and-bans.md, "Bans"). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "auth/ban_keeper_work.h"
#include "base/utf8.h"
#include "observe/metrics.h"

static struct network net(const char *text)
{
    struct network network;
    assert_true(network_parse(slice_from(text), &network));
    return network;
}

static void add(struct ban_work *work, const char *network, int64_t ends_ms, const char *reason)
{
    struct network parsed = net(network);
    ban_work_add_row(work, &parsed, ends_ms, slice_from(reason));
}

static void delete (struct ban_work *work, const char *network)
{
    struct network parsed = net(network);
    ban_work_delete_row(work, &parsed);
}

static bool deletes(const struct ban_work *work, const char *network)
{
    struct network parsed = net(network);
    return ban_work_deletes(work, &parsed);
}

static void line(struct ban_work *work, struct slice text)
{
    struct network parsed = net("10.0.0.1");
    ban_work_add_line(work, text, &parsed);
}

/* The first row as "network[ deleted][ added END REASON]". */
static void assert_first(const struct ban_work *work, const char *expected)
{
    struct ban_row_copy row;
    char network[NETWORK_TEXT];
    char text[2000] = "none";
    if (ban_work_first_row(work, &row)) {
        network_print(&row.network, network);
        snprintf(text, sizeof(text), "%s%s", network, row.has_delete ? " deleted" : "");
        if (row.has_add)
            snprintf(text + strlen(text), sizeof(text) - strlen(text), " added %lld %s",
                     (long long)row.ends_ms, row.reason);
    }
    assert_string_equal(text, expected);
}

static void end_first(struct ban_work *work)
{
    struct ban_row_copy row;
    assert_true(ban_work_first_row(work, &row));
    assert_true(ban_work_end_row(work, &row));
}

static void test_in_order_and_one_wish_a_network(void **state)
{
    (void)state;
    struct ban_work work;
    ban_work_init(&work);
    assert_first(&work, "none");
    add(&work, "10.0.0.1", 5, "a");
    add(&work, "10.0.0.2", 6, "b");
    add(&work, "10.0.0.1", 7, "c"); /* again: in its old place */
    assert_int_equal(ban_work_count(&work), 2);
    assert_first(&work, "10.0.0.1 added 7 c");
    assert_first(&work, "10.0.0.1 added 7 c");
    add(&work, "10.0.0.1", 3, "d"); /* a sooner end changes none */
    assert_first(&work, "10.0.0.1 added 7 d");
    end_first(&work);
    assert_first(&work, "10.0.0.2 added 6 b");
    end_first(&work);
    assert_first(&work, "none");
    assert_int_equal(ban_work_count(&work), 0);
    ban_work_clear(&work);
}

/* A ban lifted and made again: what stood there before goes first. */
static void test_deleted_and_added_again(void **state)
{
    (void)state;
    struct ban_work work;
    struct network network = net("10.0.0.1");
    int64_t ends_ms = -1;
    ban_work_init(&work);
    assert_false(deletes(&work, "10.0.0.1"));
    add(&work, "10.0.0.1", 9, "a");
    assert_false(deletes(&work, "10.0.0.1"));
    assert_true(ban_work_adds(&work, &network, &ends_ms));
    assert_int_equal(ends_ms, 9);
    delete (&work, "10.0.0.1");
    assert_first(&work, "10.0.0.1 deleted");
    assert_true(deletes(&work, "10.0.0.1"));
    assert_false(ban_work_adds(&work, &network, &ends_ms));
    assert_false(deletes(&work, "10.0.0.2"));
    add(&work, "10.0.0.1", 5, "b");
    assert_first(&work, "10.0.0.1 deleted added 5 b");
    assert_true(deletes(&work, "10.0.0.1"));
    assert_true(ban_work_adds(&work, &network, &ends_ms));
    assert_int_equal(ends_ms, 5);
    ban_work_clear(&work);
}

/* A wish that came while the last one was carried out is not lost. */
static void test_a_wish_meanwhile(void **state)
{
    (void)state;
    struct ban_work work;
    struct ban_row_copy row;
    ban_work_init(&work);
    add(&work, "10.0.0.1", 5, "a");
    assert_true(ban_work_first_row(&work, &row));
    delete (&work, "10.0.0.1");
    assert_false(ban_work_end_row(&work, &row));
    assert_first(&work, "10.0.0.1 deleted");
    assert_true(ban_work_first_row(&work, &row));
    assert_true(ban_work_end_row(&work, &row));
    assert_false(ban_work_end_row(&work, &row)); /* it is gone */
    add(&work, "10.0.0.1", 5, "a");
    assert_false(ban_work_end_row(&work, &row)); /* and this is another */
    ban_work_clear(&work);
}

static void test_what_cannot_be_done_lets_others_go_first(void **state)
{
    (void)state;
    struct ban_work work;
    struct ban_row_copy row;
    ban_work_init(&work);
    add(&work, "10.0.0.1", 5, "a");
    add(&work, "10.0.0.2", 5, "b");
    add(&work, "10.0.0.3", 5, "c");
    assert_true(ban_work_first_row(&work, &row));
    ban_work_postpone_row(&work, &row);
    assert_first(&work, "10.0.0.2 added 5 b");
    end_first(&work);
    end_first(&work);
    assert_first(&work, "10.0.0.1 added 5 a");
    end_first(&work);
    ban_work_postpone_row(&work, &row); /* gone: nothing happens */
    assert_first(&work, "none");
    ban_work_clear(&work);
}

static void assert_reason(struct slice reason, const char *expected)
{
    struct ban_work work;
    struct ban_row_copy row;
    struct network network = net("10.0.0.1");
    ban_work_init(&work);
    ban_work_add_row(&work, &network, 1, reason);
    assert_true(ban_work_first_row(&work, &row));
    assert_true(utf8_is_valid(slice_from(row.reason)));
    assert_string_equal(row.reason, expected);
    ban_work_clear(&work);
}

static void test_reasons(void **state)
{
    (void)state;
    enum { HUGE = 5000000 };
    char expected[BAN_WORK_MOST_TEXT + 1];
    char *text = malloc(HUGE);
    assert_non_null(text);
    assert_reason(slice_of(NULL, 0), "");
    assert_reason(SLICE("'; -- \xc3\xbc"), "'; -- \xc3\xbc");
    assert_reason(SLICE("a\xff\xfe z"), "a\xef\xbf\xbd\xef\xbf\xbd z");
    assert_reason(SLICE("a\0b"), "a");
    memset(text, 'x', HUGE);
    memset(expected, 'x', BAN_WORK_MOST_TEXT);
    expected[BAN_WORK_MOST_TEXT] = '\0';
    assert_reason(slice_of(text, BAN_WORK_MOST_TEXT), expected);
    assert_reason(slice_of(text, BAN_WORK_MOST_TEXT + 1), expected);
    assert_reason(slice_of(text, HUGE), expected);
    /* No character is cut through: of one that does not fit nothing is left. */
    for (int at = BAN_WORK_MOST_TEXT - 3; at < BAN_WORK_MOST_TEXT; at++) {
        memset(text, 'x', HUGE);
        memcpy(text + at, "\xf0\x9f\x98\x80", 4);
        memset(expected, 'x', BAN_WORK_MOST_TEXT);
        expected[at] = '\0';
        assert_reason(slice_of(text, HUGE), expected);
        assert_reason(slice_of(text, (size_t)at + 4), expected);
    }
    memset(text, '\xff', HUGE);
    for (int i = 0; i < BAN_WORK_MOST_TEXT; i++)
        expected[i] = "\xef\xbf\xbd"[i % 3];
    expected[999] = '\0';
    assert_reason(slice_of(text, HUGE), expected);
    free(text);
}

static void test_lines(void **state)
{
    (void)state;
    struct ban_work work;
    ban_work_init(&work);
    assert_null(ban_work_take_line(&work));
    line(&work, SLICE("one"));
    line(&work, SLICE("two \xff"));
    struct ban_line_work *first = ban_work_take_line(&work);
    assert_string_equal(first->text, "one");
    assert_string_equal(first->address, "10.0.0.1");
    ban_work_return_line(&work, first);
    line(&work, SLICE("three"));
    static const char *const expected[] = {"one", "two \xef\xbf\xbd", "three"};
    for (size_t i = 0; i < 3; i++) {
        struct ban_line_work *next = ban_work_take_line(&work);
        assert_string_equal(next->text, expected[i]);
        free(next);
    }
    /* The last one given back to an empty list, then one behind it. */
    line(&work, SLICE("four"));
    ban_work_return_line(&work, ban_work_take_line(&work));
    line(&work, SLICE("five"));
    assert_int_equal(ban_work_count(&work), 2);
    ban_work_clear(&work);
    assert_int_equal(ban_work_count(&work), 0);
}

/* Bounded while the database is away: old lines go first, then new rows are refused; each counts.
 */
static void test_bounded(void **state)
{
    (void)state;
    struct ban_work work;
    char text[32];
    int64_t before = metric_get(METRIC_BANS_UNWRITTEN);
    ban_work_init(&work);
    for (int i = 0; i < BAN_WORK_MOST + 10; i++)
        line(&work, SLICE("x"));
    assert_int_equal(ban_work_count(&work), BAN_WORK_MOST);
    assert_int_equal(metric_get(METRIC_BANS_UNWRITTEN) - before, 10);
    for (int i = 0; i < BAN_WORK_MOST; i++) {
        snprintf(text, sizeof(text), "10.%d.%d.%d", i >> 16, i >> 8 & 255, i & 255);
        add(&work, text, 1, "r");
    }
    assert_int_equal(ban_work_count(&work), BAN_WORK_MOST);
    assert_null(ban_work_take_line(&work));
    assert_int_equal(metric_get(METRIC_BANS_UNWRITTEN) - before, BAN_WORK_MOST + 10);
    add(&work, "192.0.2.1", 1, "r");
    line(&work, SLICE("x"));
    assert_int_equal(ban_work_count(&work), BAN_WORK_MOST);
    assert_int_equal(metric_get(METRIC_BANS_UNWRITTEN) - before, BAN_WORK_MOST + 12);
    add(&work, "10.0.0.9", 7, "again"); /* one that waits may change */
    assert_int_equal(metric_get(METRIC_BANS_UNWRITTEN) - before, BAN_WORK_MOST + 12);
    ban_work_clear(&work);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_in_order_and_one_wish_a_network),
        cmocka_unit_test(test_deleted_and_added_again),
        cmocka_unit_test(test_a_wish_meanwhile),
        cmocka_unit_test(test_what_cannot_be_done_lets_others_go_first),
        cmocka_unit_test(test_reasons),
        cmocka_unit_test(test_lines),
        cmocka_unit_test(test_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
