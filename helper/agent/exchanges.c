#include "exchanges.h"

#include <ptunnel/deadline.h>

#include <stdlib.h>
#include <string.h>

enum { BUCKETS = 1024 };
static struct exchange *buckets[BUCKETS];
static size_t count;
static void (*on_end)(struct exchange *exchange);

void exchanges_start(void (*end)(struct exchange *exchange))
{
    on_end = end;
}

void exchanges_forget(struct exchange *exchange)
{
    if (on_end)
        on_end(exchange);
}

static struct exchange **bucket_of(uint64_t id)
{
    return &buckets[(id ^ id >> 32) % BUCKETS];
}

struct exchange *exchanges_find(uint64_t id)
{
    struct exchange *at = *bucket_of(id);

    while (at && at->id != id)
        at = at->next;
    return at;
}

void exchanges_each(void (*visit)(struct exchange *exchange, void *data), void *data)
{
    struct exchange *next;

    for (size_t i = 0; i < BUCKETS; i++)
        for (struct exchange *at = buckets[i]; at; at = next) {
            next = at->next;
            visit(at, data);
        }
}

void exchanges_drop_answer(struct exchange *exchange)
{
    if (exchange->answer)
        explicit_bzero(exchange->answer, exchange->answer_size);
    free(exchange->answer);
    exchange->answer = NULL;
    exchange->answer_size = 0;
}

static void end(struct exchange *exchange)
{
    struct exchange **at = bucket_of(exchange->id);

    exchanges_forget(exchange);
    while (*at != exchange)
        at = &(*at)->next;
    *at = exchange->next;
    exchanges_drop_answer(exchange);
    free(exchange->nonce);
    free(exchange);
    count--;
}

static void end_if_old(struct exchange *exchange, void *least)
{
    if (exchange->used_at <= *(int64_t *)least && !exchange->working)
        end(exchange);
}

void exchanges_expire(void)
{
    int64_t least = deadline_now() - (int64_t)EXCHANGE_LASTS * 1000000;

    exchanges_each(end_if_old, &least);
}

static void find_oldest(struct exchange *exchange, void *data)
{
    struct exchange **oldest = data;

    if (!exchange->working && (!*oldest || exchange->used_at < (*oldest)->used_at))
        *oldest = exchange;
}

static bool make_room(void)
{
    struct exchange *oldest = NULL;

    if (count < EXCHANGES_MOST)
        return true;
    exchanges_each(find_oldest, &oldest);
    if (oldest)
        end(oldest);
    return oldest != NULL;
}

struct exchange *exchanges_find_or_make(uint64_t id, struct known *known)
{
    struct exchange *exchange = exchanges_find(id);

    if (exchange)
        return exchange->known == known ? exchange : NULL;
    exchange = make_room() ? calloc(1, sizeof *exchange) : NULL;
    if (!exchange)
        return NULL;
    *exchange =
        (struct exchange){ .next = *bucket_of(id), .id = id, .known = known, .used_at = deadline_now() };
    *bucket_of(id) = exchange;
    count++;
    return exchange;
}
