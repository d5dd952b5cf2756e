#include "whole.h"

#include <sched.h>
#include <string.h>

enum { PATIENCE = 1000 /* tries */ };

static size_t least(size_t one, size_t other)
{
    return one < other ? one : other;
}

static void load(const _Atomic uint64_t *words, void *out, size_t size)
{
    for (size_t at = 0; at < size; at += sizeof(uint64_t)) {
        uint64_t word = atomic_load_explicit(words++, memory_order_acquire);

        memcpy((char *)out + at, &word, least(sizeof word, size - at));
    }
}

bool whole_read(const _Atomic uint32_t *turn, const _Atomic uint64_t *words, void *out, size_t size)
{
    for (int tries = 0; tries < PATIENCE; tries++) {
        uint32_t before = atomic_load_explicit(turn, memory_order_acquire);

        load(words, out, size);
        if (before % 2 == 0 && atomic_load_explicit(turn, memory_order_acquire) == before)
            return true;
    }
    return false;
}

void whole_begin(_Atomic uint32_t *turn, const _Atomic uint64_t *words, void *now, size_t size)
{
    uint32_t even = atomic_load(turn);

    for (int tries = 0; tries < PATIENCE; tries++) {
        even &= ~UINT32_C(1);
        if (atomic_compare_exchange_strong(turn, &even, even + 1)) {
            load(words, now, size);
            return;
        }
        sched_yield();
    }
    atomic_store(turn, even | 1);
    load(words, now, size);
}

void whole_end(_Atomic uint32_t *turn, _Atomic uint64_t *words, const void *now, size_t size)
{
    for (size_t at = 0; at < size; at += sizeof(uint64_t)) {
        uint64_t word = 0;

        memcpy(&word, (const char *)now + at, least(sizeof word, size - at));
        atomic_store_explicit(words++, word, memory_order_release);
    }
    atomic_fetch_add_explicit(turn, 1, memory_order_release);
}
