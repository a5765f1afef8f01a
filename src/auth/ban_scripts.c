#include "auth/ban_scripts.h"

/* Clocks of gateways differ; only Redis's counts, and lengths and ages travel instead of times. */
#define NOW                                                                                        \
    "local t = redis.call('TIME')\n"                                                               \
    "local now = t[1] * 1000 + math.floor(t[2] / 1000)\n"

/* bans, network, row, left ms -> its end, in milliseconds; the later end stays. */
#define ADD                                                                                        \
    "local function add(bans, network, row, left)\n"                                               \
    "  redis.call('ZREMRANGEBYSCORE', bans, '-inf', 2 * now)\n"                                    \
    "  local score = 2 * (now + left) + row\n"                                                     \
    "  local old = tonumber(redis.call('ZSCORE', bans, network) or 0)\n"                           \
    "  if old % 2 == 1 and score % 2 == 0 then score = score + 1 end\n"                            \
    "  if old > score then score = old - old % 2 + math.max(old % 2, score % 2) end\n"             \
    "  redis.call('ZADD', bans, string.format('%.0f', score), network)\n"                          \
    "  if redis.call('PTTL', bans) < left then redis.call('PEXPIRE', bans, left) end\n"            \
    "  return math.floor(score / 2)\n"                                                             \
    "end\n"

/* KEYS fails, bans. ARGV network, user, id, age, window, attempts, length, origin, channel.
 * Returns the ban's end when this was the failure too many, else 0. */
const char ban_script_fail[] = NOW ADD
    "local network, user, id = ARGV[1], ARGV[2], ARGV[3]\n"
    "local age, window, attempts = tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])\n"
    "local length, origin, channel = tonumber(ARGV[7]), ARGV[8], ARGV[9]\n"
    "if age >= window then return 0 end\n"
    "redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', string.format('%.0f', now - window))\n"
    "if redis.call('ZADD', KEYS[1], 'NX', string.format('%.0f', now - age), user .. ':' .. id)"
    " == 1 then\n"
    "  redis.call('PUBLISH', channel,"
    " 'fail ' .. network .. ' ' .. user .. ' ' .. id .. ' ' .. ARGV[4] .. ' ' .. origin)\n"
    "end\n"
    "redis.call('PEXPIRE', KEYS[1], window)\n"
    "if length == 0 or redis.call('ZCARD', KEYS[1]) < attempts then return 0 end\n"
    "redis.call('DEL', KEYS[1])\n"
    "local ends = add(KEYS[2], network, 0, length)\n"
    "redis.call('PUBLISH', channel,"
    " string.format('ban %s %.0f 0 %s', network, ends - now, origin))\n"
    "return ends - now\n";

/* KEYS fails, bans. ARGV network, left, row, origin, channel. */
const char ban_script_ban[] =
    NOW ADD "redis.call('DEL', KEYS[1])\n"
            "local ends = add(KEYS[2], ARGV[1], tonumber(ARGV[3]), tonumber(ARGV[2]))\n"
            "redis.call('PUBLISH', ARGV[5],"
            " string.format('ban %s %.0f %s %s', ARGV[1], ends - now, ARGV[3], ARGV[4]))\n"
            "return ends - now\n";

/* KEYS fails, bans. ARGV network, origin, channel. */
const char ban_script_lift[] =
    "redis.call('DEL', KEYS[1])\n"
    "local had = redis.call('ZREM', KEYS[2], ARGV[1])\n"
    "redis.call('PUBLISH', ARGV[3], 'lift ' .. ARGV[1] .. ' ' .. ARGV[2])\n"
    "return had\n";

/* KEYS fails. ARGV network, user, origin, channel. */
const char ban_script_clear[] =
    "local prefix, had = ARGV[2] .. ':', 0\n"
    "for _, member in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do\n"
    "  if member:sub(1, #prefix) == prefix then\n"
    "    had = had + redis.call('ZREM', KEYS[1], member)\n"
    "  end\n"
    "end\n"
    "redis.call('PUBLISH', ARGV[4], 'clear ' .. ARGV[1] .. ' ' .. ARGV[2] .. ' ' .. ARGV[3])\n"
    "return had\n";

/* KEYS bans. ARGV row, then left and network by turns: many bans, of which nobody is told. */
const char ban_script_announce[] =
    NOW ADD "for i = 2, #ARGV, 2 do\n"
            "  add(KEYS[1], ARGV[i + 1], tonumber(ARGV[1]), tonumber(ARGV[i]))\n"
            "end\n"
            "return 0\n";

/* KEYS bans. ARGV networks. Returns those that are not banned. */
const char ban_script_missing[] =
    "local missing = {}\n"
    "for _, network in ipairs(ARGV) do\n"
    "  if not redis.call('ZSCORE', KEYS[1], network) then missing[#missing + 1] = network end\n"
    "end\n"
    "return missing\n";
