/* What may be seen is decided before anything is remembered: memory holds nothing else. */
#include "resources/settings_resource.h"

#include "base/clock.h"
#include "resources/settings_cache.h"
#include "whmcs/settings.h"

/* The last place of the list; rows that never are given, or that earlier has, are taken out. */
static struct setting **filter(struct setting **list, const struct catalog_names *never,
                               const struct setting *earlier)
{
    while (*list) {
        if (catalog_names_hold(never, (*list)->name) || settings_find(earlier, (*list)->name))
            *list = (*list)->next;
        else
            list = &(*list)->next;
    }
    return list;
}

/* All that is served, in the order of the answer: the add-on's rows, then those of WHMCS that it
 * has none of the same name of. */
static enum result read_rows(struct execute_context *context,
                             const struct catalog_resource *resource, struct setting **rows)
{
    const struct catalog_names *allow = &context->options->config_allow;
    struct setting *configuration = NULL;
    enum result result =
        settings_read_addon(context->database, resource->module, context->arena, rows);
    if (result == RESULT_OK && allow->count)
        result = settings_read_configuration(context->database, allow->items, allow->count,
                                             context->arena, &configuration);
    if (result != RESULT_OK)
        return result;
    struct setting **end = filter(rows, &resource->never, NULL);
    filter(&configuration, &resource->never, *rows);
    *end = configuration;
    return RESULT_OK;
}

static size_t write_rows(struct writer *writer, const struct setting *row, struct slice wanted)
{
    size_t count = 0;
    writer_key(writer, SLICE("config"));
    writer_object_begin(writer);
    for (; row; row = row->next) {
        if (wanted.size && !slice_equal(wanted, row->name))
            continue;
        writer_member_string(writer, row->name, row->value);
        count++;
    }
    writer_object_end(writer);
    return count;
}

/* *count: of the rows written. */
static enum result read_and_write(struct execute_context *context,
                                  const struct catalog_resource *resource,
                                  struct shared_settings *memory, struct slice wanted,
                                  size_t *count)
{
    struct setting *rows = NULL;
    uint64_t read_us = clock_now_us();
    enum result result = read_rows(context, resource, &rows);
    if (result != RESULT_OK)
        return result;
    if (memory)
        shared_settings_put(memory, rows, read_us);
    *count = write_rows(context->writer, rows, wanted);
    return RESULT_OK;
}

enum result settings_resource_write(struct execute_context *context, const struct query_set *set,
                                    struct problem *problem)
{
    const struct catalog_resource *resource = chain_last(set->chain)->resource->catalog;
    const struct settings_cache *cache = context->options->settings;
    struct shared_settings *memory = cache && cache->resource == resource ? cache->memory : NULL;
    struct settings_reading *known = memory ? shared_settings_get(memory) : NULL;
    enum result result = RESULT_OK;
    size_t count = 0;
    if (known)
        count = write_rows(context->writer, known->rows, set->setting);
    else
        result = read_and_write(context, resource, memory, set->setting, &count);
    settings_reading_release(known);
    if (result != RESULT_OK || count || !set->setting.size)
        return result;
    problem_set(problem, 404, SLICE("Record Not Found"));
    problem_add(problem, SLICE("record_not_found"), SLICE("name"),
                "there is no such setting, or remote.config_allow does not name it");
    return RESULT_NOT_FOUND;
}
