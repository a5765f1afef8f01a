#include "abuse/abuse_openapi.h"

#include "format/value.h"

extern const unsigned char openapi_abuse_fixed[];
extern const size_t openapi_abuse_fixed_size;

struct writing {
    const struct abuse_openapi *openapi;
    struct writer *writer;
    const struct value *fixed;
};

/* Variables of a report that a column keeps; the others need none. */
static const struct {
    struct slice name;
    enum abuse_column column;
} kept[] = {
    {SLICE("service_id"), ABUSE_SERVICE_ID},
    {SLICE("category"), ABUSE_CATEGORY},
    {SLICE("service_ip"), ABUSE_SERVICE_IP},
    {SLICE("suspend_method"), ABUSE_SUSPEND_METHOD},
    {SLICE("allow_unsuspend"), ABUSE_ALLOW_UNSUSPEND},
    {SLICE("additional_info"), ABUSE_ADDITIONAL_INFO},
    {SLICE("admin_notes"), ABUSE_ADMIN_NOTES},
};

static void key_begin(struct writing *writing, const char *name)
{
    writer_key(writing->writer, slice_from(name));
    writer_object_begin(writing->writer);
}

static void end(struct writing *writing)
{
    writer_object_end(writing->writer);
}

static void words(struct writing *writing, const char *name, const char *text)
{
    writer_member_string(writing->writer, slice_from(name), slice_from(text));
}

static void ref(struct writing *writing, const char *section, const char *name)
{
    struct buffer text;
    buffer_init(&text);
    buffer_printf(&text, "#/components/%s/%s", section, name);
    writer_member_string(writing->writer, SLICE("$ref"), buffer_slice(&text));
    writing->writer->out->has_failed |= text.has_failed;
    buffer_clear(&text);
}

static void ref_named(struct writing *writing, const char *member, const char *section,
                      const char *name)
{
    key_begin(writing, member);
    ref(writing, section, name);
    end(writing);
}

/* The part's members, or items, as they stand in the file. */
static void write_fixed(struct writing *writing, struct slice name)
{
    const struct value *part = value_get(writing->fixed, name);
    for (const struct value *member = part ? part->first : NULL; member; member = member->next) {
        if (part->type == VALUE_OBJECT)
            writer_key(writing->writer, member->name);
        value_write(writing->writer, member);
    }
}

/* --- the report ----------------------------------------------------------------------------- */

static bool is_kept(const struct abuse_map *map, struct slice name)
{
    for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++)
        if (slice_equal(kept[i].name, name))
            return map->columns[kept[i].column] != NULL;
    return true;
}

/* Without an outbox nothing can be suspended. */
static void write_property(struct writing *writing, const struct value *property)
{
    bool is_short =
        slice_equal(property->name, SLICE("suspend_method")) && !writing->openapi->map->has_outbox;
    writer_key(writing->writer, property->name);
    if (!is_short) {
        value_write(writing->writer, property);
        return;
    }
    writer_object_begin(writing->writer);
    words(writing, "type", "string");
    words(writing, "const", "nosuspend");
    end(writing);
}

static void write_report(struct writing *writing)
{
    static const struct slice required[] = {SLICE("action"), SLICE("service_id"),
                                            SLICE("category")};
    const struct value *properties = value_get(writing->fixed, SLICE("properties"));
    key_begin(writing, "AbuseReport");
    words(writing, "type", "object");
    writer_key(writing->writer, SLICE("required"));
    writer_list_begin(writing->writer, SLICE("item"));
    for (size_t i = 0; i < sizeof(required) / sizeof(required[0]); i++)
        writer_string(writing->writer, required[i]);
    writer_list_end(writing->writer);
    key_begin(writing, "properties");
    for (const struct value *property = properties ? properties->first : NULL; property;
         property = property->next)
        if (is_kept(writing->openapi->map, property->name))
            write_property(writing, property);
    end(writing);
    end(writing);
}

static void write_schemas(struct writing *writing)
{
    write_fixed(writing, SLICE("schemas"));
    write_report(writing);
}

/* --- the receipt ---------------------------------------------------------------------------- */

static void write_receipt_schema(struct writing *writing)
{
    static const char *const names[] = {"AbuseReceipt", "AbuseError"};
    if (!writing->openapi->errors_are_200) {
        ref_named(writing, "schema", "schemas", names[0]);
        return;
    }
    key_begin(writing, "schema");
    writer_key(writing->writer, SLICE("anyOf"));
    writer_list_begin(writing->writer, SLICE("item"));
    for (size_t i = 0; i < 2; i++) {
        writer_object_begin(writing->writer);
        ref(writing, "schemas", names[i]);
        end(writing);
    }
    writer_list_end(writing->writer);
    end(writing);
}

static void write_receipt(struct writing *writing)
{
    static const char *const headers[] = {"X-Request-Id", "RateLimit", "RateLimit-Policy"};
    key_begin(writing, "200");
    words(writing, "description", "The report is stored.");
    key_begin(writing, "headers");
    for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++)
        ref_named(writing, headers[i], "headers", headers[i]);
    end(writing);
    key_begin(writing, "content");
    key_begin(writing, "application/json");
    write_receipt_schema(writing);
    key_begin(writing, "example");
    words(writing, "status", "success");
    writer_member_integer(writing->writer, SLICE("report_id"), 92);
    end(writing);
    end(writing);
    end(writing);
    end(writing);
}

/* --- the path ------------------------------------------------------------------------------- */

static void write_example(struct writing *writing)
{
    const struct value *example = value_get(writing->fixed, SLICE("example"));
    key_begin(writing, "example");
    for (const struct value *member = example ? example->first : NULL; member;
         member = member->next) {
        if (!is_kept(writing->openapi->map, member->name))
            continue;
        writer_key(writing->writer, member->name);
        value_write(writing->writer, member);
    }
    end(writing);
}

static void write_body(struct writing *writing)
{
    static const char *const types[] = {"application/json", "application/x-www-form-urlencoded",
                                        "multipart/form-data"};
    key_begin(writing, "requestBody");
    writer_key(writing->writer, SLICE("required"));
    writer_boolean(writing->writer, true);
    key_begin(writing, "content");
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        key_begin(writing, types[i]);
        ref_named(writing, "schema", "schemas", "AbuseReport");
        write_example(writing);
        end(writing);
    }
    end(writing);
    end(writing);
}

static void write_paths(struct writing *writing)
{
    writer_key(writing->writer, writing->openapi->path);
    writer_object_begin(writing->writer);
    key_begin(writing, "post");
    write_fixed(writing, SLICE("operation"));
    if (writing->openapi->map->has_idempotency) {
        writer_key(writing->writer, SLICE("parameters"));
        writer_list_begin(writing->writer, SLICE("item"));
        value_write(writing->writer, value_get(writing->fixed, SLICE("key")));
        writer_list_end(writing->writer);
    }
    write_body(writing);
    key_begin(writing, "responses");
    write_receipt(writing);
    write_fixed(writing, SLICE("errors"));
    end(writing);
    end(writing);
    end(writing);
}

/* --- all ------------------------------------------------------------------------------------ */

static void write_tags(struct writing *writing)
{
    write_fixed(writing, SLICE("tags"));
}

static void write_security(struct writing *writing)
{
    write_fixed(writing, SLICE("securitySchemes"));
}

static void write_responses(struct writing *writing)
{
    write_fixed(writing, SLICE("responses"));
}

bool abuse_openapi_write(const struct abuse_openapi *openapi, struct writer *writer,
                         struct slice section)
{
    static const struct {
        struct slice section;
        void (*write)(struct writing *writing);
    } sections[] = {
        {SLICE("tags"), write_tags},
        {SLICE("paths"), write_paths},
        {SLICE("schemas"), write_schemas},
        {SLICE("responses"), write_responses},
        {SLICE("securitySchemes"), write_security},
    };
    static const struct json_limits limits = {.depth = 64, .names = 100000, .bytes = SIZE_MAX};
    struct value *fixed = NULL;
    struct json_fault fault;
    struct arena arena;
    if (!openapi->map || openapi->map->off_reason.size)
        return true;
    arena_init(&arena);
    bool is_read =
        json_read(&arena, slice_of((const char *)openapi_abuse_fixed, openapi_abuse_fixed_size),
                  &limits, &fixed, &fault) == RESULT_OK;
    struct writing writing = {openapi, writer, fixed};
    for (size_t i = 0; is_read && i < sizeof(sections) / sizeof(sections[0]); i++)
        if (slice_equal(section, sections[i].section))
            sections[i].write(&writing);
    arena_clear(&arena);
    return is_read;
}
