/* Trees as linked siblings: small, ordered as they came, and dropped with their arena. */
#include "format/value.h"

struct value *value_create(struct arena *arena, enum value_type type)
{
    struct value *value = arena_zalloc(arena, sizeof(*value));
    if (value)
        value->type = type;
    return value;
}

struct value *value_string(struct arena *arena, struct slice text)
{
    struct value *value = value_create(arena, VALUE_STRING);
    if (value)
        value->text = text;
    return value;
}

/* The link that points to the member of that name, and the child before it. */
static struct value **find_link(struct value *object, struct slice name, struct value **before)
{
    *before = NULL;
    for (struct value **link = &object->first; *link; link = &(*link)->next) {
        if (slice_equal((*link)->name, name))
            return link;
        *before = *link;
    }
    return NULL;
}

struct value *value_get(const struct value *object, struct slice name)
{
    if (!object || object->type != VALUE_OBJECT)
        return NULL;
    for (struct value *member = object->first; member; member = member->next)
        if (slice_equal(member->name, name))
            return member;
    return NULL;
}

struct value *value_take(struct value *object, struct slice name)
{
    struct value *before = NULL;
    struct value **link = object->type == VALUE_OBJECT ? find_link(object, name, &before) : NULL;
    if (!link)
        return NULL;
    struct value *taken = *link;
    *link = taken->next;
    if (object->last == taken)
        object->last = before;
    object->count--;
    taken->next = NULL;
    return taken;
}

/* Linear in the members, so n of them cost n * n / 2 comparisons, mostly of lengths: readers bound
 * n (json_limits.members). */
void value_set(struct value *object, struct slice name, struct value *member)
{
    value_take(object, name);
    member->name = name;
    value_append(object, member);
}

void value_append(struct value *list, struct value *item)
{
    item->next = NULL;
    if (list->last)
        list->last->next = item;
    else
        list->first = item;
    list->last = item;
    list->count++;
}

static void print_string(struct slice text, struct buffer *out)
{
    static const char hex[] = "0123456789abcdef";
    size_t plain = 0;
    buffer_append_char(out, '"');
    for (size_t i = 0; i < text.size; i++) {
        unsigned char c = (unsigned char)text.data[i];
        if (c >= 0x20 && c != '"' && c != '\\')
            continue;
        const char escape[] = {'\\', 'u', '0', '0', hex[c >> 4U], hex[c & 15U]};
        buffer_append(out, text.data + plain, i - plain);
        buffer_append(out, escape, sizeof(escape));
        plain = i + 1;
    }
    buffer_append(out, text.data + plain, text.size - plain);
    buffer_append_char(out, '"');
}

static void print_children(const struct value *parent, struct buffer *out)
{
    bool is_object = parent->type == VALUE_OBJECT;
    buffer_append_char(out, is_object ? '{' : '[');
    for (const struct value *child = parent->first; child; child = child->next) {
        if (child != parent->first)
            buffer_append_char(out, ',');
        if (is_object) {
            print_string(child->name, out);
            buffer_append_char(out, ':');
        }
        value_print(child, out);
    }
    buffer_append_char(out, is_object ? '}' : ']');
}

/* Recursive: as deep as the reader's limits let a tree be. */
void value_print(const struct value *value, struct buffer *out)
{
    switch (value->type) {
    case VALUE_NULL:
        buffer_append_slice(out, SLICE("null"));
        break;
    case VALUE_BOOLEAN:
        buffer_append_slice(out, value->boolean ? SLICE("true") : SLICE("false"));
        break;
    case VALUE_NUMBER:
        buffer_append_slice(out, value->text);
        break;
    case VALUE_STRING:
        print_string(value->text, out);
        break;
    case VALUE_LIST:
    case VALUE_OBJECT:
        print_children(value, out);
        break;
    }
}
