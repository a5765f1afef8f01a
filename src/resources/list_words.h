/*
 * The list words of section 4: limit, page, offset, sort, fields, search, cursor, count. One table;
 * query.c asks it for each member of params before it tries the columns.
 */
#ifndef PORTCULLIS_RESOURCES_LIST_WORDS_H
#define PORTCULLIS_RESOURCES_LIST_WORDS_H

#include "resources/query.h"

/* What is kept aside until all members are read, since it depends on the others. */
struct list_words {
    const struct query_limits *limits;
    const struct value *cursor;
    bool has_page;
    bool has_offset;
};

/* Reads value when its name is a list word; *is_known tells. Faults go to the problem. */
void list_word_read(struct query *query, struct list_words *words, const struct value *value,
                    bool *is_known, struct problem *problem);
/* Is it one of the four that apply to every sibling? */
bool list_word_is_shared(struct slice name);
bool list_word_is_known(struct slice name);
/* After all members: page and offset agree, the primary key ends the sort, the cursor is read. */
void list_words_finish(struct query *query, struct list_words *words, struct problem *problem);

#endif
