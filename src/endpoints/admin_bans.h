/*
 * /bans on the admin listener, the hand's way into bans (auth-and-bans.md, "Bans"). JSON.
 *
 *   GET    /bans            a page of the bans in force: ?limit=, ?after= (a page's `next`)
 *   GET    /bans?address=A  whether A is banned, and by which bans
 *   GET    /bans/NETWORK    one ban
 *   POST   /bans            {"network","length","reason"}, JSON or form: adds one
 *   DELETE /bans/NETWORK    lifts it; also /bans?network=NETWORK
 *
 * The request's loop; memory alone is asked, rows and messages are made by others.
 */
#ifndef PORTCULLIS_ENDPOINTS_ADMIN_BANS_H
#define PORTCULLIS_ENDPOINTS_ADMIN_BANS_H

#include "auth/bans.h"
#include "format/writer.h"
#include "http/http.h"

/* From on_head, for /bans and for /bans/…. */
enum http_verdict admin_bans_serve(struct http_request *request);
enum http_verdict admin_bans_serve_one(struct http_request *request);
/* From on_end: the body of a POST to /bans is whole. */
void admin_bans_add(struct http_request *request);

int64_t admin_bans_now_s(void); /* Unix time, rounded up */
/* {"network","expires","expires_at","seconds_left","has_row"} */
void admin_ban_write(struct writer *writer, const struct ban_shown *ban, int64_t now_s);

#endif
