/* The statuses that are ever sent, with their reason phrases (RFC 9110 15). */
#include "http/http.h"

static const struct {
    int status;
    struct slice text;
} statuses[] = {
    {200, SLICE("OK")},
    {201, SLICE("Created")},
    {202, SLICE("Accepted")},
    {204, SLICE("No Content")},
    {206, SLICE("Partial Content")},
    {301, SLICE("Moved Permanently")},
    {302, SLICE("Found")},
    {303, SLICE("See Other")},
    {304, SLICE("Not Modified")},
    {307, SLICE("Temporary Redirect")},
    {308, SLICE("Permanent Redirect")},
    {400, SLICE("Bad Request")},
    {401, SLICE("Unauthorized")},
    {403, SLICE("Forbidden")},
    {404, SLICE("Not Found")},
    {405, SLICE("Method Not Allowed")},
    {406, SLICE("Not Acceptable")},
    {408, SLICE("Request Timeout")},
    {409, SLICE("Conflict")},
    {410, SLICE("Gone")},
    {411, SLICE("Length Required")},
    {412, SLICE("Precondition Failed")},
    {413, SLICE("Content Too Large")},
    {414, SLICE("URI Too Long")},
    {415, SLICE("Unsupported Media Type")},
    {416, SLICE("Range Not Satisfiable")},
    {417, SLICE("Expectation Failed")},
    {421, SLICE("Misdirected Request")},
    {422, SLICE("Unprocessable Content")},
    {423, SLICE("Locked")},
    {428, SLICE("Precondition Required")},
    {429, SLICE("Too Many Requests")},
    {431, SLICE("Request Header Fields Too Large")},
    {500, SLICE("Internal Server Error")},
    {501, SLICE("Not Implemented")},
    {502, SLICE("Bad Gateway")},
    {503, SLICE("Service Unavailable")},
    {504, SLICE("Gateway Timeout")},
    {505, SLICE("HTTP Version Not Supported")},
    {507, SLICE("Insufficient Storage")},
};

struct slice http_status_text(int status)
{
    for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++) {
        if (statuses[i].status == status)
            return statuses[i].text;
    }
    return SLICE("");
}
