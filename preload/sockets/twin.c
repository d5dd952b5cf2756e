#include "twin.h"

#include <ptunnel/hash.h>

#include <string.h>

enum { PLACES = 64 };

static const int64_t KEPT = 2000000000; /* nanoseconds */

struct twin {
    _Atomic uint64_t key; /* of the target; 0: nothing is known, or it is being written */
    _Atomic uint32_t number;
    _Atomic int64_t ended; /* 0: it has not, as far as we know */
    _Atomic int error;
};

static struct twin twins[PLACES];

static uint64_t key_of(const char *authority)
{
    return hash_bytes(authority, strlen(authority)) | 1;
}

static struct twin *place_of(uint64_t key)
{
    return &twins[(key >> 1) % PLACES];
}

void twin_begin(struct entry *entry)
{
    uint64_t key = key_of(entry->dial.authority);
    struct twin *twin = place_of(key);

    atomic_store(&twin->key, 0);
    atomic_store(&twin->number, atomic_load(&entry->number));
    atomic_store(&twin->ended, 0);
    atomic_store(&twin->key, key);
}

void twin_end(struct entry *entry, int error)
{
    struct twin *twin = place_of(key_of(entry->dial.authority));

    if (atomic_load(&twin->key) == 0 || atomic_load(&twin->number) != atomic_load(&entry->number))
        return;
    atomic_store(&twin->error, error);
    atomic_store(&twin->ended, deadline_now());
}

/* One that the program closed rests, its state as it was. */
static bool is_pending(uint32_t number)
{
    struct entry *entry = entry_by_number(number);

    return entry && atomic_load(&entry->taken) && atomic_load(&entry->state) == ENTRY_PENDING;
}

static int answer_of(const struct twin *twin)
{
    int64_t ended = atomic_load(&twin->ended);

    if (ended == 0)
        return is_pending(atomic_load(&twin->number)) ? ENETUNREACH : 0;
    if (deadline_now() - ended > KEPT)
        return 0;
    return atomic_load(&twin->error) ? atomic_load(&twin->error) : ENETUNREACH;
}

int twin_answer(const struct endpoint *target)
{
    char authority[ENDPOINT_TEXT_SIZE];
    uint64_t key;
    struct twin *twin;
    int error;

    endpoint_print(target, authority);
    key = key_of(authority);
    twin = place_of(key);
    if (atomic_load(&twin->key) != key)
        return 0;
    error = answer_of(twin);
    return atomic_load(&twin->key) == key ? error : 0;
}
