/* What the two halves of the join share: model.c what is read, model_rules.c what is written. */
#ifndef PORTCULLIS_RESOURCES_MODEL_JOINING_H
#define PORTCULLIS_RESOURCES_MODEL_JOINING_H

#include "resources/model.h"

/* What is at hand while one resource is joined. */
struct model_joining {
    struct model *model;
    struct model_resource *resource;
    const struct catalog_resource *catalog;
    const struct schema_table *table; /* NULL for what is no table */
};

/* Adds a finding; text lies in the model's arena. MODEL_OFF takes the resource out of service. */
void model_find(struct model_joining *joining, enum model_severity severity, struct slice text);
#define MODEL_FIND(joining, severity, ...)                                                         \
    model_find((joining), (severity), arena_printf(&(joining)->model->arena, __VA_ARGS__))

/* model_rules.c. The bound of a column, or NULL. */
const struct catalog_bound *model_bound_of(const struct catalog_resource *catalog,
                                           struct slice column);
/* Does the catalog hold a row to constants in that column? */
bool model_holds_constant(const struct catalog_constants *where, struct slice column);
/* What a resource names; all resources and their parents are joined by now. */
enum result model_join_references(struct model_joining *joining);
/* What follows from what all of them name. */
enum result model_join_rules(struct model_joining *joining);
void model_join_journal(struct model *model);

#endif
