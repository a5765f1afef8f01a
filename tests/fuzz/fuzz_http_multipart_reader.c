/* Forms that stream in: cut by chance, a body tells what it tells whole. Its first two bytes say
 * how it is cut, the third how much of it may be no file (in steps of 8; 255: all). */
#include <stdlib.h>

#include "base/buffer.h"
#include "http/multipart_reader.h"

struct reading {
    struct arena arena;
    struct problem problem;
    struct http_pairs pairs;
    struct buffer log; /* events and verdict */
};

static bool is_file(void *context, struct slice field)
{
    (void)context;
    return slice_equal(field, SLICE("file"));
}

static enum result on_file(void *context, const struct multipart_file *file)
{
    struct reading *reading = context;
    buffer_printf(&reading->log, "{%zu:%.*s:%.*s:%.*s}", reading->pairs.count,
                  SLICE_ARGS(file->field), SLICE_ARGS(file->name), SLICE_ARGS(file->type));
    return RESULT_OK;
}

static void on_file_piece(void *context, struct slice piece)
{
    if (piece.size == 0)
        abort();
    buffer_append_slice(&((struct reading *)context)->log, piece);
}

static void on_file_end(void *context)
{
    buffer_append_char(&((struct reading *)context)->log, '}');
}

static void tell_end(struct reading *reading, enum result result)
{
    const struct problem *problem = &reading->problem;
    if ((result == RESULT_OK) == problem_is_set(problem) || result == RESULT_NO_MEMORY)
        abort();
    for (const struct http_pair *pair = reading->pairs.first; pair; pair = pair->next)
        buffer_printf(&reading->log, "%.*s=%.*s&", SLICE_ARGS(pair->name), SLICE_ARGS(pair->value));
    buffer_printf(&reading->log, "%d %d", (int)result, problem->status);
    if (problem->first)
        buffer_printf(&reading->log, "%.*s %.*s", SLICE_ARGS(problem->first->field),
                      SLICE_ARGS(problem->first->detail));
}

/* seed 0: whole. The caller clears *reading. */
static void run(struct reading *reading, struct slice body, uint64_t most_bytes, unsigned seed)
{
    struct multipart_events events = {.is_file = is_file,
                                      .on_file = on_file,
                                      .on_file_piece = on_file_piece,
                                      .on_file_end = on_file_end,
                                      .context = reading};
    *reading = (struct reading){0};
    arena_init(&reading->arena);
    problem_init(&reading->problem, &reading->arena);
    buffer_init(&reading->log);
    struct multipart_reader *reader =
        multipart_reader_create(&reading->arena, SLICE("multipart/form-data; boundary=b:"),
                                most_bytes, &reading->pairs, &events, &reading->problem);
    enum result result = RESULT_OK;
    while (body.size > 0 && result == RESULT_OK) {
        seed = seed * 1103515245U + 12345U;
        size_t size = seed == 12345U ? body.size : (seed >> 16U) % (1U + (seed >> 8U) % 16U) + 1;
        size = size < body.size ? size : body.size;
        result = multipart_reader_feed(reader, slice_of(body.data, size));
        body = slice_skip(body, size);
    }
    if (result == RESULT_OK)
        result = multipart_reader_end(reader);
    tell_end(reading, result);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct reading whole, cut;
    if (size < 3)
        return 0;
    struct slice body = slice_of((const char *)data + 3, size - 3);
    uint64_t most_bytes = data[2] == 255 ? UINT64_MAX : data[2] * 8U;
    unsigned seed = 1U + data[0] + 256U * data[1];
    run(&whole, body, most_bytes, 0);
    run(&cut, body, most_bytes, seed);
    if (!slice_equal(buffer_slice(&whole.log), buffer_slice(&cut.log)))
        abort();
    buffer_clear(&whole.log);
    buffer_clear(&cut.log);
    arena_clear(&whole.arena);
    arena_clear(&cut.arena);
    return 0;
}
