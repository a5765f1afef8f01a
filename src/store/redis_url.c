/* Taking redis.url and redis.sentinels apart. */
#include "store/redis_url.h"

#include <stdlib.h>
#include <string.h>

#include "base/hex.h"

/* In place. A percent sign that begins no pair of hex digits is itself. */
static struct slice decode(char *text, size_t size)
{
    size_t to = 0;
    for (size_t from = 0; from < size; from++) {
        int high = text[from] == '%' && size - from > 2 ? hex_value(text[from + 1]) : -1;
        int low = high >= 0 ? hex_value(text[from + 2]) : -1;
        if (low < 0) {
            text[to++] = text[from];
            continue;
        }
        text[to++] = (char)(high * 16 + low);
        from += 2;
    }
    return slice_of(text, to);
}

static bool copy_text(struct slice from, char *to, size_t room)
{
    if (!from.size || from.size >= room || memchr(from.data, 0, from.size))
        return false;
    memcpy(to, from.data, from.size);
    to[from.size] = '\0';
    return true;
}

bool redis_host_parse(struct slice text, const char *port, struct redis_host *host)
{
    uint64_t number = 0;
    bool has_brackets = text.size && text.data[0] == '[';
    size_t end = slice_find(text, has_brackets ? ']' : ':');
    if (has_brackets && end == text.size)
        return false;
    struct slice name = has_brackets ? slice_of(text.data + 1, end - 1) : slice_of(text.data, end);
    struct slice rest = slice_skip(text, has_brackets ? end + 1 : end);
    if (rest.size && rest.data[0] != ':')
        return false;
    struct slice digits = rest.size ? slice_skip(rest, 1) : slice_from(port);
    return slice_to_u64(digits, &number) && number <= 65535 &&
           copy_text(digits, host->port, sizeof(host->port)) &&
           copy_text(name, host->name, sizeof(host->name));
}

/* user:password or password; text is the url's own copy, of size bytes before the @. */
static void parse_login(char *text, size_t size, struct redis_url *url)
{
    size_t colon = slice_find(slice_of(text, size), ':');
    if (colon == size) {
        url->password = decode(text, size);
        return;
    }
    url->user = decode(text, colon);
    url->password = decode(text + colon + 1, size - colon - 1);
}

static bool parse_redis(char *text, size_t size, struct redis_url *url)
{
    char *at = size ? memrchr(text, '@', size) : NULL;
    struct slice rest = slice_of(text, size);
    if (at) {
        size_t login_size = (size_t)(at - text);
        rest = slice_skip(rest, login_size + 1);
        parse_login(text, login_size, url);
    }
    size_t slash = slice_find(rest, '/');
    struct slice db = slash < rest.size ? slice_skip(rest, slash + 1) : SLICE("");
    return redis_host_parse(slice_of(rest.data, slash), "6379", &url->host) &&
           (!db.size || slice_to_u64(db, &url->db));
}

static bool parse(struct redis_url *url, size_t size)
{
    struct slice text = slice_of(url->text, size);
    if (slice_starts_with(text, SLICE("redis://")))
        return parse_redis(url->text + 8, size - 8, url);
    if (!slice_starts_with(text, SLICE("unix:///")) || size == 8)
        return false;
    url->path = slice_skip(text, 7);
    return true;
}

bool redis_url_parse(struct slice text, struct redis_url *url)
{
    *url = (struct redis_url){.text = text.size ? malloc(text.size) : NULL};
    if (!url->text)
        return false;
    memcpy(url->text, text.data, text.size);
    if (parse(url, text.size))
        return true;
    redis_url_clear(url);
    return false;
}

void redis_url_clear(struct redis_url *url)
{
    free(url->text);
    *url = (struct redis_url){0};
}

struct redis_host *redis_hosts_parse(struct slice text, const char *port, size_t *count)
{
    struct slice rest = slice_trim(text);
    struct slice part;
    size_t most = 1;
    *count = 0;
    for (size_t i = 0; i < rest.size; i++)
        most += rest.data[i] == ',';
    struct redis_host *hosts = rest.size ? calloc(most, sizeof(*hosts)) : NULL;
    while (hosts && slice_split(&rest, ',', &part)) {
        if (!redis_host_parse(slice_trim(part), port, &hosts[*count])) {
            free(hosts);
            *count = 0;
            return NULL;
        }
        ++*count;
    }
    return hosts;
}
