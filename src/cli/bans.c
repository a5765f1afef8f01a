/* `portcullis bans list|add|remove`: /bans of a running gateway, for people. */
#include <stdio.h>

#include "cli/admin_client.h"
#include "cli/ban_list.h"
#include "cli/command.h"
#include "endpoints/admin_bans.h"
#include "format/writer.h"

enum { DEADLINE_MS = 10000, ROWS_A_PAGE = 10000 };

/* One command under way: it asks, and reads what it is answered. */
struct asking {
    struct config *config;
    struct admin_client *client;
    struct arena arena; /* the last answer's tree */
    struct buffer path;
    struct value *answer;
};

static int open_asking(const struct command_options *options, struct asking *asking)
{
    *asking = (struct asking){.config = command_load_config(options)};
    arena_init(&asking->arena);
    buffer_init(&asking->path);
    if (!asking->config)
        return COMMAND_FAILED;
    const struct admin_client_options client = {
        .config = &asking->config->admin, .sends_token = true, .timeout_ms = DEADLINE_MS};
    asking->client = admin_client_create(&client);
    return asking->client ? COMMAND_GOOD : COMMAND_FAILED;
}

static void close_asking(struct asking *asking)
{
    admin_client_destroy(asking->client);
    arena_clear(&asking->arena);
    buffer_clear(&asking->path);
    if (asking->config)
        config_destroy(asking->config);
}

/* Whoever answers there, it does not answer as a gateway of this version does. */
static int tell_stranger(const struct asking *asking, int status)
{
    fprintf(stderr, "portcullis: %s is no admin listener of this version of portcullis (HTTP %d)\n",
            admin_client_where(asking->client), status);
    return COMMAND_FAILED;
}

static struct slice text_of(const struct value *object, struct slice name)
{
    const struct value *member = value_get(object, name);
    return member ? member->text : SLICE("");
}

static int tell_refusal(const struct asking *asking, int status)
{
    const struct value *errors = value_get(asking->answer, SLICE("errors"));
    if (!errors || !errors->first)
        return tell_stranger(asking, status);
    for (const struct value *error = errors->first; error; error = error->next) {
        struct slice field = text_of(error, SLICE("field"));
        fprintf(stderr, "portcullis: %.*s%s%.*s\n", SLICE_ARGS(field), field.size ? ": " : "",
                SLICE_ARGS(text_of(error, SLICE("detail"))));
    }
    if (status == 401)
        fprintf(stderr, "Give this command the gateway's admin.token: in its configuration (-c), "
                        "or name a file in PORTCULLIS_ADMIN_TOKEN_FILE.\n");
    return status == 400 ? COMMAND_WRONG_USAGE : COMMAND_FAILED;
}

/* Asks for asking->path; the answer's tree lives until the next question. */
static int ask(struct asking *asking, const char *method, struct slice body)
{
    static const struct json_limits limits = {.depth = 5, .names = 200000, .bytes = 64 << 20};
    struct admin_answer answer;
    struct json_fault fault;
    buffer_append_char(&asking->path, '\0');
    if (asking->path.has_failed)
        return command_tell_no_memory();
    arena_clear(&asking->arena);
    arena_init(&asking->arena);
    int code = COMMAND_FAILED;
    if (admin_client_ask(asking->client, method, asking->path.data, body, &answer) == RESULT_OK) {
        enum result result =
            json_read(&asking->arena, buffer_slice(&answer.body), &limits, &asking->answer, &fault);
        bool is_good = answer.status >= 200 && answer.status < 300;
        code = result != RESULT_OK ? tell_stranger(asking, answer.status)
               : is_good           ? COMMAND_GOOD
                                   : tell_refusal(asking, answer.status);
    }
    buffer_clear(&answer.body);
    asking->path.size = 0;
    return code;
}

static void print_warnings(const struct asking *asking)
{
    const struct value *warnings = value_get(asking->answer, SLICE("warnings"));
    const struct value *warning = warnings ? warnings->first : NULL;
    for (; warning; warning = warning->next)
        fprintf(stderr, "portcullis: warning: %.*s\n", SLICE_ARGS(warning->text));
}

/* --- list ---------------------------------------------------------------------------------- */

static bool is_true(const struct value *object, struct slice name)
{
    const struct value *member = value_get(object, name);
    return member && member->type == VALUE_BOOLEAN && member->boolean;
}

static int tell_unreadable(const struct asking *asking, enum result result)
{
    return result == RESULT_NO_MEMORY ? command_tell_no_memory() : tell_stranger(asking, 200);
}

static int gather(struct asking *asking, struct ban_list *list)
{
    struct slice next = {0};
    do {
        buffer_printf(&asking->path, "/bans?limit=%d", ROWS_A_PAGE);
        if (next.size) {
            buffer_append_slice(&asking->path, SLICE("&after="));
            admin_client_append_encoded(&asking->path, next);
        }
        int code = ask(asking, "GET", slice_of(NULL, 0));
        if (code != COMMAND_GOOD)
            return code;
        enum result result = ban_list_add(list, value_get(asking->answer, SLICE("bans")));
        if (result != RESULT_OK)
            return tell_unreadable(asking, result);
        next = text_of(asking->answer, SLICE("next"));
    } while (next.size);
    ban_list_sort(list);
    return COMMAND_GOOD;
}

static int list_all(struct asking *asking, bool wants_json)
{
    struct ban_list list;
    ban_list_init(&list);
    int code = gather(asking, &list);
    if (code == COMMAND_GOOD && !wants_json)
        ban_list_print(&list, admin_bans_now_s());
    else if (code == COMMAND_GOOD && ban_list_print_json(&list, admin_bans_now_s()) != RESULT_OK)
        code = command_tell_no_memory();
    ban_list_clear(&list);
    return code;
}

static int print_holding(const struct asking *asking)
{
    struct slice address = text_of(asking->answer, SLICE("address"));
    struct ban_list list;
    ban_list_init(&list);
    enum result result = ban_list_add(&list, value_get(asking->answer, SLICE("bans")));
    if (result == RESULT_OK) {
        printf("%.*s is %s\n", SLICE_ARGS(address),
               is_true(asking->answer, SLICE("is_exempt"))   ? "exempt from bans"
               : is_true(asking->answer, SLICE("is_banned")) ? "banned"
                                                             : "not banned");
        ban_list_sort(&list);
        if (list.count)
            ban_list_print(&list, admin_bans_now_s());
    }
    ban_list_clear(&list);
    return result == RESULT_OK ? COMMAND_GOOD : tell_unreadable(asking, result);
}

static int print_tree(const struct asking *asking)
{
    struct buffer text;
    buffer_init(&text);
    value_print(asking->answer, &text);
    bool is_whole = !text.has_failed;
    if (is_whole)
        printf("%.*s\n", SLICE_ARGS(buffer_slice(&text)));
    buffer_clear(&text);
    return is_whole ? COMMAND_GOOD : command_tell_no_memory();
}

static int list_holding(struct asking *asking, const char *address, bool wants_json)
{
    buffer_append_slice(&asking->path, SLICE("/bans?address="));
    admin_client_append_encoded(&asking->path, slice_from(address));
    int code = ask(asking, "GET", slice_of(NULL, 0));
    if (code != COMMAND_GOOD)
        return code;
    return wants_json ? print_tree(asking) : print_holding(asking);
}

int command_bans_list(const struct command_options *options)
{
    struct asking asking;
    bool wants_json = command_has_switch(options, "--json");
    int code = open_asking(options, &asking);
    if (code == COMMAND_GOOD)
        code = options->word_count ? list_holding(&asking, options->words[0], wants_json)
                                   : list_all(&asking, wants_json);
    close_asking(&asking);
    return code;
}

/* --- add and remove ------------------------------------------------------------------------ */

static bool write_body(const struct command_options *options, struct buffer *body)
{
    static const struct slice names[] = {SLICE("network"), SLICE("length"), SLICE("reason")};
    struct writer *writer = writer_create(FORMAT_JSON);
    if (!writer)
        return false;
    buffer_append_char(body, '{');
    writer_start(writer, body);
    for (size_t i = 0; i < options->word_count; i++)
        writer_member_string(writer, names[i], slice_from(options->words[i]));
    writer_finish(writer);
    buffer_append_char(body, '}');
    writer_destroy(writer);
    return !body->has_failed;
}

static int print_added(const struct asking *asking)
{
    const struct value *ban = value_get(asking->answer, SLICE("ban"));
    int64_t expires_s = 0;
    char until[BAN_LIST_TIME];
    if (!slice_to_i64(text_of(ban, SLICE("expires")), &expires_s))
        return tell_stranger(asking, 200);
    ban_list_print_time(expires_s, until);
    printf("%.*s is banned until %s\n", SLICE_ARGS(text_of(ban, SLICE("network"))), until);
    print_warnings(asking);
    return COMMAND_GOOD;
}

int command_bans_add(const struct command_options *options)
{
    struct asking asking;
    struct buffer body;
    buffer_init(&body);
    int code = open_asking(options, &asking);
    if (code == COMMAND_GOOD && !write_body(options, &body))
        code = command_tell_no_memory();
    buffer_append_slice(&asking.path, SLICE("/bans"));
    if (code == COMMAND_GOOD)
        code = ask(&asking, "POST", buffer_slice(&body));
    if (code == COMMAND_GOOD)
        code = print_added(&asking);
    buffer_clear(&body);
    close_asking(&asking);
    return code;
}

static int print_removed(const struct asking *asking)
{
    struct slice wider = text_of(asking->answer, SLICE("still_held_by"));
    struct slice lifted = text_of(asking->answer, SLICE("lifted"));
    printf("the ban of %.*s is lifted\n", SLICE_ARGS(lifted));
    if (wider.size)
        fprintf(stderr, "portcullis: warning: the ban of %.*s still holds it\n", SLICE_ARGS(wider));
    print_warnings(asking);
    return COMMAND_GOOD;
}

int command_bans_remove(const struct command_options *options)
{
    struct asking asking;
    int code = open_asking(options, &asking);
    buffer_append_slice(&asking.path, SLICE("/bans?network="));
    admin_client_append_encoded(&asking.path, slice_from(options->words[0]));
    if (code == COMMAND_GOOD)
        code = ask(&asking, "DELETE", slice_of(NULL, 0));
    if (code == COMMAND_GOOD)
        code = print_removed(&asking);
    close_asking(&asking);
    return code;
}
