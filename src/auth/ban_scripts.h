/* The Lua that Redis runs for ban_share.c; each is one atomic step. Its keys and arguments stand
 * above its text. */
#ifndef PORTCULLIS_AUTH_BAN_SCRIPTS_H
#define PORTCULLIS_AUTH_BAN_SCRIPTS_H

extern const char ban_script_fail[];
extern const char ban_script_ban[];
extern const char ban_script_lift[];
extern const char ban_script_clear[];
extern const char ban_script_announce[];
extern const char ban_script_missing[];

#endif
