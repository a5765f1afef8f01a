/* A form whose body is in memory: no file is expected in it. */
#include "http/multipart_reader.h"
#include "http/pairs.h"

static enum result refuse_file(void *context, const struct multipart_file *file)
{
    return http_pairs_refuse(context, SLICE("bad_multipart"), file->field,
                             "No file is expected here.");
}

enum result http_multipart_decode(struct arena *arena, struct slice content_type, struct slice body,
                                  struct http_pairs *pairs, struct problem *problem)
{
    const struct multipart_events events = {.on_file = refuse_file, .context = problem};
    struct multipart_reader *reader =
        multipart_reader_create(arena, content_type, UINT64_MAX, pairs, &events, problem);
    if (!reader)
        return problem_is_set(problem) ? RESULT_INVALID : RESULT_NO_MEMORY;
    enum result result = multipart_reader_feed(reader, body);
    return result == RESULT_OK ? multipart_reader_end(reader) : result;
}
