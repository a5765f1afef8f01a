/* /bans: the requests that change something. */
#include <stdio.h>

#include "endpoints/admin_answer.h"
#include "endpoints/admin_ban_values.h"
#include "endpoints/admin_bans.h"
#include "endpoints/admin_bans_parts.h"
#include "endpoints/admin_parameters.h"
#include "http/parameters.h"

enum { MOST_BODY = 16 * 1024, MOST_WARNINGS = 2 };

static void write_warnings(struct writer *writer, const char *const *warnings)
{
    writer_key(writer, SLICE("warnings"));
    writer_list_begin(writer, SLICE("warning"));
    for (size_t i = 0; i < MOST_WARNINGS; i++)
        if (warnings[i])
            writer_string(writer, slice_from(warnings[i]));
    writer_list_end(writer);
}

/* --- lifting ------------------------------------------------------------------------------- */

/* Who asks, for the log. */
static struct slice asker(const struct http_request *request, char *text, size_t size)
{
    char address[NETWORK_TEXT] = "a unix socket";
    if (network_address_is_known(&request->peer))
        network_address_print(&request->peer, address);
    snprintf(text, size, "the admin port, %s", address);
    return slice_from(text);
}

struct lifting {
    struct network network;
    bool has_wider;
    struct network wider;
    const char *warnings[MOST_WARNINGS];
};

static void write_lifting(struct writer *writer, const void *context)
{
    const struct lifting *lifting = context;
    writer_key(writer, SLICE("lifted"));
    admin_bans_write_network(writer, &lifting->network);
    writer_key(writer, SLICE("still_held_by"));
    if (lifting->has_wider)
        admin_bans_write_network(writer, &lifting->wider);
    else
        writer_null(writer);
    write_warnings(writer, lifting->warnings);
}

bool admin_bans_lift(struct http_request *request, const struct network *network,
                     struct problem *problem)
{
    struct bans *bans = admin_bans_of(request);
    char who[NETWORK_TEXT + 32];
    struct ban_shown ban;
    struct lifting lifting = {.network = *network};
    if (!bans_find(bans, network, &ban) ||
        bans_remove(bans, network, asker(request, who, sizeof(who))) != RESULT_OK)
        return admin_bans_refuse_absent(bans, network, problem);
    lifting.has_wider = admin_bans_find_wider(bans, network, &lifting.wider);
    if (ban.has_row && !bans_write_rows(bans))
        lifting.warnings[0] = "its row of tblbannedips stays, as ban.table=read: delete it in "
                              "WHMCS, else the ban comes back with the next reading of the table";
    admin_answer_json(request, 200, write_lifting, &lifting);
    return true;
}

bool admin_bans_lift_by_query(struct http_request *request, struct problem *problem)
{
    struct admin_parameter row = {.name = SLICE("network")};
    const struct admin_parameters parameters = {&row, 1};
    struct admin_ban_network given;
    if (!admin_parameters_read_form(&parameters, request->query, problem))
        return false;
    if (!row.value.data)
        return admin_bans_refuse(problem, 400, SLICE("missing"), row.name,
                                 "say which: DELETE /bans/NETWORK or DELETE /bans?network=NETWORK");
    if (!admin_ban_read_network(row.value, row.name, &given, problem))
        return false;
    const struct network network = admin_bans_meant(admin_bans_of(request), &given);
    return admin_bans_lift(request, &network, problem);
}

/* --- adding -------------------------------------------------------------------------------- */

struct adding {
    struct network network;
    uint64_t length_ms;
    struct slice reason;
    bool is_known; /* it was banned before */
    struct ban_shown ban;
    const char *warnings[MOST_WARNINGS];
};

static void write_adding(struct writer *writer, const void *context)
{
    const struct adding *adding = context;
    writer_key(writer, SLICE("ban"));
    admin_ban_write(writer, &adding->ban, admin_bans_now_s());
    writer_key(writer, SLICE("is_new"));
    writer_boolean(writer, !adding->is_known);
    write_warnings(writer, adding->warnings);
}

static bool read_length(const struct bans *bans, struct slice text, uint64_t *length_ms,
                        struct problem *problem)
{
    if (text.data)
        return admin_ban_read_length(text, length_ms, problem);
    *length_ms = bans_length_ms(bans);
    return *length_ms > 0 ||
           admin_bans_refuse(problem, 400, SLICE("missing"), SLICE("length"),
                             "say how long, as in 15m: failed logins never ban here (ban.length or "
                             "InvalidLoginBanLength is 0), so there is no length to go by");
}

static bool read_adding(struct http_request *request, struct adding *adding,
                        struct problem *problem)
{
    struct admin_parameter rows[] = {
        {.name = SLICE("network")}, {.name = SLICE("length")}, {.name = SLICE("reason")}};
    const struct admin_parameters parameters = {rows, 3};
    struct admin_ban_network given;
    struct slice media = http_media_type(http_request_field(request, SLICE("content-type")));
    bool is_json = slice_equal_nocase(media, SLICE("application/json"));
    if (!(is_json ? admin_parameters_read_json
                  : admin_parameters_read_form)(&parameters, request->body, problem))
        return false;
    if (!rows[0].value.data)
        return admin_bans_refuse(problem, 400, SLICE("missing"), rows[0].name, "say whom to ban");
    if (!admin_ban_read_network(rows[0].value, rows[0].name, &given, problem) ||
        !admin_ban_check_network(&given.network, problem) ||
        !read_length(admin_bans_of(request), rows[1].value, &adding->length_ms, problem) ||
        !admin_ban_check_reason(rows[2].value, problem))
        return false;
    adding->network = admin_bans_meant(admin_bans_of(request), &given);
    adding->reason = rows[2].value.size ? rows[2].value : SLICE("portcullis: banned by hand");
    return true;
}

static void warn(struct bans *bans, struct adding *adding)
{
    int64_t wanted_s = admin_bans_now_s() + (int64_t)(adding->length_ms / 1000);
    if (bans_exempt(bans, &adding->network.address))
        adding->warnings[0] = "it is exempt (ban.exempt, http.trusted_proxies or WHMCS's "
                              "WhitelistedIPs) and is let in all the same";
    if (adding->ban.expires_s > wanted_s + 2)
        adding->warnings[1] = "it was banned for longer already, and that stays; lift the ban "
                              "first to shorten it";
}

bool admin_bans_add_body(struct http_request *request, struct problem *problem)
{
    struct bans *bans = admin_bans_of(request);
    char who[NETWORK_TEXT + 32];
    struct adding adding = {0};
    if (request->body.size > MOST_BODY)
        return admin_bans_refuse(problem, 413, SLICE("too_large"), SLICE("body"), "at most 16 KiB");
    if (!read_adding(request, &adding, problem))
        return false;
    adding.is_known = bans_find(bans, &adding.network, &adding.ban);
    enum result result = bans_add(bans, &adding.network, adding.length_ms, adding.reason,
                                  asker(request, who, sizeof(who)));
    if (result != RESULT_OK || !bans_find(bans, &adding.network, &adding.ban))
        return admin_bans_refuse(
            problem, 409, SLICE("too_many_bans"), SLICE("network"),
            "there is no room: ban.max_tracked bans, or 64 lengths of prefixes and "
            "shapes of wildcards, are in use");
    warn(bans, &adding);
    admin_answer_json(request, adding.is_known ? 200 : 201, write_adding, &adding);
    return true;
}
