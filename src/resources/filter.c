/* Filters: one table row an operator. */
#include "resources/query.h"

#include "resources/column_value.h"

struct operator_row {
    struct slice name;
    enum query_operator comparison;
    enum { TAKES_SCALAR, TAKES_TEXT, TAKES_LIST, TAKES_BOOLEAN } takes;
};

static const struct operator_row operators[] = {
    {SLICE("eq"), QUERY_EQ, TAKES_SCALAR},   {SLICE("ne"), QUERY_NE, TAKES_SCALAR},
    {SLICE("gt"), QUERY_GT, TAKES_SCALAR},   {SLICE("gte"), QUERY_GTE, TAKES_SCALAR},
    {SLICE("lt"), QUERY_LT, TAKES_SCALAR},   {SLICE("lte"), QUERY_LTE, TAKES_SCALAR},
    {SLICE("like"), QUERY_LIKE, TAKES_TEXT}, {SLICE("in"), QUERY_IN, TAKES_LIST},
    {SLICE("nin"), QUERY_NIN, TAKES_LIST},   {SLICE("null"), QUERY_NULL, TAKES_BOOLEAN},
};

enum { OPERATOR_ROWS = sizeof(operators) / sizeof(operators[0]) };

static bool add_filter(struct query *query, const struct model_column *column,
                       enum query_operator comparison, struct database_value *values, size_t count,
                       struct problem *problem)
{
    struct query_filter *filter = arena_zalloc(problem->arena, sizeof(*filter));
    if (!filter)
        return query_refuse_memory(problem);
    filter->column = column;
    filter->comparison = comparison;
    filter->values = values;
    filter->value_count = count;
    struct query_filter **end = &query->filters;
    while (*end)
        end = &(*end)->next;
    *end = filter;
    return true;
}

static bool read_scalar(struct query *query, const struct model_column *column,
                        enum query_operator comparison, const struct value *value,
                        struct problem *problem)
{
    struct slice expected = SLICE("");
    if (value->type == VALUE_NULL && (comparison == QUERY_EQ || comparison == QUERY_NE))
        return add_filter(query, column, comparison == QUERY_EQ ? QUERY_NULL : QUERY_NOT_NULL, NULL,
                          0, problem);
    struct database_value *bound = arena_alloc(problem->arena, sizeof(*bound));
    if (!bound)
        return query_refuse_memory(problem);
    if (!column_value_read(column, value, problem->arena, bound, &expected)) {
        query_refuse_value(problem, column->name, expected);
        return false;
    }
    return add_filter(query, column, comparison, bound, 1, problem);
}

static bool read_text(struct query *query, const struct model_column *column,
                      const struct value *value, struct problem *problem)
{
    if (!column_is_text(column) || value->type != VALUE_STRING) {
        query_refuse_value(
            problem, column->name,
            SLICE("like takes a string, on a text column; % and _ stand for others"));
        return false;
    }
    return read_scalar(query, column, QUERY_LIKE, value, problem);
}

static size_t next_power_of_two(size_t n)
{
    size_t power = 1;
    while (power < n)
        power *= 2;
    return power;
}

/* The number of distinct statements is bounded: lists are padded to powers of two. */
static bool read_list(struct query *query, const struct model_column *column,
                      enum query_operator comparison, const struct value *list,
                      struct problem *problem)
{
    struct slice expected = SLICE("a list of 1 to 256 values");
    if (list->type != VALUE_LIST || list->count == 0 || list->count > QUERY_MOST_VALUES) {
        query_refuse_value(problem, column->name, expected);
        return false;
    }
    size_t padded = next_power_of_two(list->count);
    struct database_value *values = arena_alloc(problem->arena, padded * sizeof(*values));
    if (!values)
        return query_refuse_memory(problem);
    size_t count = 0;
    for (const struct value *item = list->first; item; item = item->next) {
        if (!column_value_read(column, item, problem->arena, &values[count], &expected)) {
            query_refuse_value(problem, column->name, expected);
            return false;
        }
        count++;
    }
    for (; count < padded; count++)
        values[count] = values[count - 1];
    return add_filter(query, column, comparison, values, padded, problem);
}

static bool read_boolean(struct query *query, const struct model_column *column,
                         const struct value *value, struct problem *problem)
{
    static const struct slice yes[] = {SLICE("1"), SLICE("true")};
    static const struct slice no[] = {SLICE("0"), SLICE("false")};
    bool is_text = value->type == VALUE_STRING || value->type == VALUE_NUMBER;
    for (size_t i = 0; i < 2; i++) {
        if ((value->type == VALUE_BOOLEAN && value->boolean) ||
            (is_text && slice_equal(value->text, yes[i])))
            return add_filter(query, column, QUERY_NULL, NULL, 0, problem);
        if ((value->type == VALUE_BOOLEAN && !value->boolean) ||
            (is_text && slice_equal(value->text, no[i])))
            return add_filter(query, column, QUERY_NOT_NULL, NULL, 0, problem);
    }
    query_refuse_value(problem, column->name, SLICE("null takes true or false"));
    return false;
}

static const struct operator_row *find_operator(struct slice name)
{
    for (size_t i = 0; i < OPERATOR_ROWS; i++)
        if (slice_equal(operators[i].name, name))
            return &operators[i];
    return NULL;
}

static bool read_operator(struct query *query, const struct model_column *column,
                          const struct value *value, struct problem *problem)
{
    const struct operator_row *row = find_operator(value->name);
    if (!row) {
        query_refuse_value(problem, column->name,
                           SLICE("an operator is one of eq ne gt gte lt lte like in nin null"));
        return false;
    }
    switch (row->takes) {
    case TAKES_SCALAR:
        return read_scalar(query, column, row->comparison, value, problem);
    case TAKES_TEXT:
        return read_text(query, column, value, problem);
    case TAKES_LIST:
        return read_list(query, column, row->comparison, value, problem);
    case TAKES_BOOLEAN:
        return read_boolean(query, column, value, problem);
    }
    return false;
}

bool query_filter_read(struct query *query, const struct model_column *column,
                       const struct value *value, struct problem *problem)
{
    if (!column_is_filterable(column)) {
        query_refuse_value(problem, column->name, SLICE("a binary column cannot be filtered"));
        return false;
    }
    if (value->type == VALUE_LIST)
        return read_list(query, column, QUERY_IN, value, problem);
    if (value->type != VALUE_OBJECT)
        return read_scalar(query, column, QUERY_EQ, value, problem);
    if (value->count == 0) {
        query_refuse_value(problem, column->name,
                           SLICE("an object of at least one operator: {\"gte\": …}"));
        return false;
    }
    bool is_good = true;
    for (const struct value *item = value->first; item; item = item->next)
        is_good = read_operator(query, column, item, problem) && is_good;
    return is_good;
}
