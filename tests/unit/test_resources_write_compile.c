/* remote-api.md section 6 (and 2, 3): what params mean for a write, all faults told at once. */
#include "sample_writing.h"

struct compiled {
    struct sample *sample;
    struct write write;
    enum result result;
};

/* With a file beside the params. */
static const struct write_file *given_file;

static struct compiled compile(void **state, const char *method, const char *path,
                               const char *params, const char *loose)
{
    struct sample *sample = *state;
    struct compiled compiled = {.sample = sample};
    char whole[128];
    snprintf(whole, sizeof(whole), "v1/%s/json", path);
    if (sample_parse(sample, whole) != RESULT_OK)
        fail_msg("%s is refused", path);
    const struct write_given given = {slice_from(method), sample_value(sample, params),
                                      loose ? sample_value(sample, loose) : NULL, given_file};
    compiled.result = write_compile(sample->model, &sample->chain, &given, &sample->viewer,
                                    &compiled.write, &sample->problem);
    if ((compiled.result == RESULT_OK) == problem_is_set(&sample->problem))
        fail_msg("%s %s %s: result %d, status %d", method, path, params, (int)compiled.result,
                 sample->problem.status);
    return compiled;
}

static void print_value(struct buffer *text, const struct write_value *value)
{
    buffer_printf(text, "%.*s%s", SLICE_ARGS(value->column->name), value->must_equal ? "==" : "=");
    if (value->value.type == DATABASE_NULL)
        buffer_append_slice(text, SLICE("null"));
    else if (value->value.type == DATABASE_INTEGER)
        buffer_printf(text, "%lld", (long long)value->value.integer);
    else if (value->value.type == DATABASE_UNSIGNED)
        buffer_printf(text, "%lluu", (unsigned long long)value->value.natural);
    else
        buffer_printf(text, "'%.*s'", SLICE_ARGS(value->value.text));
}

static void print_items(const struct write *write, struct buffer *text)
{
    for (size_t i = 0; i < write->item_count; i++) {
        buffer_append_slice(text, i ? SLICE("; ") : SLICE(""));
        for (size_t v = 0; v < write->items[i].count; v++) {
            buffer_append_slice(text, v ? SLICE(" ") : SLICE(""));
            print_value(text, &write->items[i].values[v]);
        }
    }
}

/* It compiles to these values: a=1 b=='x', items apart at ;. */
static struct write compiles(void **state, const char *method, const char *path, const char *params,
                             const char *loose, const char *expected)
{
    struct compiled compiled = compile(state, method, path, params, loose);
    struct buffer text;
    buffer_init(&text);
    if (compiled.result != RESULT_OK)
        fail_msg("%s %s %s: %.*s", method, path, params,
                 SLICE_ARGS(compiled.sample->problem.first->field));
    print_items(&compiled.write, &text);
    assert_slice(buffer_slice(&text), expected);
    buffer_clear(&text);
    return compiled.write;
}

/* It is refused with this status and these faults, in their order: field:code, blanks between. */
static void refuses(void **state, const char *method, const char *path, const char *params,
                    const char *loose, int status, const char *faults)
{
    struct compiled compiled = compile(state, method, path, params, loose);
    struct buffer text;
    buffer_init(&text);
    const struct problem_cause *cause = compiled.sample->problem.first;
    for (; cause; cause = cause->next) {
        assert_true(cause->detail.size > 0);
        buffer_printf(&text, "%s%.*s:%.*s", text.size ? " " : "", SLICE_ARGS(cause->field),
                      SLICE_ARGS(cause->code));
    }
    if (compiled.sample->problem.status != status)
        fail_msg("%s %s %s: %d, not %d", method, path, params, compiled.sample->problem.status,
                 status);
    assert_slice(buffer_slice(&text), faults);
    buffer_clear(&text);
}

#define POST(path, params, expected)   compiles(state, "POST", path, params, NULL, expected)
#define PUT(path, params, expected)    compiles(state, "PUT", path, params, NULL, expected)
#define DELETE(path, params, expected) compiles(state, "DELETE", path, params, NULL, expected)
#define NO_POST(path, params, status, faults)                                                      \
    refuses(state, "POST", path, params, NULL, status, faults)
#define NO_PUT(path, params, status, faults)                                                       \
    refuses(state, "PUT", path, params, NULL, status, faults)
#define NO_DELETE(path, params, status, faults)                                                    \
    refuses(state, "DELETE", path, params, NULL, status, faults)

static void test_create(void **state)
{
    struct write write =
        POST("projects",
             "{\"project_name\":\"x\",\"budget\":1.50,\"big\":18446744073709551615,"
             "\"date_start\":null,\"client_userid\":\"7\",\"project_complete\":true}",
             "project_name='x' budget='1.50' big=18446744073709551615u "
             "date_start=null client_userid=7 project_complete=1");
    assert_int_equal(write.kind, WRITE_CREATE);
    assert_int_equal(write.id, 0);
    assert_int_equal(write.item_count, 1);
    assert_false(write.is_bulk);
    assert_slice(write.resource->name, "projects");
    POST("timelogs", "{}", "");
}

static void test_update(void **state)
{
    struct write write = PUT("projects/9", "{\"project_name\":\"x\"}", "project_name='x'");
    assert_int_equal(write.kind, WRITE_UPDATE);
    assert_int_equal(write.id, 9);
    PUT("projects/9", "{}", ""); /* nothing is required of an update */
}

static void test_delete(void **state)
{
    struct write write = DELETE("projects/9", "{}", "");
    assert_int_equal(write.kind, WRITE_DELETE);
    assert_int_equal(write.id, 9);
    assert_int_equal(write.item_count, 1);
    assert_false(write.is_forced);
    NO_DELETE("projects/9", "{\"project_name\":\"x\"}", 400, "project_name:unknown_parameter");
    NO_DELETE("projects/9", "{\"limit\":1}", 400, "limit:unknown_parameter");
}

/* "a key or kept column that equals what is stored is ignored; a different value is 422" */
static void test_fixed_columns(void **state)
{
    PUT("projects/9",
        "{\"owner_adminid\":\"3\",\"date_created\":\"2026-01-02\",\"seal\":\"AQ==\",\"project_"
        "name\":\"x\"}",
        "owner_adminid==3 date_created=='2026-01-02' seal=='AQ==' project_name='x'");
    PUT("projects/9", "{\"date_created\":null,\"seal\":null}", "date_created==null seal==null");
    NO_PUT("projects/9", "{\"owner_adminid\":\"x\",\"seal\":5}", 422,
           "owner_adminid:invalid_value seal:invalid_value");
    NO_POST("projects",
            "{\"project_name\":\"x\",\"project_id\":5,\"owner_adminid\":1,\"date_created\":\"2026-"
            "01-02\","
            "\"seal\":\"AQ==\"}",
            422,
            "project_id:invalid_value owner_adminid:invalid_value date_created:invalid_value "
            "seal:invalid_value");
    PUT("actions/5", "{\"level_children\":2}", "level_children==2");
    NO_POST("files", "{\"file_name\":\"x\",\"file_version\":2}", 422, "file_version:invalid_value");
    /* what is hidden does not exist */
    NO_POST("files", "{\"file_name\":\"x\",\"file_path\":\"y\"}", 400,
            "file_path:unknown_parameter");
    NO_PUT("files/1", "{\"file_path\":\"y\"}", 400, "file_path:unknown_parameter");
}

/* A thread is chosen once: on create. */
static void test_thread(void **state)
{
    POST("topics", "{\"topic_detail\":\"x\",\"thread_id\":5}", "topic_detail='x' thread_id=5");
    POST("topics", "{\"topic_detail\":\"x\",\"thread_id\":0}", "topic_detail='x' thread_id=0");
    PUT("topics/7", "{\"thread_id\":5}", "thread_id==5");
}

static void test_required(void **state)
{
    NO_POST("projects", "{}", 422, "project_name:required_missing");
    NO_POST("actions", "{}", 422, "project_id:required_missing action_name:required_missing");
    NO_POST("projects", "{\"project_name\":\"\"}", 422, "project_name:required_missing");
    NO_POST("projects", "{\"project_name\":\" \\t\\n\"}", 422, "project_name:required_missing");
    NO_POST("projects", "{\"project_name\":null}", 422, "project_name:invalid_value");
    NO_POST("actions", "{\"project_id\":0,\"action_name\":\"x\"}", 422,
            "project_id:required_missing");
    NO_PUT("projects/9", "{\"project_name\":\"\"}", 422, "project_name:required_missing");
    NO_PUT("actions/9", "{\"project_id\":\"0\"}", 422, "project_id:required_missing");
    POST("projects", "{\"project_name\":\"0\"}", "project_name='0'");
}

static void test_values(void **state)
{
    NO_POST("projects",
            "{\"project_name\":\"thirteenchars\",\"project_complete\":101,\"budget\":\"1.555\","
            "\"project_function\":\"Archive\",\"client_userid\":2147483648,\"date_start\":\"2026-"
            "02-30\","
            "\"big\":-1,\"visible_status\":\"\xF0\x9F\x98\x80\"}",
            422,
            "project_name:invalid_value project_complete:invalid_value budget:invalid_value "
            "project_function:invalid_value client_userid:invalid_value date_start:invalid_value "
            "big:invalid_value visible_status:invalid_value");
    NO_POST("projects", "{\"project_name\":[\"x\"],\"budget\":{\"gte\":1}}", 422,
            "project_name:invalid_value budget:invalid_value");
    NO_PUT("actions/5", "{\"action_priority\":0,\"action_name\":null}", 422,
           "action_priority:invalid_value action_name:invalid_value");
}

/* "Inside params an unknown name is an error: 400, naming it and listing what is allowed." */
static void test_names(void **state)
{
    struct sample *sample = *state;
    NO_POST("timelogs", "{\"foo\":1,\"limit\":5,\"force\":true,\"Timelog_note\":\"x\"}", 400,
            "foo:unknown_parameter limit:unknown_parameter force:unknown_parameter "
            "Timelog_note:unknown_parameter");
    assert_slice(sample->problem.message, "Request Invalid or Bad Format");
    char detail[1024];
    snprintf(detail, sizeof(detail), "%.*s", SLICE_ARGS(sample->problem.first->detail));
    assert_non_null(
        strstr(detail, "dry_run project_id action_id ticket_id timelog_note invoice_id"));
    assert_null(strstr(detail, "timelog_id"));
    /* both kinds at once: 400, wherever the name stands */
    NO_PUT("timelogs/5", "{\"foo\":1,\"invoice_id\":\"x\"}", 400,
           "foo:unknown_parameter invoice_id:invalid_value");
    NO_PUT("timelogs/5", "{\"invoice_id\":\"x\",\"foo\":1}", 400,
           "invoice_id:invalid_value foo:unknown_parameter");
}

/* --- chains ----------------------------------------------------------------------------------- */

/* "`POST projects/100/actions` fills project_id from the chain" */
static void test_chain_fills(void **state)
{
    POST("projects/100/actions", "{\"action_name\":\"x\"}", "action_name='x' project_id=100");
    POST("projects/100/actions", "{\"project_id\":\"100\",\"action_name\":\"x\"}",
         "project_id=100 action_name='x'");
    POST("actions/55/timelogs", "{}", "action_id=55");
    POST("projects/100/actions/55/timelogs", "{\"project_id\":100}", "project_id=100 action_id=55");
    /* the middle of the chain is looked at under the lock */
    POST("projects/100/actions/55/timelogs", "{\"project_id\":101}", "project_id=101 action_id=55");
    POST("projects/9223372036854775807/timelogs", "{}", "project_id=9223372036854775807");
}

/* "Parents that disagree, with the chain or with each other, are 422." */
static void test_chain_disagrees(void **state)
{
    NO_POST("projects/100/actions", "{\"action_name\":\"x\",\"project_id\":101}", 422,
            "project_id:invalid_value");
    NO_POST("projects/100/topics", "{\"topic_detail\":\"x\",\"project_id\":0}", 422,
            "project_id:invalid_value");
    NO_POST("actions/55/timelogs", "{\"action_id\":\"\"}", 422, "action_id:invalid_value");
}

/* On a single record its own key may be repeated, and ids of the chain where they are no columns.
 */
static void test_chain_repeated(void **state)
{
    PUT("projects/9", "{\"project_id\":\"9\",\"project_name\":\"x\"}", "project_name='x'");
    NO_PUT("projects/9", "{\"project_id\":8}", 422, "project_id:invalid_value");
    NO_PUT("projects/9", "{\"project_id\":\"9x\"}", 422, "project_id:invalid_value");
    NO_PUT("projects/9", "{\"project_id\":[9]}", 422, "project_id:invalid_value");
    NO_PUT("projects/9", "{\"project_id\":null}", 422, "project_id:invalid_value");
    DELETE("projects/9", "{\"project_id\":9}", "");
    NO_DELETE("projects/9", "{\"project_id\":8}", 422, "project_id:invalid_value");
    DELETE("projects/1/actions/2/timelogs/3", "{\"project_id\":1,\"action_id\":2,\"timelog_id\":3}",
           "");
    NO_DELETE("projects/1/actions/2/timelogs/3", "{\"action_id\":3}", 422,
              "action_id:invalid_value");
    /* of an update they are columns like any other: the record moves */
    PUT("projects/1/actions/2", "{\"project_id\":7,\"action_id\":2}", "project_id=7");
}

/* --- parent_type and parent_id ------------------------------------------------------------------
 */

static void test_either_parent(void **state)
{
    POST("actions/55/timelogs", "{}", "parent_id=55 parent_type='action'");
    POST("projects/7/timelogs", "{\"note\":\"x\"}", "note='x' parent_id=7 parent_type='project'");
    POST("timelogs", "{\"action_id\":55}", "parent_id=55 parent_type='action'");
    POST("timelogs", "{\"project_id\":\"7\"}", "parent_id=7 parent_type='project'");
    POST("timelogs", "{\"parent_type\":\"action\",\"parent_id\":55}",
         "parent_type='action' parent_id=55");
    POST("timelogs", "{\"parent_type\":\"action\",\"parent_id\":55,\"action_id\":55}",
         "parent_type='action' parent_id=55");
    POST("timelogs", "{\"parent_type\":\"ticket\",\"parent_id\":5}",
         "parent_type='ticket' parent_id=5");
    POST("timelogs", "{\"parent_type\":\"\"}", "parent_type=''");
    POST("projects/7/actions/55/timelogs", "{\"project_id\":7,\"action_id\":55}",
         "parent_id=55 parent_type='action'");
    PUT("timelogs/1", "{\"action_id\":9}", "parent_id=9 parent_type='action'");
    PUT("actions/55/timelogs/1", "{\"action_id\":55}", "");
}

static void test_either_parent_disagrees(void **state)
{
    NO_POST("actions/55/timelogs", "{\"parent_id\":56}", 422, "parent_id:invalid_value");
    NO_POST("actions/55/timelogs", "{\"parent_type\":\"project\"}", 422,
            "parent_type:invalid_value");
    NO_POST("actions/55/timelogs", "{\"action_id\":56}", 422, "action_id:invalid_value");
    NO_POST("timelogs", "{\"project_id\":7,\"action_id\":55}", 422,
            "parent_id:invalid_value parent_type:invalid_value");
    NO_POST("timelogs", "{\"project_id\":-1}", 422, "project_id:invalid_value");
    NO_POST("timelogs", "{\"project_id\":\"x\"}", 422, "project_id:invalid_value");
    NO_POST("timelogs", "{\"project_id\":[7]}", 422, "project_id:invalid_value");
    NO_PUT("timelogs/1", "{\"project_id\":0}", 422, "project_id:invalid_value");
    NO_POST("timelogs", "{\"project_id\":\"0\"}", 422, "project_id:invalid_value");
    /* beyond the column: looked for, and not found */
    POST("timelogs", "{\"project_id\":99999999999}", "parent_id=99999999999 parent_type='project'");
    /* letter by letter: MySQL's collation sees no difference, and would hang the row there */
    static const char *const likes[] = {"ACTION", "action ", "áction", "act\\u0001ion", "projecT"};
    char params[64];
    for (size_t i = 0; i < SAMPLE_LENGTH(likes); i++) {
        snprintf(params, sizeof(params), "{\"parent_type\":\"%s\"}", likes[i]);
        NO_POST("timelogs", params, 422, "parent_type:invalid_value");
    }
}

/* Rows outside the resource's constants do not exist: none are made, none leave. */
static void test_constants(void **state)
{
    NO_POST("projects", "{\"project_name\":\"x\",\"kind\":\"web\"}", 422, "kind:invalid_value");
    PUT("projects/5", "{\"kind\":\"web\"}", "kind=='web'");
}

/* --- switches --------------------------------------------------------------------------------- */

static void test_switches(void **state)
{
    static const char *const on[] = {"true", "1", "\"1\"", "\"true\""};
    static const char *const off[] = {"false", "0", "\"0\"", "\"false\""};
    static const char *const wrong[] = {"null", "\"\"",     "\"yes\"", "2",  "[]",
                                        "{}",   "\"TRUE\"", "1.0",     "[1]"};
    char params[64];
    for (size_t i = 0; i < 4; i++) {
        snprintf(params, sizeof(params), "{\"dry_run\":%s,\"force\":%s}", on[i], on[i]);
        struct write write = DELETE("projects/9", params, "");
        assert_true(write.is_dry_run && write.is_forced);
        snprintf(params, sizeof(params), "{\"dry_run\":%s,\"force\":%s}", off[i], off[i]);
        write = DELETE("projects/9", params, "");
        assert_false(write.is_dry_run || write.is_forced);
        snprintf(params, sizeof(params), "{\"dry_run\":%s}", on[i]);
        assert_true(PUT("timelogs/9", params, "").is_dry_run);
        assert_true(POST("timelogs", params, "").is_dry_run);
    }
    for (size_t i = 0; i < SAMPLE_LENGTH(wrong); i++) {
        snprintf(params, sizeof(params), "{\"dry_run\":%s,\"force\":%s}", wrong[i], wrong[i]);
        NO_DELETE("projects/9", params, 422, "dry_run:invalid_value force:invalid_value");
    }
    NO_PUT("projects/9", "{\"force\":1}", 400, "force:unknown_parameter");
}

/* --- loose names ------------------------------------------------------------------------------ */

/* Section 2: "taken into params when the target resource knows it, otherwise it is ignored" */
static void test_loose(void **state)
{
    compiles(state, "POST", "timelogs", "{\"timelog_note\":\"params\"}",
             "{\"timelog_note\":\"loose\",\"invoice_id\":\"5\",\"_\":\"17\",\"limit\":\"5\","
             "\"force\":\"1\"}",
             "timelog_note='params' invoice_id=5");
    assert_true(compiles(state, "POST", "timelogs", "{}", "{\"dry_run\":\"1\"}", "").is_dry_run);
    refuses(state, "POST", "timelogs", "{}", "{\"invoice_id\":\"x\",\"timelog_id\":\"5\"}", 422,
            "invoice_id:invalid_value timelog_id:invalid_value");
    refuses(state, "POST", "timelogs", "{}", "{\"project_id\":[\"1\"]}", 422,
            "project_id:invalid_value");
    compiles(state, "PUT", "timelogs/5", "{}", "{\"timelog_id\":\"5\",\"action_id\":\"7\"}",
             "action_id=7");
    compiles(state, "DELETE", "timelogs/5", "{}", "{\"timelog_note\":\"x\",\"timelog_id\":\"5\"}",
             "");
    refuses(state, "DELETE", "timelogs/5", "{}", "{\"timelog_id\":\"6\"}", 422,
            "timelog_id:invalid_value");
    assert_true(compiles(state, "DELETE", "timelogs/5", "{}", "{\"force\":\"1\"}", "").is_forced);
    assert_false(compiles(state, "DELETE", "timelogs/5", "{\"force\":0}", "{\"force\":\"1\"}", "")
                     .is_forced);
}

static void test_loose_parents(void **state)
{
    compiles(state, "POST", "timelogs", "{}", "{\"action_id\":\"55\"}",
             "parent_id=55 parent_type='action'");
}

/* --- lists ------------------------------------------------------------------------------------ */

static void test_bulk(void **state)
{
    struct write write = POST(
        "projects/7/actions",
        "[{\"action_name\":\"a\"},{\"action_name\":\"b\",\"project_id\":7},{\"action_name\":\"c\"}"
        "]",
        "action_name='a' project_id=7; action_name='b' project_id=7; action_name='c' project_id=7");
    assert_true(write.is_bulk);
    assert_int_equal(write.item_count, 3);
    assert_true(POST("timelogs", "[{}]", "").is_bulk);
}

static void test_bulk_faults(void **state)
{
    struct sample *sample = *state;
    NO_POST(
        "projects",
        "[{\"project_name\":\"x\"},{\"foo\":1},5,null,[],{\"project_name\":\"y\",\"budget\":\"x\"},"
        "{\"project_name\":\"\"}]",
        400,
        "[1].foo:unknown_parameter [1].project_name:required_missing [2]:invalid_value "
        "[3]:invalid_value [4]:invalid_value [5].budget:invalid_value "
        "[6].project_name:required_missing");
    NO_POST("projects/7/actions", "[{\"action_name\":\"x\",\"project_id\":8}]", 422,
            "[0].project_id:invalid_value");
    NO_PUT("projects/9", "[{\"project_name\":\"x\"}]", 400, "params:bad_json");
    NO_DELETE("projects/9", "[{}]", 400, "params:bad_json");
    assert_slice(sample->problem.message, "Request Invalid or Bad Format");
}

/* What is meant for the whole of a list may stand in any of its items, or beside it. */
static void test_bulk_switches(void **state)
{
    assert_true(POST("timelogs", "[{},{\"dry_run\":1},{\"dry_run\":0}]", "; ; ").is_dry_run);
    assert_true(compiles(state, "POST", "timelogs", "[{},{\"dry_run\":false}]",
                         "{\"dry_run\":\"1\",\"timelog_note\":\"x\"}", "; ")
                    .is_dry_run);
    refuses(state, "POST", "timelogs", "[{},{\"dry_run\":5}]", "{\"dry_run\":\"x\"}", 422,
            "dry_run:invalid_value [1].dry_run:invalid_value");
}

/* "A list's records have no bytes": not beside it either. Other names beside it are for nobody. */
static void test_bulk_bytes(void **state)
{
    static const char list[] = "[{\"file_name\":\"a\"},{\"file_name\":\"b\"}]";
    static const char both[] = "[{\"file_name\":\"a\",\"file_content\":\"QQ==\"}]";
    refuses(state, "POST", "files", list, "{\"file_content\":\"QUJD\"}", 422,
            "file_content:invalid_value");
    refuses(state, "POST", "files", both, "{\"file_content\":null}", 422,
            "file_content:invalid_value [0].file_content:invalid_value");
    compiles(state, "POST", "files", list, "{\"file_label\":\"x\",\"file_id\":1}",
             "file_name='a'; file_name='b'");
    compiles(state, "POST", "timelogs", "[{}]", "{\"file_content\":\"QUJD\"}", "");
}

/* "at most 500" */
static void test_bulk_size(void **state)
{
    struct sample *sample = *state;
    for (size_t count = WRITE_MOST_ITEMS; count <= WRITE_MOST_ITEMS + 1; count++) {
        struct value *list = value_create(&sample->arena, VALUE_LIST);
        struct write write;
        for (size_t i = 0; i < count; i++)
            value_append(list, value_create(&sample->arena, VALUE_OBJECT));
        assert_int_equal(sample_parse(sample, "v1/timelogs/json"), RESULT_OK);
        const struct write_given given = {SLICE("POST"), list, NULL, NULL};
        enum result result = write_compile(sample->model, &sample->chain, &given, &sample->viewer,
                                           &write, &sample->problem);
        assert_int_equal(result, count > WRITE_MOST_ITEMS ? RESULT_INVALID : RESULT_OK);
    }
    assert_refused(sample, 400, "too_many_items", "params");
}

/* The answer is bounded whatever the request holds. */
static void test_most_faults(void **state)
{
    struct sample *sample = *state;
    struct value *list = value_create(&sample->arena, VALUE_LIST);
    struct write write;
    size_t count = 0;
    for (size_t i = 0; i < 60; i++) {
        struct value *item = value_create(&sample->arena, VALUE_OBJECT);
        for (size_t name = 0; name < 500; name++)
            value_set(item, arena_printf(&sample->arena, "unknown%zu", name),
                      value_create(&sample->arena, VALUE_NULL));
        value_append(list, item);
    }
    assert_int_equal(sample_parse(sample, "v1/timelogs/json"), RESULT_OK);
    const struct write_given given = {SLICE("POST"), list, NULL, NULL};
    assert_int_equal(write_compile(sample->model, &sample->chain, &given, &sample->viewer, &write,
                                   &sample->problem),
                     RESULT_INVALID);
    for (const struct problem_cause *cause = sample->problem.first; cause; cause = cause->next)
        count++;
    assert_int_equal(count, WRITE_MOST_FAULTS + 1);
    assert_slice(sample->problem.last->code, "too_many_faults");
}

/* data-model.md: "other absences switch off what needs them". */
static void test_creating_is_off(void **state)
{
    struct sample *sample = *state;
    struct schema *schema = sample_schema(writing_columns, SAMPLE_LENGTH(writing_columns));
    for (size_t i = 0; i < schema->table_count; i++)
        schema->tables[i].columns[0].is_counted = false;
    model_release(sample->model);
    assert_int_equal(model_build(sample->catalog, schema, &sample->model), RESULT_OK);
    NO_POST("projects", "{\"foo\":1}", 503, "projects:resource_off");
    PUT("projects/5", "{\"project_name\":\"x\"}", "project_name='x'");
}

/* Section 7: file_content (base64) in params; what a file says of itself counts where params say
 * nothing else. */
static void test_bytes(void **state)
{
    static const struct write_file file = {SLICE("a.txt"), SLICE("text/plain")};
    static const struct write_file silent = {SLICE(""), SLICE("")};
    struct write write =
        POST("files", "{\"file_name\":\"f\",\"file_content\":\"QUI=\"}", "file_name='f'");
    assert_true(write.has_content && write_has_bytes(&write));
    assert_int_equal(write.content_size, 2);
    write = compiles(state, "POST", "files", "{\"file_name\":\"f\"}", "{\"file_content\":\"\"}",
                     "file_name='f'");
    assert_true(write.has_content);
    assert_int_equal(write.content_size, 0);
    write = PUT("files/7", "{\"file_content\":\"QQ==\"}", "");
    assert_true(write.has_content);
    refuses(state, "DELETE", "files/7", "{\"file_content\":\"QQ==\"}", NULL, 400,
            "file_content:unknown_parameter");
    refuses(state, "POST", "topics", "{\"topic_detail\":\"t\",\"file_content\":\"QQ==\"}", NULL,
            400, "file_content:unknown_parameter");
    refuses(state, "POST", "files", "{\"file_content\":\"QQ\"}", NULL, 422,
            "file_content:invalid_value file_name:required_missing");

    given_file = &file;
    write = POST("files", "{}", "file_name='a.txt'");
    assert_ptr_equal(write.file, &file);
    POST("files", "{\"file_name\":\"b\"}", "file_name='b'");
    PUT("files/7/content", "{}", "");
    refuses(state, "POST", "files", "{\"file_content\":\"QQ==\"}", NULL, 422,
            "file_content:invalid_value");
    given_file = &silent;
    refuses(state, "POST", "files", "{}", NULL, 422, "file_name:required_missing");
    PUT("files/7/content", "{\"file_id\":7}", "");
    given_file = NULL;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WRITING_TEST(test_create),
        WRITING_TEST(test_update),
        WRITING_TEST(test_delete),
        WRITING_TEST(test_fixed_columns),
        WRITING_TEST(test_thread),
        WRITING_TEST(test_required),
        WRITING_TEST(test_values),
        WRITING_TEST(test_names),
        WRITING_TEST(test_chain_fills),
        WRITING_TEST(test_chain_disagrees),
        WRITING_TEST(test_chain_repeated),
        EITHER_TEST(test_either_parent),
        EITHER_TEST(test_either_parent_disagrees),
        EITHER_TEST(test_constants),
        WRITING_TEST(test_switches),
        WRITING_TEST(test_loose),
        EITHER_TEST(test_loose_parents),
        WRITING_TEST(test_bulk),
        WRITING_TEST(test_bulk_faults),
        WRITING_TEST(test_bulk_switches),
        WRITING_TEST(test_bulk_bytes),
        WRITING_TEST(test_bulk_size),
        WRITING_TEST(test_most_faults),
        WRITING_TEST(test_creating_is_off),
        WRITING_TEST(test_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
