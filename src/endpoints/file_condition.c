/* Entity tags may hold commas, so a list of them is read tag by tag. */
#include "endpoints/file_condition.h"

#include "http/date.h"

/* Cuts the next tag, quotes included, off a list; false at its end, and where it is none. */
static bool next_tag(struct slice *list, struct slice *tag, bool *is_weak)
{
    while (list->size && (list->data[0] == ',' || list->data[0] == ' ' || list->data[0] == '\t'))
        *list = slice_skip(*list, 1);
    *is_weak = slice_starts_with(*list, SLICE("W/"));
    if (*is_weak)
        *list = slice_skip(*list, 2);
    if (!list->size || list->data[0] != '"')
        return false;
    size_t inner = slice_find(slice_skip(*list, 1), '"');
    if (inner + 1 == list->size)
        return false;
    *tag = slice_of(list->data, inner + 2);
    *list = slice_skip(*list, inner + 2);
    return true;
}

static bool list_holds(struct slice list, struct slice wanted, bool is_strongly)
{
    struct slice tag;
    bool is_weak = false;
    if (slice_equal(slice_trim(list), SLICE("*")))
        return true;
    while (next_tag(&list, &tag, &is_weak))
        if (slice_equal(tag, wanted) && !(is_strongly && is_weak))
            return true;
    return false;
}

static bool is_modified_since(struct slice date, const struct file_version *version)
{
    int64_t since_s = 0;
    return !http_date_parse(date, &since_s) || version->modified_s > since_s;
}

static bool is_changed(const struct file_conditions *conditions, const struct file_version *version)
{
    int64_t since_s = 0;
    if (conditions->if_match.data)
        return !list_holds(conditions->if_match, version->tag, true);
    return conditions->if_unmodified_since.data &&
           http_date_parse(conditions->if_unmodified_since, &since_s) &&
           version->modified_s > since_s;
}

static bool is_known(const struct file_conditions *conditions, const struct file_version *version)
{
    if (conditions->if_none_match.data)
        return list_holds(conditions->if_none_match, version->tag, false);
    return conditions->if_modified_since.data &&
           !is_modified_since(conditions->if_modified_since, version);
}

enum file_verdict file_condition_judge(const struct file_conditions *conditions,
                                       const struct file_version *version)
{
    if (is_changed(conditions, version))
        return FILE_CHANGED;
    return is_known(conditions, version) ? FILE_NOT_MODIFIED : FILE_WANTED;
}

bool file_condition_range_counts(struct slice if_range, const struct file_version *version,
                                 int64_t now_s)
{
    int64_t date_s = 0;
    if (!if_range.data || slice_equal(if_range, version->tag))
        return true;
    return http_date_parse(if_range, &date_s) && date_s == version->modified_s &&
           version->modified_s < now_s;
}
