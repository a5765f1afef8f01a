/* api/resources: what the running gateway serves, made from the same model that serves it. */
#ifndef PORTCULLIS_RESOURCES_DIRECTORY_H
#define PORTCULLIS_RESOURCES_DIRECTORY_H

#include "resources/envelope.h"

/* Writes the member `resources`; resources that are off are left out. */
void directory_write(struct writer *writer, const struct model *model, struct envelope_page *page);

#endif
