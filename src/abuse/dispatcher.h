/*
 * Carries the outbox out: one thread, with a database connection of its own, that claims a row,
 * asks WHMCS and writes down what came of it, one after the other. It also reads the outbox's
 * metrics, and does that where it dispatches nothing, too (abuse.dispatch=off, or no WHMCS set).
 *
 * At least once: a gateway that dies after WHMCS has acted and before it wrote that down leaves the
 * row to its lease's end, and it is asked for again. Never twice inside a lease: nothing is asked
 * for so late that its answer could come after it, and no request is ever repeated below.
 */
#ifndef PORTCULLIS_ABUSE_DISPATCHER_H
#define PORTCULLIS_ABUSE_DISPATCHER_H

#include "abuse/report_link.h"
#include "base/result.h"
#include "config/config.h"

struct dispatcher;

struct dispatcher_options {
    const struct config_abuse *config; /* borrowed */
    const struct config_mysql *mysql;  /* borrowed */
    const struct report_names *reports;
};

/* NULL: memory is out, or the reports' names cannot be used. Main thread, as what follows but for
 * dispatcher_wake. */
struct dispatcher *dispatcher_create(const struct dispatcher_options *options);
enum result dispatcher_start(struct dispatcher *dispatcher);
/* Any thread: a row was added that is due. */
void dispatcher_wake(struct dispatcher *dispatcher);
/* Nothing more is claimed; a call under way goes on. */
void dispatcher_close(struct dispatcher *dispatcher);
/* Waits for a call under way until two seconds after dispatcher_close, then cuts it. */
void dispatcher_stop(struct dispatcher *dispatcher);
void dispatcher_destroy(struct dispatcher *dispatcher);

#endif
