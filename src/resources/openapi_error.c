/* What may go wrong: a table of errors yields the components and what operations say of them. */
#include "resources/openapi_parts.h"

static const struct {
    unsigned bit;
    int status;
    const char *name; /* of the component */
    const char *description;
    const char *message; /* as request.message has it */
    const char *code;
    const char *field; /* NULL: none */
    const char *detail;
    const char *headers[2]; /* components, each named like its field without - */
} errors[] = {
    {OPENAPI_BAD_REQUEST,
     400,
     "BadRequest",
     "The chain, the format, the JSON or a parameter's name is wrong.",
     "Request Invalid or Bad Format",
     "unknown_parameter",
     "colour",
     "allowed: limit page offset count sort fields search cursor",
     {NULL}},
    {OPENAPI_UNAUTHORIZED,
     401,
     "Unauthorized",
     "The login is missing or wrong. Too many wrong ones ban the address.",
     "Authentication Failed",
     "authentication_failed",
     NULL,
     "username or password is wrong, or the administrator is disabled",
     {"WWW-Authenticate", "X-Login-Attempts-Left"}},
    {OPENAPI_FORBIDDEN,
     403,
     "Forbidden",
     "The address is banned, or the administrator's role is not permitted.",
     "IP Banned",
     "ip_banned",
     NULL,
     "this address is banned for too many failed logins, or by an administrator",
     {NULL}},
    {OPENAPI_NOT_FOUND,
     404,
     "NotFound",
     "There is no such record, or the login may not see it.",
     "Record Not Found",
     "record_not_found",
     NULL,
     "there is no such project here",
     {NULL}},
    {OPENAPI_METHOD,
     405,
     "MethodNotAllowed",
     "The parameter `method` names a method that is not offered here.",
     "Method Not Allowed",
     "method_not_allowed",
     "method",
     "DELETE is not offered for projects",
     {"Allow"}},
    {OPENAPI_LOCKED,
     409,
     "Locked",
     "It is archived or closed, or invoiced hours would be deleted.",
     "Record Locked",
     "record_locked",
     "project_id",
     "it is archived, and all below it is read-only",
     {NULL}},
    {OPENAPI_STALE,
     412,
     "PreconditionFailed",
     "`If-Match` or the like does not hold: somebody else was quicker.",
     "Precondition Failed",
     "precondition_failed",
     "If-Match",
     "the record is another by now; read it again",
     {NULL}},
    {OPENAPI_LARGE,
     413,
     "TooLarge",
     "The body, or the file, is larger than what is taken.",
     "Content Too Large",
     "too_large",
     NULL,
     "the body is larger than what is taken",
     {NULL}},
    {OPENAPI_MEDIA,
     415,
     "UnsupportedMediaType",
     "The body is of a type that is not taken here.",
     "Unsupported Media Type",
     "unsupported_media_type",
     "Content-Type",
     "allowed: application/x-www-form-urlencoded, multipart/form-data, application/json",
     {NULL}},
    {OPENAPI_RANGE,
     416,
     "RangeNotSatisfiable",
     "Nothing of the file lies in the range.",
     "Range Not Satisfiable",
     "range_not_satisfiable",
     "Range",
     "nothing of the file lies there; Content-Range tells its size",
     {"Content-Range"}},
    {OPENAPI_VALUE,
     422,
     "Unprocessable",
     "Values are missing or wrong; all of them are told at once.",
     "The value provided for limit is invalid or not allowed.",
     "invalid_value",
     "limit",
     "allowed: an integer from 1 to 500",
     {NULL}},
    {OPENAPI_RATE,
     429,
     "TooManyRequests",
     "Too many requests of this address, or of this administrator.",
     "Rate Limit Exceeded",
     "rate_limited",
     NULL,
     "100 requests may come at once; the next one in 1 s",
     {"Retry-After"}},
    {OPENAPI_INTERNAL,
     500,
     "InternalError",
     "A fault of the gateway's own; its log knows more under the id of `X-Request-Id`.",
     "Internal Server Error",
     "internal",
     NULL,
     "the request failed",
     {NULL}},
    {OPENAPI_UNAVAILABLE,
     503,
     "Unavailable",
     "The database is away, or too much is waiting. Of a write it may be unknown whether it was "
     "stored; the detail says so.",
     "Service Unavailable",
     "database_unavailable",
     NULL,
     "the database cannot be reached; try again",
     {"Retry-After"}},
    {OPENAPI_DISK,
     507,
     "InsufficientStorage",
     "There is no room for the file's bytes.",
     "Insufficient Storage",
     "disk_full",
     NULL,
     "the file cannot be stored: no room",
     {NULL}},
    {0,
     408,
     "Refused",
     "What HTTP itself refuses (408, 413, 414, 417, 431, 501, 505 …), in the same envelope.",
     "Request Timeout",
     "timeout",
     NULL,
     "the request did not come in time",
     {NULL}},
};
enum { ERRORS = sizeof(errors) / sizeof(errors[0]) };

void openapi_errors(struct openapi *openapi, unsigned wanted)
{
    for (size_t i = 0; i < ERRORS; i++) {
        struct slice status =
            errors[i].bit ? openapi_print(openapi, "%d", errors[i].status) : SLICE("default");
        if (!errors[i].bit || (errors[i].bit & wanted))
            openapi_ref_named(openapi, status, "responses", slice_from(errors[i].name));
    }
}

static void write_example(struct openapi *openapi, size_t i)
{
    openapi_object(openapi, "example");
    openapi_object(openapi, "request");
    openapi_words(openapi, "action", "projects");
    openapi_words(openapi, "method", "GET");
    openapi_words(openapi, "format", "json");
    openapi_integer(openapi, "code", errors[i].status);
    openapi_words(openapi, "message", errors[i].message);
    openapi_end(openapi);
    openapi_object(openapi, "response");
    openapi_list(openapi, "errors");
    openapi_item(openapi);
    openapi_words(openapi, "code", errors[i].code);
    if (errors[i].field)
        openapi_words(openapi, "field", errors[i].field);
    else
        writer_member_null(openapi->writer, SLICE("field"));
    openapi_words(openapi, "detail", errors[i].detail);
    openapi_end(openapi);
    openapi_list_end(openapi);
    openapi_end(openapi);
    openapi_end(openapi);
}

static void write_response(struct openapi *openapi, size_t i)
{
    static const char *const types[] = {"application/json", "application/xml"};
    openapi_object(openapi, errors[i].name);
    openapi_words(openapi, "description", errors[i].description);
    size_t headers = 0;
    while (headers < 2 && errors[i].headers[headers])
        headers++;
    openapi_headers(openapi, errors[i].headers, headers);
    openapi_object(openapi, "content");
    for (size_t t = 0; t < 2; t++) {
        openapi_object(openapi, types[t]);
        openapi_ref_named(openapi, SLICE("schema"), "schemas", SLICE("ErrorAnswer"));
        if (t == 0)
            write_example(openapi, i);
        openapi_end(openapi);
    }
    openapi_end(openapi);
    openapi_end(openapi);
}

void openapi_error_responses(struct openapi *openapi)
{
    for (size_t i = 0; i < ERRORS; i++)
        write_response(openapi, i);
}
