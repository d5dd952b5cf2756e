#include "entry.h"

#include "../process/identity.h"

#include <ptunnel/leg.h>

#include <errno.h>
#include <sys/mman.h>

enum {
    CHUNK_ENTRIES = 128,
    REST = 2 * CHUNK_ENTRIES, /* as many others are used before one is used again */
    INDEX_BITS = 16,
};
_Static_assert(CHUNK_ENTRIES *ENTRY_CHUNKS <= 1 << INDEX_BITS, "an index does not fit");

static struct {
    _Atomic(struct entry *) memory;
    _Atomic uint32_t generation; /* identity_generation() of the process that made it */
} chunks[ENTRY_CHUNKS];

/* The chunks that this process made, in the order in which it did. */
static struct {
    _Atomic int chunks[ENTRY_CHUNKS]; /* its number and 1; 0: it is just being made */
    _Atomic unsigned count;
    _Atomic unsigned turns; /* entries taken so far, about */
} own;

static struct entry *entry_at(uint32_t index)
{
    struct entry *memory = atomic_load(&chunks[index / CHUNK_ENTRIES].memory);

    return memory ? &memory[index % CHUNK_ENTRIES] : NULL;
}

static uint32_t index_of(const struct entry *entry)
{
    return atomic_load(&entry->number) & ((1u << INDEX_BITS) - 1);
}

unsigned entry_chunk(const struct entry *entry)
{
    return index_of(entry) / CHUNK_ENTRIES;
}

struct entry *entry_by_number(uint32_t number)
{
    uint32_t index = number & ((1u << INDEX_BITS) - 1);
    struct entry *entry = index < CHUNK_ENTRIES * ENTRY_CHUNKS ? entry_at(index) : NULL;

    return entry && atomic_load(&entry->number) == number ? entry : NULL;
}

bool entry_is_inherited(const struct entry *entry)
{
    return atomic_load(&chunks[entry_chunk(entry)].generation) != identity_generation();
}

/* A chunk may take the place of an ancestor's. Its numbers begin elsewhere, so that a cookie which the
 * ancestor left in an epoll set is not taken for one of ours. */
static void number_entries(struct entry *memory, unsigned chunk)
{
    uint32_t generation = identity_generation() * UINT32_C(0x9e3779b1) >> INDEX_BITS << INDEX_BITS;

    for (uint32_t i = 0; i < CHUNK_ENTRIES; i++)
        atomic_init(&memory[i].number, generation + chunk * CHUNK_ENTRIES + i);
}

/* One chunk more. Two threads may get here at once: both then find room. */
static bool grow(void)
{
    size_t size = CHUNK_ENTRIES * sizeof(struct entry);
    struct entry *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    if (memory == MAP_FAILED)
        return false;
    for (unsigned chunk = 0; chunk < ENTRY_CHUNKS; chunk++) {
        struct entry *none = NULL;

        if (atomic_load(&chunks[chunk].memory))
            continue;
        number_entries(memory, chunk);
        if (!atomic_compare_exchange_strong(&chunks[chunk].memory, &none, memory))
            continue;
        atomic_store(&chunks[chunk].generation, identity_generation());
        atomic_store(&own.chunks[atomic_fetch_add(&own.count, 1)], (int)chunk + 1);
        return true;
    }
    munmap(memory, size);
    return false;
}

static struct entry *entry_of_turn(unsigned turn)
{
    int chunk = atomic_load(&own.chunks[turn / CHUNK_ENTRIES]);

    return chunk ? entry_at((uint32_t)(chunk - 1) * CHUNK_ENTRIES + turn % CHUNK_ENTRIES) : NULL;
}

static bool take(struct entry *entry)
{
    bool taken = false;

    if (!entry || !atomic_compare_exchange_strong(&entry->taken, &taken, true))
        return false;
    if (entry_lock(entry)) {
        atomic_fetch_add(&entry->number, 1u << INDEX_BITS);
        return true;
    }
    atomic_store(&entry->taken, false); /* a thread that holds the old number is looking at it */
    return false;
}

/* Round and round, so that an entry rests for as long as can be before it is used again; a new number with
 * each use. */
static struct entry *find_resting(void)
{
    unsigned room;

    do {
        room = atomic_load(&own.count) * CHUNK_ENTRIES;
        for (unsigned tries = 0; tries < room; tries++) {
            unsigned turn = atomic_fetch_add(&own.turns, 1);
            struct entry *entry = entry_of_turn(turn % room);

            if (turn >= room && room < REST)
                break;
            if (take(entry))
                return entry;
        }
    } while (grow());
    return NULL;
}

struct entry *entry_take(void)
{
    struct entry *entry = find_resting();

    if (!entry)
        return NULL;
    atomic_store(&entry->state, ENTRY_PENDING);
    atomic_store(&entry->unread, false);
    atomic_store(&entry->zero_given, false);
    atomic_store(&entry->want, DIAL_WANT_WRITE);
    atomic_store(&entry->deadline, INT64_MAX);
    atomic_store(&entry->maker, identity_thread());
    atomic_store(&entry->peek_offset, -1);
    atomic_store(&entry->contested, false);
    atomic_store(&entry->rung, false);
    atomic_store(&entry->bounded, false);
    atomic_store(&entry->stuck, false);
    entry->cookie = 0;
    entry->error = 0;
    leg_drop(&entry->dial); /* of a dial that was given up */
    return entry;
}

void entry_give(struct entry *entry)
{
    atomic_store(&entry->taken, false);
}

void entry_begin_generation(const bool used[ENTRY_CHUNKS])
{
    for (unsigned chunk = 0; chunk < ENTRY_CHUNKS; chunk++) {
        struct entry *memory = atomic_load(&chunks[chunk].memory);

        if (memory && !used[chunk]) {
            atomic_store(&chunks[chunk].memory, NULL);
            munmap(memory, CHUNK_ENTRIES * sizeof *memory);
        }
        atomic_store(&own.chunks[chunk], 0);
    }
    atomic_store(&own.count, 0);
    atomic_store(&own.turns, 0);
}

bool entry_is_here(const struct entry *entry)
{
    return entry_is_inherited(entry) || identity_shares_files(atomic_load(&entry->maker));
}

bool entry_lock(struct entry *entry)
{
    return owner_try(&entry->owner, OWNER_OF_ALL);
}

bool entry_lock_patiently(struct entry *entry)
{
    return owner_patiently(&entry->owner, OWNER_OF_ALL);
}

void entry_unlock(struct entry *entry)
{
    owner_leave(&entry->owner);
}

bool entry_locked_by_me(const struct entry *entry)
{
    return owner_is_me(&entry->owner, OWNER_OF_ALL);
}
