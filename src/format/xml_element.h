/*
 * Elements as mxml prints them without their content, by name. A document has few names and many
 * elements, and mxml prints a tree byte by byte: so it is asked once a name, and its answer kept.
 *
 * The names are columns, resources and settings, never a client's words. They belong to one writer
 * and so to one thread.
 */
#ifndef PORTCULLIS_FORMAT_XML_ELEMENT_H
#define PORTCULLIS_FORMAT_XML_ELEMENT_H

#include <uthash.h>

#include "base/buffer.h"

enum xml_form {
    XML_FORM_EMPTY,      /* <name /> */
    XML_FORM_NIL,        /* <name nil="true" /> */
    XML_FORM_LIST_EMPTY, /* <name list="true" /> */
    XML_FORM_LIST_OPEN,  /* <name list="true"> */
    XML_FORM_OPEN,       /* <name> */
    XML_FORM_CLOSE,      /* </name>, of a list too */
    XML_FORM_COUNT
};

struct xml_element {
    struct slice forms[XML_FORM_COUNT]; /* of text */
    struct slice name;                  /* as given, of text: the key */
    struct xml_element *next;           /* what was asked for after this one the last time */
    UT_hash_handle hh;
    char text[];
};

struct xml_elements {
    struct xml_element *by_name; /* owned */
    struct xml_element *last;    /* that was asked for */
    size_t size_bytes;           /* of all of them */
};

void xml_elements_init(struct xml_elements *elements);
void xml_elements_clear(struct xml_elements *elements);

/* Forgets all of them when they have become many; what was found before is gone then. */
void xml_elements_trim(struct xml_elements *elements);

/* The element of that name: a name that XML forbids is `item` with the name as an attribute, no
 * name is `item`. Valid until trimmed or cleared; NULL when memory is out. */
const struct xml_element *xml_elements_find(struct xml_elements *elements, struct slice name);

#endif
