/* abuse-api.md, "Suspension" and "What differs": a report is looked at where the catalog maps it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "abuse/report_link.h"
#include "own_mariadb.h"

static struct own_mariadb *server;

static int setup(void **state)
{
    (void)state;
    server = own_mariadb_create();
    if (!server)
        return 0;
    own_sql(server->root,
            "CREATE TABLE `odd table` (`the id` int PRIMARY KEY,`a?state` varchar(9),`how` "
            "varchar(16),`when done` datetime)");
    own_sql(server->root, "INSERT INTO `odd table` VALUES (1,'open','timelimit',NULL),"
                          "(2,'Clos''d','timelimit',NULL),(3,NULL,NULL,NULL)");
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    if (server)
        own_mariadb_destroy(server);
    return 0;
}

static void expect(const struct report_link *link, int64_t id, bool is_there, bool is_closed,
                   bool is_timed)
{
    struct report_state report;
    assert_int_equal(report_link_read(link, server->root, id, &report), RESULT_OK);
    assert_int_equal(report.is_there, is_there);
    assert_int_equal(report.is_closed, is_closed);
    assert_int_equal(report.is_timed, is_timed);
}

static const struct report_names odd = {.table = SLICE("odd table"),
                                        .id = SLICE("the id"),
                                        .status = SLICE("a?state"),
                                        .closed = SLICE("clos'd"),
                                        .suspend_method = SLICE("how"),
                                        .suspended_at = SLICE("when done")};

static void test_mapped_names(void **state)
{
    struct report_link *link = report_link_create(&odd);
    (void)state;
    if (!server)
        skip();
    expect(link, 1, true, false, true);
    expect(link, 2, true, true, true);
    expect(link, 3, true, false, false);
    expect(link, 4, false, false, false);
    assert_int_equal(report_link_mark_suspended(link, server->root, 1), RESULT_OK);
    assert_int_equal(report_link_mark_suspended(link, server->root, 4), RESULT_OK);
    assert_int_equal(
        own_number(server->root, "SELECT COUNT(*) FROM `odd table` WHERE `when done` IS NOT NULL"),
        1);
    report_link_destroy(link);
}

/* Where the table has no such columns nothing is closed, nothing timed, nothing marked. */
static void test_columns_that_are_not_there(void **state)
{
    const struct report_names few = {.table = odd.table, .id = odd.id};
    struct report_link *link = report_link_create(&few);
    (void)state;
    if (!server)
        skip();
    expect(link, 2, true, false, false);
    assert_int_equal(report_link_mark_suspended(link, server->root, 2), RESULT_OK);
    report_link_destroy(link);
}

static void test_a_table_that_is_not_there(void **state)
{
    struct report_link *link = report_link_create(&report_names_default);
    struct report_state report;
    (void)state;
    if (!server)
        skip();
    assert_int_equal(report_link_read(link, server->root, 1, &report), RESULT_STALE);
    assert_false(report.is_there);
    assert_int_equal(report_link_mark_suspended(link, server->root, 1), RESULT_STALE);
    report_link_destroy(link);
}

static void test_hostile_names(void **state)
{
    struct report_names names = odd;
    (void)state;
    names.status = SLICE("x`=0 OR `id");
    assert_null(report_link_create(&names));
    names = odd;
    names.table = SLICE("`");
    assert_null(report_link_create(&names));
    names = odd;
    names.closed = SLICE("");
    assert_null(report_link_create(&names));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_mapped_names),
        cmocka_unit_test(test_columns_that_are_not_there),
        cmocka_unit_test(test_a_table_that_is_not_there),
        cmocka_unit_test(test_hostile_names),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
