/* The methods in two tables: offered, and only known. */
#include "http/method.h"

static const struct {
    struct slice text;
    enum http_method method;
} offered[] = {
    {{"GET", 3}, HTTP_GET},         {{"POST", 4}, HTTP_POST},   {{"HEAD", 4}, HTTP_HEAD},
    {{"PUT", 3}, HTTP_PUT},         {{"PATCH", 5}, HTTP_PATCH}, {{"DELETE", 6}, HTTP_DELETE},
    {{"OPTIONS", 7}, HTTP_OPTIONS},
};

static const char *const known[] = {
    "ACL",
    "BASELINE-CONTROL",
    "BIND",
    "CHECKIN",
    "CHECKOUT",
    "CONNECT",
    "COPY",
    "LABEL",
    "LINK",
    "LOCK",
    "MERGE",
    "MKACTIVITY",
    "MKCALENDAR",
    "MKCOL",
    "MKREDIRECTREF",
    "MKWORKSPACE",
    "MOVE",
    "ORDERPATCH",
    "PRI",
    "PROPFIND",
    "PROPPATCH",
    "REBIND",
    "REPORT",
    "SEARCH",
    "TRACE",
    "UNBIND",
    "UNCHECKOUT",
    "UNLINK",
    "UNLOCK",
    "UPDATE",
    "QUERY",
    "UPDATEREDIRECTREF",
    "VERSION-CONTROL",
};

bool http_method_find(struct slice text, enum http_method *method)
{
    *method = HTTP_OTHER;
    for (size_t i = 0; i < sizeof(offered) / sizeof(*offered); i++)
        if (slice_equal(text, offered[i].text)) {
            *method = offered[i].method;
            return true;
        }
    for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
        if (slice_equal(text, slice_from(known[i])))
            return true;
    return false;
}
