/* Rows of the outbox for people and for programs. */
#ifndef PORTCULLIS_CLI_OUTBOX_LIST_H
#define PORTCULLIS_CLI_OUTBOX_LIST_H

#include "abuse/outbox_manual.h"

/* A list on its way to standard output, row by row. */
struct outbox_list {
    size_t count;
    struct writer *writer; /* owned; JSON, else NULL */
    struct buffer text;
};

/* RESULT_NO_MEMORY; outbox_list_clear follows in any case. */
enum result outbox_list_init(struct outbox_list *list, bool wants_json);
void outbox_list_clear(struct outbox_list *list);
/* A visitor of outbox_each; context is the list. A table's rows are printed at once. */
void outbox_list_add(void *context, const struct outbox_row *row);
/* What is left to print: "nothing waits", or {"outbox":[…]}. */
enum result outbox_list_end(struct outbox_list *list);

#endif
