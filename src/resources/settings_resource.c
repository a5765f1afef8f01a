/* Two fixed statements; what may be seen is decided before the second is asked. */
#include "resources/settings_resource.h"

#include "whmcs/settings.h"

/* Which of the allowed names of tblconfiguration to read: all, or the one that was asked for. */
static struct catalog_names names_to_read(const struct catalog_names *allowed, struct slice wanted)
{
    struct catalog_names none = {.items = allowed->items};
    if (!wanted.size)
        return *allowed;
    for (size_t i = 0; i < allowed->count; i++)
        if (slice_equal(allowed->items[i], wanted))
            return (struct catalog_names){&allowed->items[i], 1};
    return none;
}

static size_t write_settings(struct writer *writer, const struct setting *list,
                             const struct catalog_names *never, const struct setting *earlier,
                             struct slice wanted)
{
    size_t count = 0;
    for (; list; list = list->next) {
        bool is_wanted = !wanted.size || slice_equal(wanted, list->name);
        if (!is_wanted || catalog_names_hold(never, list->name) ||
            settings_find(earlier, list->name))
            continue;
        writer_member_string(writer, list->name, list->value);
        count++;
    }
    return count;
}

enum result settings_resource_write(struct execute_context *context, const struct query_set *set,
                                    struct problem *problem)
{
    const struct catalog_resource *catalog = chain_last(set->chain)->resource->catalog;
    struct catalog_names names = names_to_read(&context->options->config_allow, set->setting);
    struct setting *addon = NULL;
    struct setting *configuration = NULL;
    enum result result =
        settings_read_addon(context->database, catalog->module, context->arena, &addon);
    if (result == RESULT_OK && names.count)
        result = settings_read_configuration(context->database, names.items, names.count,
                                             context->arena, &configuration);
    if (result != RESULT_OK)
        return result;
    writer_key(context->writer, SLICE("config"));
    writer_object_begin(context->writer);
    size_t count = write_settings(context->writer, addon, &catalog->never, NULL, set->setting);
    count += write_settings(context->writer, configuration, &catalog->never, addon, set->setting);
    writer_object_end(context->writer);
    if (count || !set->setting.size)
        return RESULT_OK;
    problem_set(problem, 404, SLICE("Record Not Found"));
    problem_add(problem, SLICE("record_not_found"), SLICE("name"),
                "there is no such setting, or remote.config_allow does not name it");
    return RESULT_NOT_FOUND;
}
