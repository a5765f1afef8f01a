/* Collecting causes in the order they are found. */
#include "base/problem.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/utf8.h"

enum { FIELD_BYTES = 128, DETAIL_BYTES = 1024 };

void problem_init(struct problem *problem, struct arena *arena)
{
    *problem = (struct problem){.arena = arena};
}

void problem_set(struct problem *problem, int status, struct slice message)
{
    if (problem->status)
        return;
    problem->status = status;
    problem->message = message;
}

static struct slice safe_copy(struct arena *arena, struct slice s, size_t limit)
{
    struct buffer repaired;
    buffer_init(&repaired);
    if (s.size > limit) {
        s.size = limit;
        while (s.size && ((unsigned char)s.data[s.size] & 0xC0U) == 0x80U)
            s.size--;
    }
    utf8_append_repaired(&repaired, s);
    struct slice copy = arena_copy(arena, buffer_slice(&repaired));
    buffer_clear(&repaired);
    return copy;
}

void problem_add(struct problem *problem, struct slice code, struct slice field,
                 const char *detail_format, ...)
{
    char detail[DETAIL_BYTES];
    va_list arguments;
    va_start(arguments, detail_format);
    int size = vsnprintf(detail, sizeof(detail), detail_format, arguments);
    va_end(arguments);

    struct problem_cause *cause = arena_zalloc(problem->arena, sizeof(*cause));
    if (!cause || size < 0)
        return;
    cause->code = code;
    cause->field = safe_copy(problem->arena, field, FIELD_BYTES);
    cause->detail = safe_copy(problem->arena, slice_from(detail), DETAIL_BYTES);
    if (problem->last)
        problem->last->next = cause;
    else
        problem->first = cause;
    problem->last = cause;
    problem->cause_count++;
}

bool problem_names(const struct problem *problem, struct slice field)
{
    for (const struct problem_cause *cause = problem->first; cause; cause = cause->next)
        if (slice_equal(cause->field, field))
            return true;
    return false;
}
