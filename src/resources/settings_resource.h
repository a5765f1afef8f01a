/* `config`: the add-on's settings and those of WHMCS that remote.config_allow names. */
#ifndef PORTCULLIS_RESOURCES_SETTINGS_RESOURCE_H
#define PORTCULLIS_RESOURCES_SETTINGS_RESOURCE_H

#include "resources/execute.h"

/* Writes the member `config`, an object of names and values. A name outside is 404, whether it
 * exists or not: secrets stay inside. */
enum result settings_resource_write(struct execute_context *context, const struct query_set *set,
                                    struct problem *problem);

#endif
