#include "substitute.h"

#include "../real.h"
#include "../process/identity.h"
#include "../process/readable.h"
#include "armed.h"
#include "slot.h"

#include <ptunnel/hash.h>

#include <sys/auxv.h>
#include <sys/mman.h>

enum {
    LOOKS = 4,    /* sets that one descriptor is looked for in */
    LARGEST = 64, /* registrations in a set that is looked at */
    AT_RANDOM_SIZE = 16,
};

static _Atomic bool own_flag;
_Atomic(_Atomic bool *) substitute_flag = &own_flag;

/* The flag lies in memory of its own, which children have, too. Before the first registration: whoever is forked later
 * may be told of a set with a substitute of which it knows nothing. */
static void share_flag(void)
{
    _Atomic bool *own = &own_flag, *shared;

    if (atomic_load_explicit(&substitute_flag, memory_order_relaxed) != own)
        return;
    shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared != MAP_FAILED && !atomic_compare_exchange_strong(&substitute_flag, &own, shared))
        munmap((void *)shared, sizeof *shared);
    if (atomic_load(&own_flag))
        atomic_store(atomic_load(&substitute_flag), true);
}

static void raise_flag(void)
{
    atomic_store(&own_flag, true);
    atomic_store(atomic_load(&substitute_flag), true);
}

static _Atomic uint32_t known_secret;

/* The same in all processes that were forked from one another, before or after the first substitute: from what the
 * kernel gave the program at its start (AT_RANDOM, getauxval(3)), of which nothing can be found out by it. */
static __attribute__((noinline)) uint32_t find_secret(void)
{
    const char *given = (const char *)getauxval(AT_RANDOM);
    uint64_t drawn = given ? hash_bytes(given, AT_RANDOM_SIZE) : (uint64_t)(uintptr_t)&known_secret;
    uint32_t upper = (uint32_t)(drawn >> 16);

    upper |= 0xa0000001; /* no address of this or any other half of memory begins so */
    upper &= 0xbfffffff;
    atomic_store(&known_secret, upper);
    return upper;
}

static uint32_t secret(void)
{
    uint32_t known = atomic_load_explicit(&known_secret, memory_order_relaxed);

    return known ? known : find_secret();
}

/* A substitute's data: a secret upper half that no pointer, descriptor or small number has, and the dial's
 * number. */
static uint64_t cookie_of(const struct entry *entry)
{
    return (uint64_t)secret() << 32 | atomic_load(&entry->number);
}

bool substitute_is_cookie(uint64_t data, uint32_t *number)
{
    *number = (uint32_t)data;
    return data >> 32 == secret();
}

/* The program registered fd with EPOLLEXCLUSIVE. Linux answers EINVAL to a MOD of such a registration; while
 * our substitute stands in its place only we know. It can be deleted and added; one that is not there any more
 * must not come into being. */
static int change(int set, int fd, const struct registration *was, struct epoll_event *event)
{
    if (!(was->events & EPOLLEXCLUSIVE))
        return real()->epoll_ctl(set, EPOLL_CTL_MOD, fd, event);
    if (real()->epoll_ctl(set, EPOLL_CTL_DEL, fd, NULL) < 0)
        return -1;
    return real()->epoll_ctl(set, EPOLL_CTL_ADD, fd, event);
}

/* Errors and hang-ups are always reported, and an unconnected socket hangs up: the step finds out. */
static struct epoll_event substitute_for(const struct entry *entry, enum dial_want want)
{
    raise_flag();
    return (struct epoll_event){ .events = EPOLLONESHOT | (want == DIAL_WANT_READ ? EPOLLIN : EPOLLOUT),
                                 .data.u64 = cookie_of(entry) };
}

static void put_in(struct registration *record, int fd, const struct entry *entry, enum dial_want want)
{
    struct epoll_event substitute = substitute_for(entry, want);

    record->substituted = true;
    if (change(record->set - 1, fd, record, &substitute) < 0)
        registration_void(record);
}

/* Once only: each time re-arms an edge-triggered registration. */
static void put_back(struct registration *record, int fd)
{
    struct epoll_event own = { .events = record->events, .data.u64 = record->data };

    record->substituted = false;
    if (change(record->set - 1, fd, record, &own) < 0)
        registration_void(record);
}

/* What /proc says of those registrations of a descriptor that are in doubt; asked without their lock. */
struct looks {
    int count, sets[LOOKS];
    uint32_t changes[LOOKS]; /* of the records then */
    struct armed seen[LOOKS];
};

/* Whether it may be a one-shot registration that fired before connect(), since an unconnected socket hangs
 * up. Natively such a one says nothing until the program arms it again. */
static bool may_have_fired(const struct registration *record, const struct entry *entry)
{
    (void)entry;
    return !record->substituted && (record->events & EPOLLONESHOT);
}

/* Another process, which shares the set, may have put it back, and the program there may have changed it. */
static bool may_be_anothers(const struct registration *record, const struct entry *entry)
{
    return record->substituted &&
           (registration_is_inherited(record) || (entry && atomic_load(&entry->contested)));
}

static void note_look(struct looks *looks, const struct registration *record)
{
    looks->sets[looks->count] = record->set - 1;
    looks->changes[looks->count++] = record->change;
}

static void look_first(struct looks *looks, int fd, const struct entry *entry,
                       bool (*in_doubt)(const struct registration *record, const struct entry *entry))
{
    bool locked = registration_lock(fd);

    looks->count = 0;
    for (const struct registration *record = registration_first(fd); record; record = record->next)
        if (looks->count < LOOKS && registration_is_ours(record) && in_doubt(record, entry) &&
            registration_count(record->set - 1) <= LARGEST)
            note_look(looks, record);
    registration_unlock(fd, locked);
    for (int i = 0; i < looks->count; i++)
        looks->seen[i] = armed_look(looks->sets[i], fd, secret());
}

static struct armed seen_of(const struct looks *looks, const struct registration *record)
{
    for (int i = 0; i < looks->count; i++)
        if (looks->sets[i] == record->set - 1 && looks->changes[i] == record->change)
            return looks->seen[i];
    return (struct armed){ 0 };
}

/* With the lock of fd's records, under which whoever ends the dial puts the program's own back, after he has changed its
 * state: so none is put in behind him. */
static bool is_pending(int fd, const struct entry *entry)
{
    return atomic_load(&entry->state) == ENTRY_PENDING && slot_find(fd) == entry;
}

bool substitute_put(int fd, const struct entry *entry, enum dial_want want)
{
    bool locked, watched = false;
    struct looks looks;

    /* No look without the lock: epoll_ctl() in another thread may be about to make the first record. */
    look_first(&looks, fd, entry, may_have_fired);
    locked = registration_lock(fd);
    for (struct registration *record = registration_first(fd); record; record = record->next)
        if (registration_is_ours(record) && is_pending(fd, entry) &&
            !(may_have_fired(record, entry) && seen_of(&looks, record).fired)) {
            put_in(record, fd, entry, want);
            watched |= record->set != 0;
        }
    registration_unlock(fd, locked);
    return watched;
}

/* The number is another dial's by now, whose substitutes these are. */
static bool is_anothers(int fd, const struct entry *entry)
{
    const struct entry *now = entry ? slot_find(fd) : NULL;

    return now && now != entry;
}

void substitute_take_back(int fd, const struct entry *entry)
{
    struct registration *record;
    struct looks looks;
    bool locked;

    look_first(&looks, fd, entry, may_be_anothers);
    locked = registration_lock(fd);
    for (record = is_anothers(fd, entry) ? NULL : registration_first(fd); record; record = record->next) {
        struct armed seen = seen_of(&looks, record);

        if (!registration_is_ours(record) || !record->substituted)
            continue;
        if (seen.known && !seen.ours)
            registration_void(record);
        else
            put_back(record, fd);
    }
    registration_unlock(fd, locked);
}

static bool is_substituted_in(int set, int fd)
{
    bool locked = registration_lock(fd);
    const struct registration *record = registration_in(registration_first(fd), set);
    bool substituted = record && record->substituted;

    registration_unlock(fd, locked);
    return substituted;
}

/* A forked child begins to use a set of its parent's. What is pending there has its end noticed in both
 * processes from now on; what has ended already is put back. */
static void take_over(int set)
{
    for (int fd = registration_next(0); fd < FD_MAP_NUMBERS; fd = registration_next(fd + 1)) {
        struct entry *entry = is_substituted_in(set, fd) ? slot_find(fd) : NULL;

        if (entry && atomic_load(&entry->state) == ENTRY_PENDING)
            atomic_store(&entry->contested, true);
        else if (is_substituted_in(set, fd))
            substitute_take_back(fd, entry);
    }
}

void substitute_use_set(int set)
{
    if (registration_use(set) && identity_generation() > 0)
        take_over(set);
}

static void remove_everywhere(int fd)
{
    for (struct registration *record = registration_first(fd); record; record = record->next)
        if (registration_is_ours(record) && real()->epoll_ctl(record->set - 1, EPOLL_CTL_DEL, fd, NULL) < 0)
            registration_void(record);
}

static void add_one(struct registration *record, int fd, const struct entry *entry)
{
    struct epoll_event event = { .events = record->events, .data.u64 = record->data };

    record->substituted &= entry != NULL;
    if (record->substituted)
        event = substitute_for(entry, (enum dial_want)atomic_load(&entry->want));
    if (real()->epoll_ctl(record->set - 1, EPOLL_CTL_ADD, fd, &event) < 0)
        registration_void(record);
}

/* The registrations go before the old socket does: a forked process may keep that alive, and them. */
void substitute_exchange(int fd, int made, int flags, const struct entry *entry)
{
    bool locked = registration_lock(fd);

    remove_everywhere(fd);
    real()->dup3(made, fd, flags);
    for (struct registration *record = registration_first(fd); record; record = record->next)
        if (registration_is_ours(record))
            add_one(record, fd, entry);
    registration_unlock(fd, locked);
}

/* Registers `to` where `from` was. In a set that has both already, `to` is enough. */
static void move_one(const struct registration *record, int from, int to, const struct entry *entry)
{
    struct epoll_event event = { .events = record->events, .data.u64 = record->data };
    int set = record->set - 1;

    if (real()->epoll_ctl(set, EPOLL_CTL_DEL, from, NULL) < 0 || registration_in(registration_first(to), set))
        return;
    registration_remember(set, to, &event, true);
    if ((record = registration_in(registration_first(to), set)))
        add_one((struct registration *)record, to, entry);
}

void substitute_move(int from, int to, const struct entry *entry)
{
    int low = from < to ? from : to, high = from < to ? to : from;
    bool locked = registration_lock(low);
    bool both = !registration_one_lock(low, high) && registration_lock(high);

    for (const struct registration *record = registration_first(from); record; record = record->next)
        if (registration_is_ours(record))
            move_one(record, from, to, entry);
    registration_unlock(high, both);
    registration_unlock(low, locked);
}

/* A signal handler of this very thread is not kept out by the lock: if it ended the dial meanwhile it found no record to
 * put back. */
static void look_behind(int set, int fd, const struct entry *entry)
{
    struct registration *record = registration_in(registration_first(fd), set);

    if (record && record->substituted && !is_pending(fd, entry))
        put_back(record, fd);
}

/* The kernel gets the substitute in the place of what the program gave, and judges it. It says EPOLLOUT of an
 * established socket, too: that wakes whoever slept before it was added. */
static int control_pending(int set, int operation, int fd, const struct epoll_event *event,
                           const struct entry *entry)
{
    struct epoll_event substitute = substitute_for(entry, DIAL_WANT_WRITE);
    const struct registration *record = registration_in(registration_first(fd), set);

    if (operation == EPOLL_CTL_MOD && record && (record->events & EPOLLEXCLUSIVE))
        return -EINVAL;
    if (real()->epoll_ctl(set, operation, fd, &substitute) < 0)
        return -errno;
    registration_remember(set, fd, event, true);
    look_behind(set, fd, entry);
    return 0;
}

/* With the lock of fd's records: connect() in another thread puts its entry into the table first and the substitutes in
 * second, under the same lock, and whoever ends the dial changes its state before he puts the program's own back. */
static int control(int set, int operation, int fd, struct epoll_event *event)
{
    struct entry *entry = slots_empty() ? NULL : slot_find(fd);
    bool adds = operation != EPOLL_CTL_DEL;
    bool pending = adds && entry && atomic_load(&entry->state) == ENTRY_PENDING;
    struct registration *record;

    if (pending && event && readable(event, sizeof *event) && !(event->events & EPOLLEXCLUSIVE))
        return control_pending(set, operation, fd, event, entry);
    if (real()->epoll_ctl(set, operation, fd, event) < 0)
        return -errno;
    registration_remember(set, fd, adds ? event : NULL, false);
    record = pending ? registration_in(registration_first(fd), set) : NULL;
    if (record)
        put_in(record, fd, entry, (enum dial_want)atomic_load(&entry->want));
    if (pending)
        look_behind(set, fd, entry);
    return 0;
}

int substitute_control(int set, int operation, int fd, struct epoll_event *event)
{
    bool locked;
    int result;

    substitute_use_set(set);
    if (operation == EPOLL_CTL_ADD)
        share_flag();
    locked = registration_lock(fd);
    result = control(set, operation, fd, event);
    registration_unlock(fd, locked);
    return result;
}
