/* /bans: which request is which, the reading ones answered here. */
#include "endpoints/admin_bans.h"

#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "endpoints/admin.h"
#include "endpoints/admin_answer.h"
#include "endpoints/admin_ban_values.h"
#include "endpoints/admin_bans_parts.h"
#include "endpoints/admin_parameters.h"
#include "http/parameters.h"

/* Rounded as the ends of bans are, so that a ban of 600 s has 600 left at first. */
int64_t admin_bans_now_s(void)
{
    return (int64_t)((clock_wall_us() + 999999) / 1000000);
}

struct bans *admin_bans_of(const struct http_request *request)
{
    const struct admin_options *options = http_context(request);
    return options->bans;
}

bool admin_bans_refuse(struct problem *problem, int status, struct slice code, struct slice field,
                       const char *detail)
{
    problem_set(problem, status, http_status_text(status));
    problem_add(problem, code, field, "%s", detail);
    return false;
}

/* False, and the problem set, while there are no bans. */
static bool begin(struct http_request *request, struct problem *problem)
{
    problem_init(problem, &request->arena);
    return admin_bans_of(request) || admin_bans_refuse(problem, 503, SLICE("bans_off"), SLICE(""),
                                                       "bans are not in force in this process");
}

/* Answered by now, or refused. */
static enum http_verdict end(struct http_request *request, bool is_answered,
                             const struct problem *problem)
{
    if (!is_answered)
        admin_answer_problem(request, problem);
    return HTTP_ANSWERED;
}

/* --- writing ------------------------------------------------------------------------------- */

void admin_ban_write(struct writer *writer, const struct ban_shown *ban, int64_t time_s)
{
    char network[NETWORK_TEXT];
    char text[40];
    time_t expires = (time_t)ban->expires_s;
    struct tm parts;
    network_print(&ban->network, network);
    gmtime_r(&expires, &parts);
    size_t size = strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &parts);
    writer_object_begin(writer);
    writer_member_string(writer, SLICE("network"), slice_from(network));
    writer_member_integer(writer, SLICE("expires"), ban->expires_s);
    writer_member_string(writer, SLICE("expires_at"), slice_of(text, size));
    writer_member_integer(writer, SLICE("seconds_left"),
                          ban->expires_s > time_s ? ban->expires_s - time_s : 0);
    writer_key(writer, SLICE("has_row"));
    writer_boolean(writer, ban->has_row);
    writer_object_end(writer);
}

void admin_bans_write_network(struct writer *writer, const struct network *network)
{
    char text[NETWORK_TEXT];
    network_print(network, text);
    writer_string(writer, slice_from(text));
}

/* --- which ban ----------------------------------------------------------------------------- */

/* One IPv6 address means its whole network, unless that very address has a ban of its own. */
struct network admin_bans_meant(struct bans *bans, const struct admin_ban_network *given)
{
    struct ban_shown ban;
    if (!given->is_v6_address || bans_find(bans, &given->network, &ban))
        return given->network;
    return bans_network_of(bans, &given->network.address);
}

/* Another ban that holds all of the network. */
bool admin_bans_find_wider(struct bans *bans, const struct network *network, struct network *wider)
{
    struct ban_shown found[BANS_MOST_HOLDING];
    size_t count = bans_holding(bans, &network->address, found);
    for (size_t i = 0; i < count; i++) {
        *wider = found[i].network;
        if (network_contains(wider, network) && !network_equal(wider, network))
            return true;
    }
    return false;
}

bool admin_bans_refuse_absent(struct bans *bans, const struct network *network,
                              struct problem *problem)
{
    char text[NETWORK_TEXT];
    char wider_text[NETWORK_TEXT];
    struct network wider;
    network_print(network, text);
    problem_set(problem, 404, http_status_text(404));
    if (admin_bans_find_wider(bans, network, &wider)) {
        network_print(&wider, wider_text);
        problem_add(problem, SLICE("ban_not_found"), SLICE("network"),
                    "there is no ban of just %s; it is held by that of %s", text, wider_text);
    } else {
        problem_add(problem, SLICE("ban_not_found"), SLICE("network"), "there is no ban of %s",
                    text);
    }
    return false;
}

/* --- listing ------------------------------------------------------------------------------- */

struct listing {
    struct bans_page page;
    bool has_address; /* asked for one */
    struct slice address;
    bool is_banned;
    bool is_exempt;
};

static void write_listing(struct writer *writer, const void *context)
{
    const struct listing *listing = context;
    int64_t time_s = admin_bans_now_s();
    if (listing->has_address) {
        writer_member_string(writer, SLICE("address"), listing->address);
        writer_key(writer, SLICE("is_banned"));
        writer_boolean(writer, listing->is_banned);
        writer_key(writer, SLICE("is_exempt"));
        writer_boolean(writer, listing->is_exempt);
    }
    writer_key(writer, SLICE("bans"));
    writer_list_begin(writer, SLICE("ban"));
    for (size_t i = 0; i < listing->page.count; i++)
        admin_ban_write(writer, &listing->page.bans[i], time_s);
    writer_list_end(writer);
    writer_key(writer, SLICE("next"));
    if (listing->page.goes_on)
        admin_bans_write_network(writer, &listing->page.last);
    else
        writer_null(writer);
}

static bool list_page(struct http_request *request, const struct admin_parameter *limit,
                      const struct admin_parameter *after, struct problem *problem)
{
    struct listing listing = {.page.most = ADMIN_BANS_A_PAGE};
    struct admin_ban_network last;
    if ((limit->value.data && !admin_ban_read_limit(limit->value, &listing.page.most, problem)) ||
        (after->value.data && !admin_ban_read_network(after->value, after->name, &last, problem)))
        return false;
    listing.page.bans = malloc(listing.page.most * sizeof(*listing.page.bans));
    bool is_listed =
        listing.page.bans &&
        bans_page(admin_bans_of(request), after->value.data ? &last.network : NULL, &listing.page);
    if (is_listed)
        admin_answer_json(request, 200, write_listing, &listing);
    else
        admin_bans_refuse(problem, 503, SLICE("overloaded"), SLICE(""), "memory is out; try again");
    free(listing.page.bans);
    return is_listed;
}

static bool list_holding(struct http_request *request, const struct admin_parameter *address,
                         struct problem *problem)
{
    struct bans *bans = admin_bans_of(request);
    struct ban_shown found[BANS_MOST_HOLDING];
    struct network_address parsed;
    char text[NETWORK_TEXT];
    if (!admin_ban_read_address(address->value, address->name, &parsed, problem))
        return false;
    network_address_print(&parsed, text);
    const struct listing listing = {
        .page = {.bans = found, .count = bans_holding(bans, &parsed, found)},
        .has_address = true,
        .address = slice_from(text),
        .is_banned = bans_hold(bans, &parsed),
        .is_exempt = bans_exempt(bans, &parsed),
    };
    admin_answer_json(request, 200, write_listing, &listing);
    return true;
}

static bool list(struct http_request *request, struct problem *problem)
{
    struct admin_parameter rows[] = {
        {.name = SLICE("limit")}, {.name = SLICE("after")}, {.name = SLICE("address")}};
    const struct admin_parameters parameters = {rows, 3};
    if (!admin_parameters_read_form(&parameters, request->query, problem))
        return false;
    if (!rows[2].value.data)
        return list_page(request, &rows[0], &rows[1], problem);
    if (rows[0].value.data || rows[1].value.data)
        return admin_bans_refuse(
            problem, 400, SLICE("invalid_value"), SLICE("address"),
            "it goes without limit and after: all bans of one address fit on a page");
    return list_holding(request, &rows[2], problem);
}

static void write_one(struct writer *writer, const void *context)
{
    writer_key(writer, SLICE("ban"));
    admin_ban_write(writer, context, admin_bans_now_s());
}

static bool show(struct http_request *request, const struct network *network,
                 struct problem *problem)
{
    struct ban_shown ban;
    if (!bans_find(admin_bans_of(request), network, &ban))
        return admin_bans_refuse_absent(admin_bans_of(request), network, problem);
    admin_answer_json(request, 200, write_one, &ban);
    return true;
}

/* --- ways in ------------------------------------------------------------------------------- */

/* What the head of a POST tells already. */
static bool check_head(const struct http_request *request, struct problem *problem)
{
    struct slice media = http_media_type(http_request_field(request, SLICE("content-type")));
    if (request->query.size)
        return admin_bans_refuse(problem, 400, SLICE("unknown_parameter"), SLICE("query"),
                                 "what is to be banned stands in the body");
    return slice_equal_nocase(media, SLICE("application/json")) ||
           slice_equal_nocase(media, SLICE("application/x-www-form-urlencoded")) ||
           admin_bans_refuse(problem, 415, SLICE("unsupported_media_type"), SLICE("Content-Type"),
                             "allowed: application/json, application/x-www-form-urlencoded");
}

void admin_bans_add(struct http_request *request)
{
    struct problem problem;
    end(request, begin(request, &problem) && admin_bans_add_body(request, &problem), &problem);
}

enum http_verdict admin_bans_serve(struct http_request *request)
{
    struct problem problem;
    bool is_on = begin(request, &problem);
    if (request->method == HTTP_POST && is_on && check_head(request, &problem))
        return HTTP_COLLECT;
    bool is_answered = is_on && !problem_is_set(&problem) &&
                       (request->method == HTTP_DELETE ? admin_bans_lift_by_query(request, &problem)
                                                       : list(request, &problem));
    return end(request, is_answered, &problem);
}

/* The network may be written as it is, its slash too, or percent-encoded. */
static bool serve_one(struct http_request *request, struct problem *problem)
{
    struct slice field = SLICE("network");
    struct slice raw = slice_skip(request->path, sizeof("/bans/") - 1);
    struct admin_ban_network given;
    if (request->query.size)
        return admin_bans_refuse(problem, 400, SLICE("unknown_parameter"), SLICE("query"),
                                 "the path names the network; nothing else is asked for");
    if (!admin_ban_read_network(http_percent_decode(problem->arena, raw, false), field, &given,
                                problem))
        return false;
    const struct network network = admin_bans_meant(admin_bans_of(request), &given);
    return request->method == HTTP_DELETE ? admin_bans_lift(request, &network, problem)
                                          : show(request, &network, problem);
}

enum http_verdict admin_bans_serve_one(struct http_request *request)
{
    struct problem problem;
    return end(request, begin(request, &problem) && serve_one(request, &problem), &problem);
}
