/* Reading intents: long lists of them by pieces. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "store/blob_store_internal.h"

enum { PIECE_BYTES = 64 * 1024, MOST_INTENT_BYTES = 2 * PATH_MAX };

struct reader {
    struct buffer text; /* what is not taken yet */
    blob_intent_step *step;
    void *context;
};

/* Takes the whole intents; what is left is the beginning of the next. */
static int take(struct reader *reader)
{
    struct slice rest = buffer_slice(&reader->text);
    struct blob_intent intent;
    size_t end;
    if (reader->text.has_failed)
        return ENOMEM;
    while ((end = slice_find(rest, '\0')) < rest.size) {
        if (!blob_intent_read(slice_of(rest.data, end), &intent))
            return EBADMSG;
        reader->step(reader->context, &intent);
        rest = slice_skip(rest, end + 1);
    }
    for (size_t i = 0; i < rest.size; i++)
        reader->text.data[i] = rest.data[i];
    reader->text.size = rest.size;
    return rest.size > MOST_INTENT_BYTES ? EBADMSG : 0;
}

static int take_file(struct reader *reader, int file)
{
    off_t at = 0;
    for (;;) {
        char *room = buffer_reserve(&reader->text, PIECE_BYTES);
        ssize_t got = room ? pread(file, room, PIECE_BYTES, at) : 0;
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return errno;
        reader->text.size += (size_t)got;
        at += got;
        int error = take(reader);
        if (error || got == 0)
            return error;
    }
}

int blob_list_each(int file, struct slice rest, blob_intent_step *step, void *context)
{
    struct reader reader = {.step = step, .context = context};
    buffer_init(&reader.text);
    int error = file >= 0 ? take_file(&reader, file) : 0;
    if (!error && rest.size) {
        buffer_append_slice(&reader.text, rest);
        error = take(&reader);
    }
    if (!error && reader.text.size)
        error = EBADMSG;
    buffer_clear(&reader.text);
    return error;
}

/* --- all that there are ----------------------------------------------------------------------- */

static bool ends_with(const char *name, const char *suffix)
{
    size_t size = strlen(name);
    size_t suffix_size = strlen(suffix);
    return size > suffix_size && strcmp(name + size - suffix_size, suffix) == 0;
}

static void each_of_link(int work, const char *name, blob_intent_step *step, void *context)
{
    char text[PATH_MAX];
    struct blob_intent intent;
    ssize_t size = readlinkat(work, name, text, sizeof(text));
    if (size > 0 && blob_intent_read(slice_of(text, (size_t)size), &intent))
        step(context, &intent);
}

static void each_of_list(int work, const char *name, blob_intent_step *step, void *context)
{
    int file = openat(work, name, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW | O_CLOEXEC);
    if (file < 0)
        return;
    blob_list_each(file, slice_of("", 0), step, context);
    close(file);
}

void blob_intents_each(const char *root, blob_intent_step *step, void *context)
{
    struct dirent *entry;
    int folder = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
    int work = folder < 0 ? -1
                          : openat(folder, BENEATH_OWN_FOLDER,
                                   O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *names = work < 0 ? NULL : fdopendir(work);
    while (names && (entry = readdir(names)))
        if (ends_with(entry->d_name, ".put"))
            each_of_link(work, entry->d_name, step, context);
        else if (ends_with(entry->d_name, ".go"))
            each_of_list(work, entry->d_name, step, context);
    if (names)
        closedir(names);
    else if (work >= 0)
        close(work);
    if (folder >= 0)
        close(folder);
}
