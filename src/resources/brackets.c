/* Lists are objects named by index until all pairs are read, since only then it shows which are
 * lists: PHP has but one kind of array. */
#include "resources/brackets.h"

enum result brackets_parse(struct slice text, struct bracket_name *name)
{
    if (!text.data)
        text = SLICE("");
    size_t open = slice_find(text, '[');
    *name = (struct bracket_name){.base = slice_of(text.data, open)};
    struct slice rest = slice_skip(text, open);
    while (rest.size) {
        size_t close = slice_find(rest, ']');
        if (rest.data[0] != '[' || close == rest.size)
            return RESULT_INVALID;
        struct slice key = slice_of(rest.data + 1, close - 1);
        if (slice_find(key, '[') < key.size)
            return RESULT_INVALID;
        if (name->count == BRACKETS_MOST_DEPTH)
            return RESULT_LIMIT;
        name->keys[name->count++] = key;
        rest = slice_skip(rest, close + 1);
    }
    return RESULT_OK;
}

/* An index as PHP knows it: decimal without leading zeros; "01" is a name. */
static bool read_index(struct slice name, uint64_t *index)
{
    bool has_zero = name.size > 1 && name.data[0] == '0';
    return !has_zero && slice_to_u64(name, index);
}

static struct slice next_index(struct arena *arena, const struct value *object)
{
    uint64_t next = 0;
    uint64_t index = 0;
    for (const struct value *member = object->first; member; member = member->next)
        if (read_index(member->name, &index) && index >= next && index < INT64_MAX)
            next = index + 1;
    return arena_printf(arena, "%llu", (unsigned long long)next);
}

enum result brackets_set(struct arena *arena, struct value *object, const struct bracket_name *name,
                         size_t first, struct slice text)
{
    for (size_t i = first; i < name->count; i++) {
        bool is_last = i + 1 == name->count;
        struct slice key = name->keys[i].size ? name->keys[i] : next_index(arena, object);
        struct value *member = is_last ? NULL : value_get(object, key);
        if (!member || member->type != VALUE_OBJECT) {
            member = is_last ? value_string(arena, text) : value_create(arena, VALUE_OBJECT);
            if (!key.data || !member)
                return RESULT_NO_MEMORY;
            value_set(object, key, member);
        }
        object = member;
    }
    return RESULT_OK;
}

static bool is_list(const struct value *object)
{
    uint64_t index = 0;
    for (const struct value *member = object->first; member; member = member->next)
        if (!read_index(member->name, &index) || index >= object->count)
            return false;
    return object->count > 0;
}

/* Names are unique and all below count, so every place is taken. */
static enum result make_list(struct arena *arena, struct value *object)
{
    size_t count = object->count;
    struct value **items = arena_alloc(arena, count * sizeof(struct value *));
    uint64_t index = 0;
    if (!items)
        return RESULT_NO_MEMORY;
    for (struct value *member = object->first; member; member = member->next)
        if (read_index(member->name, &index))
            items[index] = member;
    object->type = VALUE_LIST;
    object->first = object->last = NULL;
    object->count = 0;
    for (size_t i = 0; i < count; i++) {
        items[i]->name = slice_of(NULL, 0);
        value_append(object, items[i]);
    }
    return RESULT_OK;
}

/* Recursive, at most BRACKETS_MOST_DEPTH deep. */
enum result brackets_settle(struct arena *arena, struct value *object)
{
    enum result result = RESULT_OK;
    for (struct value *member = object->first; member && !result; member = member->next) {
        if (member->type != VALUE_OBJECT)
            continue;
        result = brackets_settle(arena, member);
        if (result == RESULT_OK && is_list(member))
            result = make_list(arena, member);
    }
    return result;
}
