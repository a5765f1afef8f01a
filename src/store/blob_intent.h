/*
 * What is left beside bytes that are about to be put somewhere or to go: whose they are, where, and
 * how to know them again. One line of text, "KIND/REALM/IDENTITY/SHA256/RESOURCE/ID/PATH".
 */
#ifndef PORTCULLIS_STORE_BLOB_INTENT_H
#define PORTCULLIS_STORE_BLOB_INTENT_H

#include <sys/stat.h>

#include "base/buffer.h"
#include "base/result.h"
#include "store/blob_store.h"

/* What tells these bytes from others that come to lie at the same path: of a name's inode, which
 * moving and linking keep. */
struct blob_identity {
    uint64_t inode;
    uint64_t size;
    int64_t modified_s;
    int64_t modified_ns;
};

enum blob_intent_kind {
    BLOB_INTENT_PUT,  /* the token's bytes are linked to the path, where nothing is */
    BLOB_INTENT_SWAP, /* the token's bytes change places with the path's */
    BLOB_INTENT_GO,   /* the path's bytes go */
};

struct blob_intent {
    enum blob_intent_kind kind;
    struct slice realm;            /* of the store that left it */
    struct blob_identity identity; /* of the bytes that come, or go */
    struct slice sha256;           /* of the bytes that come, else "-" */
    struct blob_owner owner;
    struct slice path;
};

struct blob_identity blob_identity_of(const struct stat *status);
bool blob_identity_equal(const struct blob_identity *a, const struct blob_identity *b);

/* What is done with an intent. */
typedef void blob_intent_step(void *context, const struct blob_intent *intent);
/* Every intent that lies under the root now, whether its gateway lives or not; nothing is changed.
 * For `check`. */
void blob_intents_each(const char *root, blob_intent_step *step, void *context);

void blob_intent_print(const struct blob_intent *intent, struct buffer *text);
/* Borrows from text. false: it is none. */
bool blob_intent_read(struct slice text, struct blob_intent *intent);

#endif
