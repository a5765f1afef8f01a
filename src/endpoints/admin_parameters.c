#include "endpoints/admin_parameters.h"

#include "format/value.h"
#include "http/http.h"
#include "http/parameters.h"

static const struct json_limits json_limits = {.depth = 2, .names = 100, .bytes = 64 * 1024};

static bool refuse(struct problem *problem, struct slice code, struct slice field,
                   const char *detail)
{
    problem_set(problem, 400, http_status_text(400));
    problem_add(problem, code, field, "%s", detail);
    return false;
}

static bool refuse_memory(struct problem *problem)
{
    problem_set(problem, 503, http_status_text(503));
    problem_add(problem, SLICE("overloaded"), SLICE(""), "memory is out; try again");
    return false;
}

static bool refuse_name(const struct admin_parameters *parameters, struct slice name,
                        struct problem *problem)
{
    struct buffer allowed;
    buffer_init(&allowed);
    for (size_t i = 0; i < parameters->count; i++)
        buffer_printf(&allowed, "%s%.*s", i ? ", " : "", SLICE_ARGS(parameters->rows[i].name));
    problem_set(problem, 400, http_status_text(400));
    problem_add(problem, SLICE("unknown_parameter"), name, "allowed: %.*s",
                SLICE_ARGS(buffer_slice(&allowed)));
    buffer_clear(&allowed);
    return false;
}

static struct admin_parameter *find(const struct admin_parameters *parameters, struct slice name)
{
    for (size_t i = 0; i < parameters->count; i++)
        if (slice_equal(parameters->rows[i].name, name))
            return &parameters->rows[i];
    return NULL;
}

bool admin_parameters_read_form(const struct admin_parameters *parameters, struct slice text,
                                struct problem *problem)
{
    struct http_pairs pairs = {0};
    bool is_read = http_form_decode(problem->arena, text, &pairs, problem) == RESULT_OK;
    if (!is_read && !problem_is_set(problem))
        return refuse_memory(problem);
    for (const struct http_pair *pair = pairs.first; is_read && pair; pair = pair->next) {
        struct admin_parameter *row = find(parameters, pair->name);
        if (!row)
            is_read = refuse_name(parameters, pair->name, problem);
        else if (row->value.data)
            is_read = refuse(problem, SLICE("given_twice"), pair->name, "it is given twice");
        else
            row->value = pair->value;
    }
    return is_read;
}

static bool read_json(const struct admin_parameters *parameters, const struct value *value,
                      struct problem *problem)
{
    if (value->type != VALUE_OBJECT)
        return refuse(problem, SLICE("invalid_value"), SLICE("body"), "a JSON object is needed");
    for (const struct value *member = value->first; member; member = member->next) {
        struct admin_parameter *row = find(parameters, member->name);
        if (!row)
            return refuse_name(parameters, member->name, problem);
        if (member->type != VALUE_STRING)
            return refuse(problem, SLICE("invalid_value"), member->name, "a string is needed");
        row->value = member->text;
    }
    return true;
}

bool admin_parameters_read_json(const struct admin_parameters *parameters, struct slice text,
                                struct problem *problem)
{
    struct value *value;
    struct json_fault fault;
    enum result result = json_read(problem->arena, text, &json_limits, &value, &fault);
    if (result == RESULT_NO_MEMORY)
        return refuse_memory(problem);
    if (result != RESULT_OK)
        return refuse(problem, fault.code, SLICE("body"), fault.reason);
    return read_json(parameters, value, problem);
}
