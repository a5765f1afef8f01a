/* Members of the document in one call each. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "resources/openapi_parts.h"

void openapi_object_named(struct openapi *openapi, struct slice name)
{
    writer_key(openapi->writer, name);
    writer_object_begin(openapi->writer);
}

void openapi_object(struct openapi *openapi, const char *name)
{
    openapi_object_named(openapi, slice_from(name));
}

void openapi_item(struct openapi *openapi)
{
    writer_object_begin(openapi->writer);
}

void openapi_end(struct openapi *openapi)
{
    writer_object_end(openapi->writer);
}

void openapi_list(struct openapi *openapi, const char *name)
{
    writer_key(openapi->writer, slice_from(name));
    writer_list_begin(openapi->writer, SLICE("item"));
}

void openapi_list_end(struct openapi *openapi)
{
    writer_list_end(openapi->writer);
}

void openapi_text(struct openapi *openapi, const char *name, struct slice text)
{
    writer_member_string(openapi->writer, slice_from(name), text);
}

void openapi_words(struct openapi *openapi, const char *name, const char *text)
{
    openapi_text(openapi, name, slice_from(text));
}

void openapi_number(struct openapi *openapi, const char *name, struct slice number)
{
    writer_key(openapi->writer, slice_from(name));
    writer_number(openapi->writer, number);
}

void openapi_integer(struct openapi *openapi, const char *name, int64_t value)
{
    writer_member_integer(openapi->writer, slice_from(name), value);
}

void openapi_flag(struct openapi *openapi, const char *name, bool value)
{
    writer_key(openapi->writer, slice_from(name));
    writer_boolean(openapi->writer, value);
}

void openapi_ref(struct openapi *openapi, const char *section, struct slice component)
{
    openapi_text(openapi, "$ref",
                 openapi_print(openapi, "#/components/%s/%.*s", section, SLICE_ARGS(component)));
}

void openapi_ref_named(struct openapi *openapi, struct slice name, const char *section,
                       struct slice component)
{
    openapi_object_named(openapi, name);
    openapi_ref(openapi, section, component);
    openapi_end(openapi);
}

void openapi_ref_item(struct openapi *openapi, const char *section, struct slice component)
{
    openapi_item(openapi);
    openapi_ref(openapi, section, component);
    openapi_end(openapi);
}

struct slice openapi_print(struct openapi *openapi, const char *format, ...)
{
    va_list arguments;
    char *printed = NULL;
    va_start(arguments, format);
    int size = vasprintf(&printed, format, arguments);
    va_end(arguments);
    struct slice copy = SLICE("");
    if (size >= 0)
        copy = arena_copy(&openapi->arena, slice_of(printed, (size_t)size));
    openapi->has_failed = openapi->has_failed || size < 0 || !copy.data;
    if (size >= 0)
        free(printed);
    return copy.data ? copy : SLICE("");
}
