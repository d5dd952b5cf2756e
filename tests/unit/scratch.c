/* Memory that grows: what lies in it stays, through every size of room, and may be kept. */
#include "support/rows.h"

#include <ptunnel/scratch.h>

#include <stdint.h>
#include <string.h>

static const struct {
    const char *name;
    size_t count, size; /* so many pieces of this size */
} growths[] = {
    { "one byte", 1, 1 },
    { "all of the first room", 64, 1024 },
    { "a byte more", 64 * 1024 + 1, 1 },
    { "just below large pages", 256, 1024 },
    { "into large pages", 257, 1024 },
    { "all of one large page", 2048, 1024 },
    { "several large pages", 300001, 24 },
    { "a large piece at once", 1, 5 * 1024 * 1024 + 3 },
    { "two of them", 2, 3 * 1024 * 1024 + 3 },
};

static unsigned char mark_of(size_t piece)
{
    return (unsigned char)(1 + piece * 7 % 251);
}

static void fill(struct scratch *scratch, size_t count, size_t size)
{
    for (size_t i = 0; i < count; i++) {
        char *piece = scratch_add(scratch, size);

        assert_non_null(piece);
        memset(piece, mark_of(i), size);
    }
}

static void assert_filled(const char *bytes, size_t count, size_t size)
{
    for (size_t i = 0; i < count; i++, bytes += size)
        assert_true((unsigned char)bytes[0] == mark_of(i) && memcmp(bytes, bytes + 1, size - 1) == 0);
}

static void what_lies_in_it_stays(void **state)
{
    const typeof(*growths) *row = *state;
    struct scratch scratch = { 0 };
    const char *kept;

    fill(&scratch, row->count, row->size);
    assert_int_equal(scratch.size, row->count * row->size);
    assert_filled(scratch.start, row->count, row->size);
    kept = scratch_keep(&scratch);
    assert_non_null(kept);
    assert_null(scratch.start);
    assert_filled(kept, row->count, row->size);
}

static void what_cannot_be_had_is_null(void **state)
{
    struct scratch scratch = { 0 };

    (void)state;
    fill(&scratch, 3, 5);
    assert_null(scratch_add(&scratch, SIZE_MAX));
    assert_null(scratch_add(&scratch, ((size_t)1 << 40) + 1));
    assert_filled(scratch.start, 3, 5);
    scratch_free(&scratch);
    assert_null(scratch.start);
}

int main(void)
{
    ROWS(growths, what_lies_in_it_stays);
    STORY(what_cannot_be_had_is_null);
    return rows_run("scratch");
}
