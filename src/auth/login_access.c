/* Rows of tbladdonmodules; lists of ids are compared by whole numbers. */
#include "auth/login_access.h"

static const char access_sql[] =
    "SELECT setting,value FROM tbladdonmodules WHERE module='wbteampro' "
    "AND setting IN ('access','api_active','admin_super_roles')";

static bool list_holds(struct slice list, int64_t id)
{
    struct slice part;
    int64_t each;
    while (slice_split(&list, ',', &part))
        if (slice_to_i64(slice_trim(part), &each) && each == id)
            return true;
    return false;
}

static bool is_off(struct slice value)
{
    value = slice_trim(value);
    return value.size == 0 || slice_equal(value, SLICE("0")) ||
           slice_equal_nocase(value, SLICE("off"));
}

static void take_row(struct slice setting, struct slice value, int64_t role_id,
                     struct slice super_roles, struct login_access *access)
{
    if (slice_equal_nocase(setting, SLICE("access"))) {
        access->has_role = access->has_role || list_holds(value, role_id);
    } else if (slice_equal_nocase(setting, SLICE("api_active"))) {
        access->is_switched_off = access->is_switched_off || is_off(value);
    } else if (!super_roles.size) {
        access->has_super_roles = true;
        access->is_super = access->is_super || list_holds(value, role_id);
    }
}

enum result login_access_read(struct database *database, int64_t role_id, struct slice super_roles,
                              struct login_access *access)
{
    *access = (struct login_access){.has_super_roles = super_roles.size > 0,
                                    .is_super = list_holds(super_roles, role_id)};
    enum result result = database_query(database, slice_from(access_sql), NULL, 0);
    const struct database_cell *cells;
    while (result == RESULT_OK && (result = database_next(database, &cells)) == RESULT_OK)
        take_row(cells[0].text, cells[1].text, role_id, super_roles, access);
    if (!access->has_super_roles)
        access->is_super = true;
    return result == RESULT_NOT_FOUND ? RESULT_OK : result;
}

size_t login_ids_read(struct slice list, int32_t *ids, size_t room)
{
    struct slice part;
    int64_t each;
    size_t count = 0;
    while (count < room && slice_split(&list, ',', &part))
        if (slice_to_i64(slice_trim(part), &each) && each >= 1 && each <= INT32_MAX)
            ids[count++] = (int32_t)each;
    return count;
}
