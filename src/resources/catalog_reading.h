/* What the readers of the catalog share: messages, and walking an object along a table of its
 * members. catalog.c and catalog_*.c only. */
#ifndef PORTCULLIS_RESOURCES_CATALOG_READING_H
#define PORTCULLIS_RESOURCES_CATALOG_READING_H

#include "resources/catalog.h"

/* Where we are, for messages. */
struct catalog_reading {
    struct catalog *catalog;
    const char *source;
    struct slice resource;
    struct buffer *problems;
    bool has_failed;
};

struct catalog_member {
    struct slice name;
    void (*read)(struct catalog_reading *reading, const struct value *value, void *into);
    size_t offset; /* of what read fills in, in the object's struct */
};

void catalog_complain(struct catalog_reading *reading, struct slice member, const char *what);
/* Zeroed, in the catalog's arena; NULL, and reading has failed, when memory is out. */
void *catalog_alloc(struct catalog_reading *reading, size_t count, size_t size);
/* Every member must be in the table. */
void catalog_read_object(struct catalog_reading *reading, const struct value *value,
                         const struct catalog_member *members, size_t count, void *into);

/* Readers of common kinds: into is a struct slice, catalog_names, catalog_constants. */
void catalog_read_name(struct catalog_reading *reading, const struct value *value, void *into);
void catalog_read_names(struct catalog_reading *reading, const struct value *value, void *into);
void catalog_read_constants(struct catalog_reading *reading, const struct value *value, void *into);
/* catalog_rules.c: into is a struct catalog_rules. */
void catalog_read_rules(struct catalog_reading *reading, const struct value *value, void *into);
/* catalog_check.c: complains of resources that do not fit each other. */
void catalog_check(struct catalog_reading *reading);

#endif
