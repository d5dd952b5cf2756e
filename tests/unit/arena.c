/* Memory without malloc: zeroed, aligned, never given out twice, also when threads ask at once. */
#include "support/rows.h"

#include <ptunnel/arena.h>

#include <pthread.h>
#include <string.h>

static const struct {
    const char *name;
    size_t size;
} sizes[] = {
    { "one byte", 1 },
    { "just aligned", 16 },
    { "just not aligned", 17 },
    { "all of the first chunk", 8 * 1024 },
    { "a page", 4096 },
    { "just all of a chunk", 256 * 1024 - 16 },
    { "one byte more than a chunk", 256 * 1024 - 15 },
    { "just all of a large page", 2 * 1024 * 1024 - 16 },
    { "one byte more than a large page", 2 * 1024 * 1024 - 15 },
    { "larger than a chunk", 3 * 1024 * 1024 + 5 },
};

static void memory_is_zeroed_aligned_and_writable(void **state)
{
    const typeof(*sizes) *row = *state;
    unsigned char *memory = arena_alloc(row->size);
    unsigned char *next;

    assert_non_null(memory);
    assert_int_equal((uintptr_t)memory % 16, 0);
    for (size_t i = 0; i < row->size; i++)
        assert_int_equal(memory[i], 0);
    memset(memory, 0xa5, row->size);
    next = arena_alloc(row->size);
    assert_non_null(next);
    assert_true(next + row->size <= memory || memory + row->size <= next);
    assert_int_equal(next[0], 0);
    assert_int_equal(next[row->size - 1], 0);
}

static const struct {
    const char *name;
    size_t size;
} impossible[] = {
    { "more than can be rounded up", SIZE_MAX },
    { "more than half of all", SIZE_MAX / 2 + 1 },
    { "more than the kernel has", SIZE_MAX / 4 },
};

static void what_cannot_be_had_is_null(void **state)
{
    const typeof(*impossible) *row = *state;

    assert_null(arena_alloc(row->size));
    assert_non_null(arena_alloc(8)); /* and that did no harm */
}

static void a_copy_ends_in_nul(void **state)
{
    char *copy = arena_copy("secret and more", 6);
    char *empty = arena_copy("", 0);

    (void)state;
    assert_string_equal(copy, "secret");
    assert_string_equal(empty, "");
    assert_ptr_not_equal(copy, empty);
}

enum { THREADS = 4, PIECES = 4000 };

struct share {
    unsigned char mark;
    unsigned char *pieces[PIECES];
};

static size_t piece_size(size_t number)
{
    return 1 + number * 37 % 500;
}

static void *take_pieces(void *argument)
{
    struct share *share = argument;

    for (size_t i = 0; i < PIECES; i++) {
        share->pieces[i] = arena_alloc(piece_size(i));
        if (share->pieces[i])
            memset(share->pieces[i], share->mark, piece_size(i));
    }
    return NULL;
}

static void threads_never_share_a_byte(void **state)
{
    static struct share shares[THREADS];
    pthread_t threads[THREADS];

    (void)state;
    for (size_t i = 0; i < THREADS; i++) {
        shares[i].mark = (unsigned char)(i + 1);
        assert_int_equal(pthread_create(&threads[i], NULL, take_pieces, &shares[i]), 0);
    }
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    for (size_t i = 0; i < THREADS; i++)
        for (size_t k = 0; k < PIECES; k++) {
            assert_non_null(shares[i].pieces[k]);
            for (size_t at = 0; at < piece_size(k); at++)
                assert_int_equal(shares[i].pieces[k][at], shares[i].mark);
        }
}

int main(void)
{
    ROWS(sizes, memory_is_zeroed_aligned_and_writable);
    ROWS(impossible, what_cannot_be_had_is_null);
    STORY(a_copy_ends_in_nul);
    STORY(threads_never_share_a_byte);
    return rows_run("arena");
}
