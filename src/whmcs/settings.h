/*
 * Rows of tbladdonmodules and tblconfiguration, by fixed statements. Worker thread; everything
 * read lies in the caller's arena.
 */
#ifndef PORTCULLIS_WHMCS_SETTINGS_H
#define PORTCULLIS_WHMCS_SETTINGS_H

#include "base/arena.h"
#include "store/database.h"

struct setting {
    struct slice name;
    struct slice value;
    struct setting *next;
};

/* All rows of an add-on module but `access`, which says who may use it and is nobody else's
 * business. In the order of their names. */
enum result settings_read_addon(struct database *database, struct slice module, struct arena *arena,
                                struct setting **list);
/* The rows of tblconfiguration that names names; absent ones are absent. count at most 32768. */
enum result settings_read_configuration(struct database *database, const struct slice *names,
                                        size_t count, struct arena *arena, struct setting **list);

/* NULL when the list has no such row. */
const struct setting *settings_find(const struct setting *list, struct slice name);

#endif
