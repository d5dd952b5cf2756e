#include "registration.h"

#include "../process/identity.h"
#include "fd_map.h"
#include "owner.h"

#include <sys/mman.h>

enum { RECORDS_PAGE = 4096, SETS_KNOWN = 65536, STRIPES = 32 };

/* Most descriptors are in one set, so the first record is in the map itself. */
FD_MAP(registrations, struct registration, 512);

_Atomic bool registration_nested;

/* Of each set: how many records name it. */
FD_MAP(counts, _Atomic int, 1024);

static _Atomic unsigned char sets[SETS_KNOWN / 8]; /* a bit for each descriptor that was used as a set */
static _Atomic unsigned char used[SETS_KNOWN / 8]; /* and was so by this very process */

/* The records of every 32nd descriptor, and those that are free. */
static struct stripe {
    owner_word owner;
    struct registration *spare;
} stripes[STRIPES];

static struct stripe *stripe_of(int fd)
{
    return &stripes[(unsigned)fd % STRIPES];
}

bool registration_lock(int fd)
{
    return owner_patiently(&stripe_of(fd)->owner, OWNER_OF_PROCESS);
}

void registration_unlock(int fd, bool locked)
{
    if (locked)
        owner_leave(&stripe_of(fd)->owner);
}

bool registration_one_lock(int fd, int other)
{
    return stripe_of(fd) == stripe_of(other);
}

static void count(int set, int more)
{
    _Atomic int *of_set = fd_map_at(&counts, set, more > 0);

    if (of_set)
        atomic_fetch_add(of_set, more);
}

int registration_count(int set)
{
    const _Atomic int *of_set = fd_map_at(&counts, set, false);

    return of_set ? atomic_load(of_set) : 0;
}

/* A forked child has used none of its parent's sets yet. */
static void use_none(void)
{
    for (int i = 0; i < SETS_KNOWN / 8; i++)
        if (atomic_load_explicit(&used[i], memory_order_relaxed))
            atomic_store(&used[i], 0);
}

bool registration_use(int set)
{
    unsigned char bit = (unsigned char)(1u << (unsigned)set % 8);

    identity_at_fork(use_none);
    identity_generation(); /* a fork is noticed */
    return set >= 0 && set < SETS_KNOWN && !(atomic_load(&used[set / 8]) & bit) &&
           !(atomic_fetch_or(&used[set / 8], bit) & bit);
}

bool registration_is_ours(const struct registration *record)
{
    int set = record->set - 1;

    identity_generation(); /* a fork is noticed */
    return set >= 0 && (set >= SETS_KNOWN || (atomic_load(&used[set / 8]) >> set % 8 & 1));
}

bool registration_is_inherited(const struct registration *record)
{
    return record->generation != identity_generation();
}

struct registration *registration_first(int fd)
{
    return fd_map_at(&registrations, fd, false);
}

static struct registration *new_record(struct stripe *stripe)
{
    struct registration *record = stripe->spare;

    if (!record) {
        struct registration *more =
            mmap(NULL, RECORDS_PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

        if (more == MAP_FAILED)
            return NULL;
        for (size_t i = 0; i < RECORDS_PAGE / sizeof *more; i++) {
            more[i].next = stripe->spare;
            stripe->spare = &more[i];
        }
        record = stripe->spare;
    }
    stripe->spare = record->next;
    *record = (struct registration){ 0 };
    return record;
}

struct registration *registration_in(struct registration *first, int set)
{
    for (struct registration *record = first; record; record = record->next)
        if (record->set == set + 1)
            return record;
    return NULL;
}

/* The record for a set, made if there is none. NULL: no memory. */
static struct registration *find_or_make(int fd, int set)
{
    struct registration *first = fd_map_at(&registrations, fd, true);
    struct registration *record = first ? registration_in(first, set) : NULL;

    if (!first || record)
        return record;
    record = registration_in(first, -1); /* an empty one */
    if (!record && (record = new_record(stripe_of(fd)))) {
        record->next = first->next;
        first->next = record;
    }
    if (record) {
        record->set = set + 1;
        count(set, 1);
    }
    return record;
}

void registration_void(struct registration *record)
{
    if (record->set)
        count(record->set - 1, -1);
    record->set = 0;
}

bool registration_is_set(int fd)
{
    return fd >= 0 && fd < SETS_KNOWN && (atomic_load(&sets[fd / 8]) >> fd % 8 & 1);
}

static void note_set(int set, int fd)
{
    if (set >= 0 && set < SETS_KNOWN && !registration_is_set(set))
        atomic_fetch_or(&sets[set / 8], (unsigned char)(1 << set % 8));
    if (registration_is_set(fd))
        atomic_store(&registration_nested, true);
}

void registration_remember(int set, int fd, const struct epoll_event *event, bool substituted)
{
    struct registration *record =
        event ? find_or_make(fd, set) : registration_in(registration_first(fd), set);

    if (record && event) {
        note_set(set, fd);
        record->events = event->events;
        record->data = event->data.u64;
        record->substituted = substituted;
        record->generation = identity_generation();
        record->change++;
    } else if (record) {
        registration_void(record);
    }
}

bool registration_exists(int set, int fd)
{
    bool locked = registration_lock(fd);
    struct registration *first = registration_first(fd);
    bool watches = first && registration_in(first, set);

    registration_unlock(fd, locked);
    return watches;
}

static bool has(int fd, int set, uint64_t data)
{
    bool locked = registration_lock(fd), found = false;

    for (const struct registration *record = registration_first(fd); record; record = record->next)
        found |= record->set == set + 1 && record->data == data;
    registration_unlock(fd, locked);
    return found;
}

int registration_next(int fd)
{
    return fd_map_next(&registrations, fd);
}

int registration_descriptor(int set, uint64_t data)
{
    int fd = registration_next(0);

    while (fd < FD_MAP_NUMBERS && !has(fd, set, data))
        fd = registration_next(fd + 1);
    return fd < FD_MAP_NUMBERS ? fd : -1;
}

void registration_forget(int fd)
{
    bool locked;

    if (!registration_first(fd))
        return;
    locked = registration_lock(fd);
    for (struct registration *record = registration_first(fd); record; record = record->next)
        registration_void(record);
    registration_unlock(fd, locked);
}
