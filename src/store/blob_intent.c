/* Printing and reading intents. */
#include "store/blob_intent.h"

static const struct slice kinds[] = {
    [BLOB_INTENT_PUT] = {"put", 3}, [BLOB_INTENT_SWAP] = {"swap", 4}, [BLOB_INTENT_GO] = {"go", 2}};

enum { KIND_COUNT = sizeof(kinds) / sizeof(*kinds) };

struct blob_identity blob_identity_of(const struct stat *status)
{
    return (struct blob_identity){
        .inode = (uint64_t)status->st_ino,
        .size = (uint64_t)status->st_size,
        .modified_s = (int64_t)status->st_mtim.tv_sec,
        .modified_ns = (int64_t)status->st_mtim.tv_nsec,
    };
}

bool blob_identity_equal(const struct blob_identity *a, const struct blob_identity *b)
{
    return a->inode == b->inode && a->size == b->size && a->modified_s == b->modified_s &&
           a->modified_ns == b->modified_ns;
}

void blob_intent_print(const struct blob_intent *intent, struct buffer *text)
{
    const struct blob_identity *identity = &intent->identity;
    buffer_printf(text, "%s/%.*s/%llu,%llu,%lld,%lld/%.*s/%.*s/%lld/", kinds[intent->kind].data,
                  SLICE_ARGS(intent->realm), (unsigned long long)identity->inode,
                  (unsigned long long)identity->size, (long long)identity->modified_s,
                  (long long)identity->modified_ns, SLICE_ARGS(intent->sha256),
                  SLICE_ARGS(intent->owner.resource), (long long)intent->owner.id);
    buffer_append_slice(text, intent->path);
}

static bool read_kind(struct slice text, enum blob_intent_kind *kind)
{
    for (size_t i = 0; i < KIND_COUNT; i++)
        if (slice_equal(text, kinds[i])) {
            *kind = (enum blob_intent_kind)i;
            return true;
        }
    return false;
}

static bool read_identity(struct slice text, struct blob_identity *identity)
{
    struct slice part[4];
    for (size_t i = 0; i < 4; i++)
        if (!slice_split(&text, ',', &part[i]))
            return false;
    return slice_to_u64(part[0], &identity->inode) && slice_to_u64(part[1], &identity->size) &&
           slice_to_i64(part[2], &identity->modified_s) &&
           slice_to_i64(part[3], &identity->modified_ns);
}

bool blob_intent_read(struct slice text, struct blob_intent *intent)
{
    struct slice part[6];
    *intent = (struct blob_intent){.kind = BLOB_INTENT_PUT};
    for (size_t i = 0; i < 6; i++)
        if (!slice_split(&text, '/', &part[i]))
            return false;
    intent->realm = part[1];
    intent->sha256 = part[3];
    intent->owner.resource = part[4];
    intent->path = text;
    return read_kind(part[0], &intent->kind) && read_identity(part[2], &intent->identity) &&
           slice_to_i64(part[5], &intent->owner.id) && intent->path.size > 0;
}
