/* The buffer and the arena: growth, alignment, failure that sticks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/buffer.h"

static void test_buffer_grows(void **state)
{
    (void)state;
    struct buffer b;
    buffer_init(&b);
    for (int i = 0; i < 2000; i++)
        buffer_append_char(&b, 'x');
    buffer_append_u64(&b, UINT64_MAX);
    buffer_printf(&b, "-%d", 7);
    assert_int_equal(b.size, 2022);
    assert_memory_equal(b.data + 1999, "x18446744073709551615-7", 23);
    buffer_clear(&b);
    assert_null(b.data);
}

static void test_buffer_failure_sticks(void **state)
{
    (void)state;
    struct buffer b;
    buffer_init(&b);
    buffer_append_slice(&b, SLICE("ab"));
    assert_null(buffer_reserve(&b, SIZE_MAX - 1));
    assert_true(b.has_failed);
    buffer_append_char(&b, 'c');
    assert_int_equal(b.size, 2);
    buffer_clear(&b);
    assert_false(b.has_failed);
}

static void test_arena(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena);
    for (size_t size = 0; size < 9000; size += 617) {
        char *memory = arena_zalloc(&arena, size);
        assert_non_null(memory);
        assert_int_equal((uintptr_t)memory % 16, 0);
        if (size)
            memset(memory, 1, size);
    }
    assert_null(arena_alloc(&arena, SIZE_MAX));
    struct slice copy = arena_copy(&arena, SLICE("a\0b"));
    assert_memory_equal(copy.data, "a\0b", 4);
    assert_string_equal(arena_printf(&arena, "%d%s", 4, "x").data, "4x");
    arena_clear(&arena);
    assert_int_equal(arena.used_bytes, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_buffer_grows),
                                       cmocka_unit_test(test_buffer_failure_sticks),
                                       cmocka_unit_test(test_arena)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
