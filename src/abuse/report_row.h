/*
 * What a report is in the database, and what it is about there: the statements of report_store.c.
 * In its transaction, on the connection's thread; the results are those of database_query.
 */
#ifndef PORTCULLIS_ABUSE_REPORT_ROW_H
#define PORTCULLIS_ABUSE_REPORT_ROW_H

#include "abuse/report_store.h"

enum { REPORT_MISSING_S = 60 }; /* Retry-After of what a person has to mend */

/* tblhosting's row. */
struct report_service {
    int64_t userid;
    struct slice address; /* the report's service_ip: as given, the service's, or a literal */
};

/* RESULT_NOT_FOUND: there is no such service. Locks its row where duplicates are looked for. */
enum result report_service_find(struct database *database, const struct report_order *order,
                                struct arena *arena, struct report_service *service);
/* The id of the first equal report inside the window, or 0. */
enum result report_duplicate_find(struct database *database, const struct report_order *order,
                                  const struct report_service *service, int64_t *report_id);
/* The add-on's own timelimit_minutes where it is a number above 0, else the order's. */
enum result report_timelimit_find(struct database *database, const struct report_order *order,
                                  uint64_t *minutes);

/* The variable that the report gives a value, and the table has no column for; or empty. */
struct slice report_row_lacking(const struct report_order *order);
/* due_after_min counts where the report suspends. */
enum result report_row_insert(struct database *database, const struct report_order *order,
                              const struct report_service *service, uint64_t due_after_min,
                              int64_t *report_id);
/* After RESULT_INVALID of it: was it for a column that the map does not know, and that came since?
 */
bool report_row_is_stale(const struct database *database, const struct report_order *order);
/* After RESULT_INVALID, or RESULT_EXISTS (is_taken), of it: GW005 for what the reporter chose,
 * naming it, GW007 (logged) for what he cannot set. */
void report_row_explain(struct database *database, const struct report_order *order, bool is_taken,
                        struct report_refusal *refusal);

#endif
