/* `portcullis check --files`: its order, its words. */
#include "cli/check_files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/check_files_parts.h"
#include "cli/command.h"
#include "cli/foreign_text.h"
#include "observe/log.h"

static const struct {
    const char *mark;
    const char *text; /* what is wrong, and what to do */
} verdicts[FILE_VERDICTS] = {
    [FILE_MISSING] = {"MISSING ", "there are no such bytes: put them back from a backup, or "
                                  "delete the record"},
    [FILE_OTHER_SIZE] = {"SIZE    ", "the row tells another size: put the bytes back from a "
                                     "backup, or upload them again"},
    [FILE_OTHER_HASH] = {"HASH    ", "the row tells another SHA-256, so the bytes were changed: "
                                     "put them back from a backup, or upload them again"},
    [FILE_REFUSED] = {"REFUSED ", "never opened: it leads out of files.root or through a link, is "
                                  "no regular file, or may not be read by this user; mend the "
                                  "row, or the rights"},
    [FILE_UNREADABLE] = {"UNREAD  ", "it cannot be read: mend the disk, or the rights"},
    [FILE_ORPHAN] = {"ORPHAN  ", "no row names it: remove it, unless it is another program's"},
};

void check_files_tell(struct file_check *check, enum file_verdict verdict, const char *about,
                      struct slice path, const char *detail)
{
    check->counts[verdict]++;
    if (!verdicts[verdict].mark)
        return;
    printf("%s %s: ", verdicts[verdict].mark, about);
    foreign_text_print(path);
    if (detail && detail[0])
        printf(" (%s)", detail);
    printf(": %s\n", verdicts[verdict].text);
}

static size_t faults(const struct file_check *check)
{
    size_t count = 0;
    for (size_t i = FILE_MISSING; i < FILE_VERDICTS; i++)
        count += check->counts[i];
    return count;
}

static void print_summary(const struct file_check *check)
{
    const size_t *counts = check->counts;
    printf("\n%zu files in order, %zu records without bytes; %zu missing, %zu of another size, %zu "
           "of another hash, %zu refused, %zu unreadable, %zu orphaned\n",
           counts[FILE_FINE], counts[FILE_WITHOUT], counts[FILE_MISSING], counts[FILE_OTHER_SIZE],
           counts[FILE_OTHER_HASH], counts[FILE_REFUSED], counts[FILE_UNREADABLE],
           counts[FILE_ORPHAN]);
    if (counts[FILE_PENDING])
        printf("%zu files are on their way, or left by a gateway that died: a running gateway "
               "settles them\n",
               counts[FILE_PENDING]);
}

static bool has_root(const struct config_files *files)
{
    int folder = open(files->root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0) {
        printf("FAILED   files: files.root, %s: %s\n", files->root, strerror(errno));
        return false;
    }
    close(folder);
    return true;
}

/* Without the rows of all of them, every file would look as if nobody named it. */
static bool has_resources(const struct model *model)
{
    bool is_one_served = false;
    bool is_one_off = false;
    for (size_t i = 0; i < model->resource_count; i++) {
        const struct model_resource *resource = &model->resources[i];
        if (!resource->catalog->download.path.size)
            continue;
        is_one_served = is_one_served || (model_is_served(resource) && resource->has_download);
        is_one_off = is_one_off || !model_is_served(resource) || !resource->has_download;
    }
    if (is_one_off || !is_one_served)
        printf("FAILED   files: there is a resource with files that is off, see above: nothing "
               "can be compared\n");
    return is_one_served && !is_one_off;
}

static int end(struct file_check *check, enum result result)
{
    if (check->walk_error)
        printf("FAILED   files: files.root, %s, cannot be walked: %s\n", check->files->root,
               strerror(check->walk_error));
    else if (result == RESULT_NO_MEMORY)
        printf("FAILED   files: out of memory\n");
    else if (result != RESULT_OK)
        printf("FAILED   files: the rows cannot be read: %s (%u)\n",
               database_error_text(check->database), database_error_number(check->database));
    if (result != RESULT_OK)
        return COMMAND_FAILED;
    print_summary(check);
    return faults(check) ? COMMAND_FAILED : COMMAND_GOOD;
}

int check_files(const struct config_files *files, const struct model *model,
                struct database *database)
{
    struct file_check check = {.files = files, .model = model, .database = database};
    printf("\n");
    if (!files->root[0]) {
        printf("ok       files: files.root is empty, there are none\n");
        return COMMAND_GOOD;
    }
    if (!has_root(files) || !has_resources(model))
        return COMMAND_FAILED;
    log_set_level(LOG_LEVEL_NONE); /* whatever is refused is told of here */
    enum result result = check_rows(&check);
    if (result == RESULT_OK)
        result = check_orphans(&check);
    int code = end(&check, result);
    file_set_clear(&check.seen);
    return code;
}
