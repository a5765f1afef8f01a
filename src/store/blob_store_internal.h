/* What the parts of the blob store share: the store itself, names of tokens, places beneath the
 * root. */
#ifndef PORTCULLIS_STORE_BLOB_STORE_INTERNAL_H
#define PORTCULLIS_STORE_BLOB_STORE_INTERNAL_H

#include <limits.h>
#include <pthread.h>

#include "store/beneath.h"
#include "store/blob.h"
#include "store/blob_intent.h"
#include "store/blob_store.h"

enum {
    BLOB_GATEWAY = 17, /* 16 hex digits, by chance, and a NUL */
    BLOB_NAME = 64,    /* GATEWAY-N and suffix */
    BLOB_REALM = 17,
};

/* A token that is in somebody's hands: in the store's list as long as it is. */
struct blob_mark {
    uint64_t number;
    struct blob_mark *prev;
    struct blob_mark *next;
};

struct blob_store {
    int root;      /* O_PATH */
    int work;      /* .portcullis */
    int lock_file; /* GATEWAY.lock, locked */
    char gateway[BLOB_GATEWAY];
    char realm[BLOB_REALM]; /* a hash of it */
    void (*on_left)(void *context);
    void *on_left_context;
    pthread_mutex_t lock; /* guards what follows */
    uint64_t next_number;
    struct blob_mark *marks;
};

/* blob_store.c */
void blob_mark_take(struct blob_store *store, struct blob_mark *mark);
/* is_left: files of it stay, for the keeper. */
void blob_mark_release(struct blob_store *store, struct blob_mark *mark, bool is_left);
bool blob_mark_is_taken(struct blob_store *store, uint64_t number);
void blob_name_print(char name[BLOB_NAME], const char *gateway, uint64_t number,
                     const char *suffix);
/* Unlinks a name of .portcullis; true also when there is none, else errno tells why. */
bool blob_work_unlink(const struct blob_store *store, const char *name);
/* RESULT_LIMIT, RESULT_UNAVAILABLE (beneath_is_shortage) or RESULT_FAILED, logged. */
enum result blob_explain_write(const char *what, int error);

/* A name in a folder beneath the root. */
struct blob_place {
    int folder;
    const char *name; /* into text */
    char text[PATH_MAX];
};

/* blob_place.c. Of a path that was checked; 0 or errno. The caller closes. */
int blob_place_open(const struct blob_store *store, struct slice path, enum beneath_folder how,
                    struct blob_place *place);
void blob_place_close(struct blob_place *place);
/* 0 with *identity of the regular file there; ENOENT when there is none, EISDIR when it is anything
 * else; or errno. */
int blob_place_look(const struct blob_place *place, struct blob_identity *identity);
/* The same of a token. */
int blob_token_look(const struct blob_store *store, const char *token,
                    struct blob_identity *identity);
/* The same of a path that was checked. */
int blob_path_look(const struct blob_store *store, struct slice path,
                   struct blob_identity *identity);
/* Whether such an error means that the bytes are not there: nothing is, or no file. */
bool blob_is_gone(int error);
/* Removes the path's file if it is still the one of that identity. 0, also when it is not; or
 * errno. */
int blob_remove(const struct blob_store *store, struct slice path,
                const struct blob_identity *identity);

/* blob_list.c. Every intent of the list file (-1: none), then of rest, which go on where the file
 * ends. 0; errno of reading; EBADMSG where the text is no list of intents. */
int blob_list_each(int file, struct slice rest, blob_intent_step *step, void *context);

#endif
