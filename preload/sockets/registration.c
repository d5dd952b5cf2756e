#include "registration.h"

#include "../process/identity.h"
#include "../real.h"
#include "fd_map.h"

#include <sched.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { RECORDS_PAGE = 4096, SETS_KNOWN = 65536, TURNS_BEFORE_LOOK = 1024 };

/* Most descriptors are in one set, so the first record is in the map itself. */
FD_MAP(registrations, struct registration, 512);

_Atomic bool registration_nested;

static _Atomic unsigned char sets[SETS_KNOWN / 8]; /* a bit for each descriptor that was used as a set */
static struct registration *spare;

/* Guards the records, never over a call that waits; the thread that holds it, 0: none. epoll_ctl from a
 * signal handler that interrupted the very thread which holds it goes on without: a lost record costs less
 * than a deadlock. */
static _Atomic int holder;

/* Held by a thread of the process that forked us, at that moment: here there is no such thread, and nobody to
 * give it back. */
static bool is_elsewhere(int thread)
{
    int saved = errno;
    bool elsewhere = libc()->syscall(SYS_tgkill, (long)getpid(), (long)thread, 0L) < 0 && errno == ESRCH;

    errno = saved;
    return elsewhere;
}

bool registration_lock(void)
{
    int me = identity_thread(), other = 0;

    for (unsigned turns = 1; !atomic_compare_exchange_weak_explicit(&holder, &other, me, memory_order_acquire,
                                                                    memory_order_relaxed);
         turns++) {
        if (other == me)
            return false;
        if (other != 0 && turns % TURNS_BEFORE_LOOK == 0 && is_elsewhere(other))
            atomic_compare_exchange_strong(&holder, &other, 0);
        other = 0;
        sched_yield();
    }
    return true;
}

void registration_unlock(bool locked)
{
    if (locked)
        atomic_store_explicit(&holder, 0, memory_order_release);
}

struct registration *registration_first(int fd)
{
    return fd_map_at(&registrations, fd, false);
}

static struct registration *new_record(void)
{
    struct registration *record = spare;

    if (!record) {
        struct registration *more =
            mmap(NULL, RECORDS_PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

        if (more == MAP_FAILED)
            return NULL;
        for (size_t i = 0; i < RECORDS_PAGE / sizeof *more; i++) {
            more[i].next = spare;
            spare = &more[i];
        }
        record = spare;
    }
    spare = record->next;
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

struct registration *registration_make(int fd, int set)
{
    struct registration *first = fd_map_at(&registrations, fd, true);
    struct registration *record = first ? registration_in(first, set) : NULL;

    if (first && !record)
        record = registration_in(first, -1); /* an empty one */
    if (first && !record && (record = new_record())) {
        record->next = first->next;
        first->next = record;
    }
    return record;
}

static void remember_record(int set, int fd, const struct epoll_event *event, bool substituted)
{
    bool locked = registration_lock();
    struct registration *record =
        event ? registration_make(fd, set) : registration_in(registration_first(fd), set);

    if (record && event) {
        record->events = event->events;
        record->data = event->data.u64;
        record->substituted = substituted;
    }
    if (record)
        record->set = event ? set + 1 : 0;
    registration_unlock(locked);
}

bool registration_is_set(int fd)
{
    return fd >= 0 && fd < SETS_KNOWN && (atomic_load(&sets[fd / 8]) >> fd % 8 & 1);
}

void registration_remember(int set, int fd, const struct epoll_event *event, bool substituted)
{
    if (set < SETS_KNOWN)
        atomic_fetch_or(&sets[set / 8], (unsigned char)(1 << set % 8));
    if (registration_is_set(fd))
        atomic_store(&registration_nested, true);
    remember_record(set, fd, event, substituted);
}

bool registration_exists(int set, int fd)
{
    bool locked = registration_lock();
    struct registration *first = registration_first(fd);
    bool watches = first && registration_in(first, set);

    registration_unlock(locked);
    return watches;
}

static bool has(const struct registration *record, int set, uint64_t data)
{
    for (; record; record = record->next)
        if (record->set == set + 1 && record->data == data)
            return true;
    return false;
}

int registration_descriptor(int set, uint64_t data)
{
    bool locked = registration_lock();
    int fd = fd_map_next(&registrations, 0);

    while (fd < FD_MAP_NUMBERS && !has(registration_first(fd), set, data))
        fd = fd_map_next(&registrations, fd + 1);
    registration_unlock(locked);
    return fd < FD_MAP_NUMBERS ? fd : -1;
}

void registration_forget(int fd)
{
    struct registration *first = registration_first(fd);
    bool locked;

    if (!first)
        return;
    locked = registration_lock();
    for (struct registration *record = first; record; record = record->next)
        record->set = 0;
    registration_unlock(locked);
}

bool registration_is_exclusive(int set, int fd)
{
    bool locked = registration_lock();
    struct registration *record = registration_in(registration_first(fd), set);
    bool exclusive = record && (record->events & EPOLLEXCLUSIVE);

    registration_unlock(locked);
    return exclusive;
}
