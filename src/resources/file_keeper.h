/*
 * Settles what gateways that died left under files.root, and what the disk refused to remove
 * (store/blob_store.h): at start, every files.sweep, and when the store tells of something. A
 * thread of its own asks the database for the rows, on a connection that is open only as long as
 * something must be asked; with the database away it waits, and tries again.
 *
 * A row is read under a lock, so that a commit still under way is waited for. Several gateways may
 * share one files.root.
 */
#ifndef PORTCULLIS_RESOURCES_FILE_KEEPER_H
#define PORTCULLIS_RESOURCES_FILE_KEEPER_H

#include "config/config.h"
#include "resources/shared_file_cache.h"
#include "resources/shared_model.h"
#include "store/blob_store.h"

struct file_keeper;

/* All borrowed, and outliving the keeper. */
struct file_keeper_options {
    struct blob_store *blobs;
    struct shared_model *model;
    struct shared_file_cache *file_cache; /* void once bytes were taken back or removed */
    const struct config_mysql *mysql;
    const struct config_files *files;
};

/* From here on the store's news go to the keeper: it is to be destroyed after all who use the
 * store, and before the store. NULL when memory is out. */
struct file_keeper *file_keeper_create(const struct file_keeper_options *options);
/* Returns at once; the first sweep is the thread's. */
enum result file_keeper_start(struct file_keeper *keeper);
/* Ends the thread within a moment, whatever it waits for. NULL is fine. */
void file_keeper_destroy(struct file_keeper *keeper);

#endif
