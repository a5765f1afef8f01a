#include "abuse/report_variables.h"

#include "base/utf8.h"
#include "format/value.h"
#include "http/parameters.h"

enum { MOST_DEPTH = 8, MOST_NAMES = HTTP_MOST_PAIRS };

static const struct slice names[REPORT_VARIABLES] = {
    [REPORT_ACTION] = SLICE("action"),
    [REPORT_SERVICE_ID] = SLICE("service_id"),
    [REPORT_CATEGORY] = SLICE("category"),
    [REPORT_SERVICE_IP] = SLICE("service_ip"),
    [REPORT_SUSPEND_METHOD] = SLICE("suspend_method"),
    [REPORT_ALLOW_UNSUSPEND] = SLICE("allow_unsuspend"),
    [REPORT_ADDITIONAL_INFO] = SLICE("additional_info"),
    [REPORT_ADMIN_NOTES] = SLICE("admin_notes"),
};

struct slice report_variable_name(enum report_variable variable)
{
    return names[variable];
}

static struct report_given *find(struct report_variables *variables, struct slice name)
{
    for (size_t i = 0; i < REPORT_VARIABLES; i++)
        if (slice_equal(names[i], name))
            return &variables->given[i];
    return NULL;
}

/* --- forms --------------------------------------------------------------------------------- */

/* category[], category[x][y]: PHP makes an array of it. */
static void take_pair(struct report_variables *variables, const struct http_pair *pair)
{
    size_t bracket = slice_find(pair->name, '[');
    struct report_given *given = find(variables, slice_of(pair->name.data, bracket));
    if (!given)
        return;
    given->is_many = bracket < pair->name.size;
    given->text = given->is_many ? slice_of("", 0) : pair->value;
}

static void take_pairs(struct report_variables *variables, const struct http_pairs *pairs)
{
    for (const struct http_pair *pair = pairs->first; pair; pair = pair->next)
        take_pair(variables, pair);
}

/* What cannot be read of the query names no action. */
static void take_action(struct arena *arena, struct slice query, struct report_variables *variables)
{
    struct http_pairs pairs = {0};
    struct problem ignored;
    struct report_variables all = {0};
    problem_init(&ignored, arena);
    http_form_decode(arena, query, &pairs, &ignored);
    take_pairs(&all, &pairs);
    variables->given[REPORT_ACTION] = all.given[REPORT_ACTION];
}

static bool refuse_body(struct report_refusal *refusal, const char *what, struct slice field)
{
    if (field.size)
        report_refuse(refusal, REPORT_BAD_BODY, "The body cannot be read: %s (%.*s)", what,
                      (int)(field.size < 128 ? field.size : 128), field.data);
    else
        report_refuse(refusal, REPORT_BAD_BODY, "The body cannot be read: %s", what);
    return false;
}

static bool end_pairs(enum result result, const struct http_pairs *pairs,
                      const struct problem *problem, struct report_variables *variables,
                      struct report_refusal *refusal)
{
    if (result == RESULT_NO_MEMORY)
        report_refuse_for_now(refusal, REPORT_NOT_STORED, 1, "Not stored: memory is out");
    else if (result != RESULT_OK)
        refuse_body(refusal, problem->first ? problem->first->detail.data : "it is malformed",
                    problem->first ? problem->first->field : slice_of("", 0));
    else
        take_pairs(variables, pairs);
    return result == RESULT_OK;
}

static bool read_form(struct arena *arena, const struct report_body *body,
                      struct report_variables *variables, struct report_refusal *refusal)
{
    struct http_pairs pairs = {0};
    struct problem problem;
    problem_init(&problem, arena);
    enum result result = http_form_decode(arena, body->bytes, &pairs, &problem);
    return end_pairs(result, &pairs, &problem, variables, refusal);
}

static bool read_multipart(struct arena *arena, const struct report_body *body,
                           struct report_variables *variables, struct report_refusal *refusal)
{
    struct http_pairs pairs = {0};
    struct problem problem;
    problem_init(&problem, arena);
    enum result result =
        http_multipart_decode(arena, body->content_type, body->bytes, &pairs, &problem);
    return end_pairs(result, &pairs, &problem, variables, refusal);
}

/* --- JSON ---------------------------------------------------------------------------------- */

static void take_member(struct report_variables *variables, const struct value *member)
{
    struct report_given *given = find(variables, member->name);
    if (!given)
        return;
    given->is_many = member->type == VALUE_LIST || member->type == VALUE_OBJECT;
    given->text = slice_of("", 0);
    if (member->type == VALUE_STRING || member->type == VALUE_NUMBER)
        given->text = member->text;
    else if (member->type == VALUE_BOOLEAN)
        given->text = member->boolean ? SLICE("true") : SLICE("false");
}

static bool read_json(struct arena *arena, const struct report_body *body,
                      struct report_variables *variables, struct report_refusal *refusal)
{
    const struct json_limits limits = {
        .depth = MOST_DEPTH, .names = MOST_NAMES, .bytes = body->bytes.size};
    struct json_fault fault = {0};
    struct value *root = NULL;
    enum result result = json_read(arena, body->bytes, &limits, &root, &fault);
    if (result == RESULT_NO_MEMORY)
        report_refuse_for_now(refusal, REPORT_NOT_STORED, 1, "Not stored: memory is out");
    else if (result != RESULT_OK)
        report_refuse(refusal, REPORT_BAD_BODY, "The body cannot be read: line %zu: %s", fault.line,
                      fault.reason);
    else if (root->type != VALUE_OBJECT)
        return refuse_body(refusal, "it must be a JSON object", slice_of("", 0));
    if (report_is_refused(refusal))
        return false;
    for (const struct value *member = root->first; member; member = member->next)
        take_member(variables, member);
    return true;
}

/* --- which of them ------------------------------------------------------------------------- */

/* The value of charset=, without quotes; data NULL: none is named. */
static struct slice charset_of(struct slice content_type)
{
    struct slice parameter;
    struct slice rest = content_type;
    slice_split(&rest, ';', &parameter);
    while (slice_split(&rest, ';', &parameter)) {
        size_t equals = slice_find(parameter, '=');
        struct slice name = slice_trim(slice_of(parameter.data, equals));
        if (equals == parameter.size || !slice_equal_nocase(name, SLICE("charset")))
            continue;
        struct slice value = slice_trim(slice_skip(parameter, equals + 1));
        bool is_quoted =
            value.size >= 2 && value.data[0] == '"' && value.data[value.size - 1] == '"';
        return is_quoted ? slice_of(value.data + 1, value.size - 2) : value;
    }
    return slice_of(NULL, 0);
}

static bool is_unicode(struct slice charset)
{
    return !charset.data || slice_equal_nocase(charset, SLICE("utf-8")) ||
           slice_equal_nocase(charset, SLICE("utf8")) ||
           slice_equal_nocase(charset, SLICE("us-ascii"));
}

bool report_variables_read(struct arena *arena, struct slice query, const struct report_body *body,
                           struct report_variables *variables, struct report_refusal *refusal)
{
    static const struct {
        struct slice media;
        bool (*read)(struct arena *arena, const struct report_body *body,
                     struct report_variables *variables, struct report_refusal *refusal);
    } kinds[] = {
        {SLICE("application/x-www-form-urlencoded"), read_form},
        {SLICE("multipart/form-data"), read_multipart},
        {SLICE("application/json"), read_json},
    };
    struct slice media = http_media_type(body->content_type);
    struct slice charset = charset_of(body->content_type);
    *variables = (struct report_variables){0};
    take_action(arena, query, variables);
    if (body->bytes.size == 0)
        return true;
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if (!slice_equal_nocase(kinds[i].media, media))
            continue;
        if (is_unicode(charset))
            return kinds[i].read(arena, body, variables, refusal);
        report_refuse(refusal, REPORT_FOREIGN_BODY,
                      "The body's charset is not understood; allowed: UTF-8");
        return false;
    }
    report_refuse(refusal, REPORT_FOREIGN_BODY,
                  "The body's Content-Type is not understood; allowed: "
                  "application/x-www-form-urlencoded, multipart/form-data, application/json");
    return false;
}
