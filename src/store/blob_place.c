/* Names beneath the root: what lies there, and removing it if it is what was meant. */
#include "store/blob_store_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

int blob_place_open(const struct blob_store *store, struct slice path, enum beneath_folder how,
                    struct blob_place *place)
{
    if (path.size >= sizeof(place->text))
        return ENAMETOOLONG;
    memcpy(place->text, path.data, path.size);
    place->text[path.size] = '\0';
    place->folder = beneath_open_folder(store->root, place->text, how, &place->name);
    return place->folder < 0 ? errno : 0;
}

void blob_place_close(struct blob_place *place)
{
    close(place->folder);
    place->folder = -1;
}

static int look(int folder, const char *name, struct blob_identity *identity)
{
    struct stat status;
    *identity = (struct blob_identity){0};
    if (fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) != 0)
        return errno;
    if (!S_ISREG(status.st_mode))
        return EISDIR;
    *identity = blob_identity_of(&status);
    return 0;
}

int blob_place_look(const struct blob_place *place, struct blob_identity *identity)
{
    return look(place->folder, place->name, identity);
}

int blob_token_look(const struct blob_store *store, const char *token,
                    struct blob_identity *identity)
{
    return look(store->work, token, identity);
}

int blob_path_look(const struct blob_store *store, struct slice path,
                   struct blob_identity *identity)
{
    struct blob_place place;
    int error = blob_place_open(store, path, BENEATH_LOOK, &place);
    if (error)
        return error;
    error = blob_place_look(&place, identity);
    blob_place_close(&place);
    return error;
}

bool blob_is_gone(int error)
{
    return error == ENOENT || error == ENOTDIR || error == EISDIR;
}

int blob_remove(const struct blob_store *store, struct slice path,
                const struct blob_identity *identity)
{
    struct blob_place place;
    struct blob_identity there;
    int error = blob_place_open(store, path, BENEATH_LOOK, &place);
    if (error)
        return blob_is_gone(error) ? 0 : error;
    error = blob_place_look(&place, &there);
    if (!error && blob_identity_equal(&there, identity) &&
        unlinkat(place.folder, place.name, 0) != 0)
        error = errno;
    blob_place_close(&place);
    return blob_is_gone(error) ? 0 : error;
}
