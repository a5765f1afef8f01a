/* Reading the list words. */
#include "resources/list_words.h"

#include "resources/column_value.h"

typedef void word_reader(struct query *query, struct list_words *words, const struct value *value,
                         struct problem *problem);

/* Pages end where offsets still fit what MySQL takes. */
static const uint64_t most_offset = UINT64_C(1) << 62;

static bool read_natural(const struct value *value, uint64_t least, uint64_t most, uint64_t *number,
                         struct problem *problem)
{
    bool is_scalar = value->type == VALUE_NUMBER || value->type == VALUE_STRING;
    if (is_scalar && slice_to_u64(value->text, number) && *number >= least && *number <= most)
        return true;
    *number = least;
    query_refuse_value(problem, value->name,
                       arena_printf(problem->arena, "an integer from %llu to %llu",
                                    (unsigned long long)least, (unsigned long long)most));
    return false;
}

static void read_limit(struct query *query, struct list_words *words, const struct value *value,
                       struct problem *problem)
{
    read_natural(value, 1, words->limits->max_limit, &query->limit, problem);
}

static void read_page(struct query *query, struct list_words *words, const struct value *value,
                      struct problem *problem)
{
    words->has_page =
        read_natural(value, 1, most_offset / words->limits->max_limit, &query->page, problem);
}

static void read_offset(struct query *query, struct list_words *words, const struct value *value,
                        struct problem *problem)
{
    words->has_offset = read_natural(value, 0, most_offset, &query->offset, problem);
}

static bool is_sortable(const struct model_column *column)
{
    return column && column_is_filterable(column);
}

static void read_sort(struct query *query, struct list_words *words, const struct value *value,
                      struct problem *problem)
{
    (void)words;
    struct slice rest = value->text;
    struct slice part;
    struct slice expected =
        SLICE("columns of the resource, comma-separated, at most 8, a - before one for descending");
    if (value->type != VALUE_STRING) {
        query_refuse_value(problem, value->name, expected);
        return;
    }
    query->sort_count = 0;
    while (slice_split(&rest, ',', &part)) {
        part = slice_trim(part);
        if (part.size == 0)
            continue;
        bool is_descending = part.data[0] == '-';
        if (is_descending || part.data[0] == '+')
            part = slice_skip(part, 1);
        const struct model_column *column = model_column_find(query->resource, part);
        if (!is_sortable(column) || query->sort_count == QUERY_MOST_SORTS) {
            query_refuse_value(problem, value->name, expected);
            return;
        }
        bool is_of_last =
            query->is_threads && slice_equal(part, query->resource->catalog->threads.order);
        query->sorts[query->sort_count++] = (struct query_sort){column, is_descending, is_of_last};
    }
}

static void read_fields(struct query *query, struct list_words *words, const struct value *value,
                        struct problem *problem)
{
    (void)words;
    struct slice rest = value->text;
    struct slice part;
    struct slice expected = SLICE("columns of the resource, comma-separated");
    if (value->type != VALUE_STRING) {
        query_refuse_value(problem, value->name, expected);
        return;
    }
    query->fields = NULL;
    while (slice_split(&rest, ',', &part)) {
        part = slice_trim(part);
        if (part.size == 0)
            continue;
        const struct model_column *column = model_column_find(query->resource, part);
        if (!column) {
            query_refuse_value(problem, value->name, expected);
            return;
        }
        if (!query->fields)
            query->fields =
                arena_zalloc(problem->arena, query->resource->column_count * sizeof(bool));
        if (query->fields)
            query->fields[column - query->resource->columns] = true;
    }
}

static void read_search(struct query *query, struct list_words *words, const struct value *value,
                        struct problem *problem)
{
    (void)words;
    bool has_columns = false;
    for (size_t i = 0; i < query->resource->column_count; i++)
        has_columns = has_columns || query->resource->columns[i].is_searched;
    if ((value->type != VALUE_STRING && value->type != VALUE_NUMBER) || !has_columns)
        query_refuse_value(problem, value->name,
                           has_columns ? SLICE("a string")
                                       : SLICE("nothing: this resource has no text to search"));
    else
        query->search = value->text;
}

static void read_cursor(struct query *query, struct list_words *words, const struct value *value,
                        struct problem *problem)
{
    (void)query;
    if (value->type == VALUE_STRING)
        words->cursor = value;
    else
        query_refuse_value(problem, value->name, SLICE("the string that `data.next` gave"));
}

static void read_count(struct query *query, struct list_words *words, const struct value *value,
                       struct problem *problem)
{
    static const struct slice names[] = {[QUERY_COUNT_RECENT] = SLICE("recent"),
                                         [QUERY_COUNT_EXACT] = SLICE("exact"),
                                         [QUERY_COUNT_NONE] = SLICE("none")};
    (void)words;
    for (size_t i = QUERY_COUNT_EXACT; i <= QUERY_COUNT_NONE; i++) {
        if (value->type == VALUE_STRING && slice_equal(value->text, names[i])) {
            query->count = (enum query_count)i;
            return;
        }
    }
    query_refuse_value(problem, value->name, SLICE("exact or none"));
}

static const struct word {
    struct slice name;
    word_reader *read;
    bool is_shared; /* applies to every sibling when it stands outside their objects */
} words_table[] = {
    {SLICE("limit"), read_limit, true},    {SLICE("page"), read_page, true},
    {SLICE("offset"), read_offset, true},  {SLICE("count"), read_count, true},
    {SLICE("sort"), read_sort, false},     {SLICE("fields"), read_fields, false},
    {SLICE("search"), read_search, false}, {SLICE("cursor"), read_cursor, false},
};

static const struct word *find_word(struct slice name)
{
    for (size_t i = 0; i < sizeof(words_table) / sizeof(words_table[0]); i++)
        if (slice_equal(words_table[i].name, name))
            return &words_table[i];
    return NULL;
}

bool list_word_is_known(struct slice name)
{
    return find_word(name) != NULL;
}

bool list_word_is_shared(struct slice name)
{
    const struct word *word = find_word(name);
    return word && word->is_shared;
}

void list_word_read(struct query *query, struct list_words *words, const struct value *value,
                    bool *is_known, struct problem *problem)
{
    const struct word *word = find_word(value->name);
    *is_known = word != NULL;
    if (word)
        word->read(query, words, value, problem);
}

/* Threads come most recent first; everything else by key. */
static void default_sort(struct query *query)
{
    const struct catalog_threads *threads = &query->resource->catalog->threads;
    if (query->sort_count || !query->is_threads)
        return;
    const struct model_column *order = model_column_find(query->resource, threads->order);
    if (order)
        query->sorts[query->sort_count++] = (struct query_sort){order, true, true};
}

static void finish_sort(struct query *query)
{
    const struct model_column *key = model_key(query->resource);
    default_sort(query);
    for (size_t i = 0; i < query->sort_count; i++)
        if (query->sorts[i].column == key && !query->sorts[i].is_of_last) {
            query->sort_count = i + 1; /* the key is unique: what follows cannot matter */
            return;
        }
    /* Ties go the way of the column before, so that an index on it, which ends in the key, is read
     * backwards for both. */
    bool is_descending = query->sort_count > 0 && query->sorts[query->sort_count - 1].is_descending;
    query->sorts[query->sort_count++] = (struct query_sort){key, is_descending, query->is_threads};
}

static void mix(uint64_t *hash, struct slice s)
{
    for (size_t i = 0; i < s.size; i++)
        *hash = (*hash ^ (unsigned char)s.data[i]) * UINT64_C(1099511628211);
    *hash = (*hash ^ 0xFFU) * UINT64_C(1099511628211);
}

static uint64_t shape_of(const struct query *query)
{
    uint64_t hash = UINT64_C(14695981039346656037);
    struct buffer text;
    buffer_init(&text);
    mix(&hash, query->resource->name);
    mix(&hash, query->is_threads ? SLICE("threads") : SLICE("rows"));
    for (const struct query_parent *parent = query->parents; parent; parent = parent->next)
        buffer_printf(&text, "%.*s=%lld;", SLICE_ARGS(parent->parent->parameter),
                      (long long)parent->id);
    value_print(query->shown, &text);
    mix(&hash, buffer_slice(&text));
    mix(&hash, query->search);
    for (size_t i = 0; i < query->sort_count; i++) {
        mix(&hash, query->sorts[i].column->name);
        mix(&hash, query->sorts[i].is_descending ? SLICE("-") : SLICE("+"));
    }
    buffer_clear(&text);
    return hash;
}

void list_words_finish(struct query *query, struct list_words *words, struct problem *problem)
{
    if (words->has_offset)
        query->page = query->offset / query->limit + 1;
    else if (words->has_page)
        query->offset = (query->page - 1) * query->limit;
    finish_sort(query);
    query->shape = shape_of(query);
    if (words->cursor && words->cursor->text.size &&
        query_cursor_read(query, words->cursor->text, problem)) {
        query->offset = 0;
        query->page = 1;
    }
}
