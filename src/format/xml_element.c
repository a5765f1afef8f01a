/* Rows ask for the same names in the same order: what followed the last one before is tried first.
 */
#define HASH_NONFATAL_OOM 1
#include "format/xml_element.h"

#include <limits.h>
#include <mxml.h>
#include <stdlib.h>
#include <string.h>

#include "format/xml_text.h"

/* Of all names of a writer: a few hundred columns are a third of it. */
enum { MOST_BYTES = 256 * 1024 };

/* A form is shorter than an entity for each byte of the name and so many more; so is one that has
 * the name twice. */
enum { LONGEST_ENTITY = 6, FORM_ROOM = 64 };

/* An element on its way from mxml. */
struct printing {
    mxml_node_t *node;
    struct buffer safe;  /* the name */
    struct buffer form;  /* as mxml prints it */
    struct buffer forms; /* one behind the other */
    size_t ends[XML_FORM_COUNT];
};

void xml_elements_init(struct xml_elements *elements)
{
    *elements = (struct xml_elements){0};
}

void xml_elements_clear(struct xml_elements *elements)
{
    struct xml_element *each, *next;
    HASH_ITER(hh, elements->by_name, each, next)
    {
        HASH_DEL(elements->by_name, each);
        free(each);
    }
    xml_elements_init(elements);
}

void xml_elements_trim(struct xml_elements *elements)
{
    if (elements->size_bytes > MOST_BYTES)
        xml_elements_clear(elements);
}

static void fail(struct printing *printing)
{
    printing->forms.has_failed = true;
}

/* mxml does not tell when memory for an attribute is out. */
static void set_attribute(struct printing *printing, const char *name, const char *value)
{
    mxmlElementSetAttr(printing->node, name, value);
    if (!mxmlElementGetAttr(printing->node, name))
        fail(printing);
}

static void make_node(struct printing *printing, struct slice name)
{
    bool is_valid = xml_name_is_valid(name);
    xml_text_make_safe(&printing->safe, name);
    if (!printing->safe.has_failed)
        printing->node = mxmlNewElement(NULL, is_valid ? printing->safe.data : "item");
    if (!printing->node || !mxmlGetElement(printing->node))
        fail(printing);
    else if (!is_valid && name.size)
        set_attribute(printing, "name", printing->safe.data);
}

/* Nothing after a failure: mxml would crash on a text without memory. The line feed that it ends
 * with is cut. */
static void print(struct printing *printing, enum xml_form form)
{
    size_t room = printing->safe.size * LONGEST_ENTITY + FORM_ROOM;
    bool is_able = room < INT_MAX && !printing->forms.has_failed;
    printing->form.size = 0;
    char *to = is_able ? buffer_reserve(&printing->form, room) : NULL;
    int size = to ? mxmlSaveString(printing->node, to, (int)room, MXML_NO_CALLBACK) : 0;
    if (size <= 0 || (size_t)size >= room) {
        fail(printing);
        return;
    }
    printing->form.size = (size_t)size - (to[size - 1] == '\n');
    struct slice rest = buffer_slice(&printing->form);
    struct slice part;
    while (slice_split(&rest, '\r', &part)) {
        buffer_append_slice(&printing->forms, part);
        if (rest.data)
            buffer_append_slice(&printing->forms, XML_TEXT_RETURN);
    }
    printing->ends[form] = printing->forms.size;
}

/* An empty text makes mxml write two tags. */
static void print_forms(struct printing *printing)
{
    size_t close_size = strlen(mxmlGetElement(printing->node)) + 3;
    print(printing, XML_FORM_EMPTY);
    set_attribute(printing, "nil", "true");
    print(printing, XML_FORM_NIL);
    mxmlElementDeleteAttr(printing->node, "nil");
    set_attribute(printing, "list", "true");
    print(printing, XML_FORM_LIST_EMPTY);
    mxml_node_t *text = mxmlNewOpaque(printing->node, "");
    if (!text || !mxmlGetOpaque(text))
        fail(printing);
    print(printing, XML_FORM_LIST_OPEN);
    if (printing->forms.has_failed)
        return;
    printing->forms.size -= close_size;
    printing->ends[XML_FORM_LIST_OPEN] -= close_size;
    mxmlElementDeleteAttr(printing->node, "list");
    print(printing, XML_FORM_CLOSE);
    printing->ends[XML_FORM_OPEN] = printing->ends[XML_FORM_CLOSE] - close_size;
}

static struct xml_element *make_element(const struct printing *printing, struct slice name)
{
    size_t size = printing->forms.size;
    struct xml_element *element = malloc(sizeof(*element) + size + name.size);
    if (!element)
        return NULL;
    *element = (struct xml_element){.name = slice_of(element->text + size, name.size)};
    memcpy(element->text, printing->forms.data, size);
    memcpy(element->text + size, name.data, name.size);
    size_t from = 0;
    for (int form = 0; form < XML_FORM_COUNT; form++) {
        element->forms[form] = slice_of(element->text + from, printing->ends[form] - from);
        from = printing->ends[form];
    }
    return element;
}

/* The margin is kept by mxml per thread, and a writer's thread may be another than its maker's. */
static struct xml_element *print_element(struct slice name)
{
    struct printing printing = {0};
    struct xml_element *element = NULL;
    mxmlSetWrapMargin(0);
    make_node(&printing, name);
    if (!printing.forms.has_failed)
        print_forms(&printing);
    if (!printing.forms.has_failed)
        element = make_element(&printing, name);
    if (printing.node)
        mxmlDelete(printing.node);
    buffer_clear(&printing.safe);
    buffer_clear(&printing.form);
    buffer_clear(&printing.forms);
    return element;
}

/* The name is the last of an element's text. */
static size_t text_size(const struct xml_element *element)
{
    return (size_t)(element->name.data - element->text) + element->name.size;
}

static struct xml_element *add(struct xml_elements *elements, struct slice name)
{
    struct xml_element *element = print_element(name);
    if (!element)
        return NULL;
    HASH_ADD_KEYPTR(hh, elements->by_name, element->name.data, element->name.size, element);
    if (!element->hh.tbl) {
        free(element);
        return NULL;
    }
    elements->size_bytes += sizeof(*element) + text_size(element);
    return element;
}

const struct xml_element *xml_elements_find(struct xml_elements *elements, struct slice name)
{
    struct xml_element *last = elements->last;
    struct xml_element *element = last ? last->next : NULL;
    if (!element || !slice_equal(element->name, name)) {
        if (name.size == 0)
            name = SLICE(""); /* not NULL */
        HASH_FIND(hh, elements->by_name, name.data, name.size, element);
        if (!element)
            element = add(elements, name);
        if (last)
            last->next = element;
    }
    if (element)
        elements->last = element;
    return element;
}
