#include "pool.h"

#include <ptunnel/clock.h>

#include <stdlib.h>
#include <string.h>

static int64_t now(void)
{
    return clock_now(CLOCK_BOOTTIME);
}

static bool is_old(int64_t time)
{
    return now() - time > (int64_t)POOL_LASTS * 1000000000;
}

void pool_count_question(struct pool *pool)
{
    pool->asked[pool->next] = now();
    pool->next = (pool->next + 1) % POOL_QUESTIONS;
    pool->rests = false;
}

bool pool_wants(const struct pool *pool)
{
    int64_t tenth = pool->asked[pool->next]; /* the oldest of them */

    return pool->count < POOL_TOKENS && !pool->never && !pool->rests && tenth != 0 && !is_old(tenth);
}

void pool_add(struct pool *pool, const char *field, size_t size, const struct ticket_file *file)
{
    char *copy = NULL;

    pool->never = !file->path[0];
    if (!pool->never && pool->count < POOL_TOKENS)
        copy = malloc(size);
    pool->rests = !copy;
    if (!copy)
        return;
    memcpy(copy, field, size);
    pool->tokens[pool->count++] =
        (struct pooled){ .field = copy, .size = size, .made_at = now(), .file = *file };
}

static struct pooled remove_first(struct pool *pool)
{
    struct pooled first = pool->tokens[0];

    pool->count--;
    memmove(pool->tokens, pool->tokens + 1, pool->count * sizeof *pool->tokens);
    return first;
}

static void drop_first(struct pool *pool)
{
    struct pooled first = remove_first(pool);

    explicit_bzero(first.field, first.size);
    free(first.field);
}

void pool_drop_old(struct pool *pool)
{
    while (pool->count > 0 &&
           (is_old(pool->tokens[0].made_at) || !ticket_file_is_same(&pool->tokens[0].file)))
        drop_first(pool);
}

bool pool_take(struct pool *pool, char **field, size_t *size)
{
    struct pooled first;

    pool_drop_old(pool);
    if (pool->count == 0)
        return false;
    first = remove_first(pool);
    *field = first.field;
    *size = first.size;
    return true;
}

void pool_empty(struct pool *pool)
{
    while (pool->count > 0)
        drop_first(pool);
    *pool = (struct pool){ .count = 0 };
}
