#include "substitute.h"

#include "../real.h"
#include "armed.h"
#include "slot.h"

#include <sys/mman.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { PAGE_FDS = 512, PAGES = 2048, RECORDS_PAGE = 4096, SETS_KNOWN = 65536 };

/* One registration of one descriptor. Most descriptors are in one set, so the first record is in the page
 * itself. */
struct record {
    int set; /* the epoll descriptor + 1; 0: no registration */
    uint32_t events;
    bool substituted; /* the kernel holds our substitute, not this */
    uint64_t data;
    struct record *next;
};

struct page {
    struct record first[PAGE_FDS];
};

_Atomic bool watch_cookies, watch_nested;

static _Atomic unsigned char sets[SETS_KNOWN / 8]; /* a bit for each descriptor that was used as a set */
static _Atomic(void *) pages[PAGES];
static struct record *spare;
static _Atomic uint32_t secret;

/* Guards the records, never over a call that waits; the thread that holds it, 0: none. epoll_ctl from a
 * signal handler that interrupted the very thread which holds it goes on without: a lost record costs less
 * than a deadlock. */
static _Atomic int holder;

/* Held by a thread of the process that forked us, at that moment: here there is no such thread, and nobody to
 * give it back. */
static bool is_elsewhere(int thread)
{
    int saved = errno;
    bool elsewhere = real()->syscall(SYS_tgkill, (long)getpid(), (long)thread, 0L) < 0 && errno == ESRCH;

    errno = saved;
    return elsewhere;
}

static bool lock(void)
{
    int me = table_thread(), other = 0;

    for (unsigned turns = 1; !atomic_compare_exchange_weak_explicit(&holder, &other, me, memory_order_acquire,
                                                                    memory_order_relaxed);
         turns++) {
        if (other == me)
            return false;
        if (other != 0 && turns % 1024 == 0 && is_elsewhere(other))
            atomic_compare_exchange_strong(&holder, &other, 0);
        other = 0;
    }
    return true;
}

static void unlock(bool locked)
{
    if (locked)
        atomic_store_explicit(&holder, 0, memory_order_release);
}

static struct record *first_of(int fd, bool create)
{
    struct page *page;

    if (fd < 0 || fd >= PAGES * PAGE_FDS)
        return NULL;
    page = pages_at(&pages[fd / PAGE_FDS], sizeof *page, create);
    return page ? &page->first[fd % PAGE_FDS] : NULL;
}

static struct record *new_record(void)
{
    struct record *record = spare;

    if (!record) {
        struct record *more =
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
    *record = (struct record){ 0 };
    return record;
}

static struct record *record_of(struct record *first, int set)
{
    for (struct record *record = first; record; record = record->next)
        if (record->set == set + 1)
            return record;
    return NULL;
}

static struct record *record_for(struct record *first, int set)
{
    struct record *record = record_of(first, set);

    if (!record)
        record = record_of(first, -1); /* an empty one */
    if (!record && (record = new_record())) {
        record->next = first->next;
        first->next = record;
    }
    return record;
}

static void remember_record(int set, int fd, const struct epoll_event *event, bool substituted)
{
    bool locked = lock();
    struct record *first = first_of(fd, event != NULL);
    struct record *record = !first ? NULL : event ? record_for(first, set) : record_of(first, set);

    if (record && event) {
        record->events = event->events;
        record->data = event->data.u64;
        record->substituted = substituted;
    }
    if (record)
        record->set = event ? set + 1 : 0;
    unlock(locked);
}

bool watch_is_set(int fd)
{
    return fd >= 0 && fd < SETS_KNOWN && (atomic_load(&sets[fd / 8]) >> fd % 8 & 1);
}

static void remember(int set, int fd, const struct epoll_event *event, bool substituted)
{
    if (set < SETS_KNOWN)
        atomic_fetch_or(&sets[set / 8], (unsigned char)(1 << set % 8));
    if (watch_is_set(fd))
        atomic_store(&watch_nested, true);
    remember_record(set, fd, event, substituted);
}

/* A substitute's data: a secret upper half that no pointer, descriptor or small number has, and the dial's
 * number. */
static uint64_t cookie_of(const struct entry *entry)
{
    uint32_t upper = atomic_load(&secret), drawn = 0;

    if (upper == 0) {
        if (real()->syscall(SYS_getrandom, &drawn, sizeof drawn, GRND_NONBLOCK) != sizeof drawn)
            drawn = (uint32_t)deadline_now();
        drawn |= 0xa0000001; /* no address of this or any other half of memory begins so */
        drawn &= 0xbfffffff;
        upper = atomic_compare_exchange_strong(&secret, &upper, drawn) ? drawn : upper;
    }
    return (uint64_t)upper << 32 | atomic_load(&entry->number);
}

bool watch_is_cookie(uint64_t data, uint32_t *number)
{
    *number = (uint32_t)data;
    return data >> 32 == atomic_load_explicit(&secret, memory_order_relaxed) && data >> 32 != 0;
}

/* EPOLLEXCLUSIVE registrations cannot be modified, only deleted and added. */
static int change(int set, int fd, const struct record *was, struct epoll_event *event)
{
    if (was->events & EPOLLEXCLUSIVE) {
        real()->epoll_ctl(set, EPOLL_CTL_DEL, fd, NULL);
        return real()->epoll_ctl(set, EPOLL_CTL_ADD, fd, event);
    }
    return real()->epoll_ctl(set, EPOLL_CTL_MOD, fd, event);
}

/* Errors and hang-ups are always reported, and an unconnected socket hangs up: the step finds out. */
static struct epoll_event substitute_for(const struct entry *entry, enum dial_want want)
{
    atomic_store(&watch_cookies, true);
    return (struct epoll_event){ .events = EPOLLONESHOT | (want == DIAL_WANT_READ ? EPOLLIN : EPOLLOUT),
                                 .data.u64 = cookie_of(entry) };
}

static void put_in(struct record *record, int fd, const struct entry *entry, enum dial_want want)
{
    struct epoll_event substitute = substitute_for(entry, want);

    record->substituted = true;
    if (change(record->set - 1, fd, record, &substitute) < 0)
        record->set = 0;
}

/* Once only: each time re-arms an edge-triggered registration. */
static void put_back(struct record *record, int fd)
{
    struct epoll_event own = { .events = record->events, .data.u64 = record->data };

    if (!record->substituted)
        return;
    record->substituted = false;
    if (change(record->set - 1, fd, record, &own) < 0)
        record->set = 0;
}

/* What fired before connect(), an unconnected socket hangs up, says nothing natively until the program arms
 * it again. */
static bool has_fired(const struct record *record, int fd)
{
    return !record->substituted && (record->events & EPOLLONESHOT) && !armed(record->set - 1, fd);
}

bool watch_substitute(int fd, const struct entry *entry, enum dial_want want)
{
    bool locked = lock(), watched = false;

    for (struct record *record = first_of(fd, false); record; record = record->next)
        if (record->set && !has_fired(record, fd)) {
            put_in(record, fd, entry, want);
            watched |= record->set != 0;
        }
    unlock(locked);
    return watched;
}

void watch_restore(int fd)
{
    bool locked = lock();

    for (struct record *record = first_of(fd, false); record; record = record->next)
        if (record->set)
            put_back(record, fd);
    unlock(locked);
}

void watch_lift(int fd)
{
    bool locked = lock();

    for (const struct record *record = first_of(fd, false); record; record = record->next)
        if (record->set)
            real()->epoll_ctl(record->set - 1, EPOLL_CTL_DEL, fd, NULL);
    unlock(locked);
}

static void lay_one(struct record *record, int fd, const struct entry *entry)
{
    struct epoll_event event = { .events = record->events, .data.u64 = record->data };

    if (record->substituted)
        event = substitute_for(entry, (enum dial_want)atomic_load(&entry->want));
    if (real()->epoll_ctl(record->set - 1, EPOLL_CTL_ADD, fd, &event) < 0)
        record->set = 0;
}

void watch_lay(int fd, const struct entry *entry)
{
    bool locked = lock();

    for (struct record *record = first_of(fd, false); record; record = record->next)
        if (record->set)
            lay_one(record, fd, entry);
    unlock(locked);
}

/* Where both are registered in a set the second one is enough. */
static void move_one(const struct record *record, int from, int to, const struct entry *entry)
{
    int set = record->set - 1;
    struct record *first = first_of(to, true), *moved;

    real()->epoll_ctl(set, EPOLL_CTL_DEL, from, NULL);
    if (!first || record_of(first, set) || !(moved = record_for(first, set)))
        return;
    *moved = (struct record){ .set = set + 1,
                              .events = record->events,
                              .substituted = true,
                              .data = record->data,
                              .next = moved->next };
    lay_one(moved, to, entry);
}

void watch_move(int from, int to, const struct entry *entry)
{
    bool locked = lock();

    for (const struct record *record = first_of(from, false); record; record = record->next)
        if (record->set)
            move_one(record, from, to, entry);
    unlock(locked);
}

bool watch_watches(int set, int fd)
{
    bool locked = lock();
    struct record *first = first_of(fd, false);
    bool watches = first && record_of(first, set);

    unlock(locked);
    return watches;
}

static int descriptor_in(const struct page *page, int set, uint64_t data)
{
    for (int i = 0; page && i < PAGE_FDS; i++)
        for (const struct record *record = &page->first[i]; record; record = record->next)
            if (record->set == set + 1 && record->data == data)
                return i;
    return -1;
}

int watch_descriptor(int set, uint64_t data)
{
    bool locked = lock();
    int found = -1;

    for (int number = 0; number < PAGES && found < 0; number++) {
        int inside = descriptor_in(atomic_load(&pages[number]), set, data);

        if (inside >= 0)
            found = number * PAGE_FDS + inside;
    }
    unlock(locked);
    return found;
}

void watch_forget(int fd)
{
    struct record *first = first_of(fd, false);
    bool locked;

    if (!first)
        return;
    locked = lock();
    for (struct record *record = first; record; record = record->next)
        record->set = 0;
    unlock(locked);
}

/* What the kernel refuses to modify, which does not know any more that it is of that kind. */
static bool is_exclusive(int set, int fd)
{
    bool locked = lock();
    struct record *record = record_of(first_of(fd, false), set);
    bool exclusive = record && (record->events & EPOLLEXCLUSIVE);

    unlock(locked);
    return exclusive;
}

/* For a pending descriptor the kernel gets the program's registration first, so that it judges the arguments
 * and the answer is its own; the substitute follows before the call returns. */
int watch_control(int set, int operation, int fd, struct epoll_event *event)
{
    struct entry *entry = table_empty() ? NULL : table_find(fd);
    bool pending = entry && atomic_load(&entry->state) == ENTRY_PENDING;
    struct epoll_event substitute = { .events = EPOLLONESHOT };

    if (pending && event && operation != EPOLL_CTL_DEL && !(event->events & EPOLLEXCLUSIVE)) {
        substitute.data.u64 = cookie_of(entry);
        substitute.events |= atomic_load(&entry->want) == DIAL_WANT_READ ? EPOLLIN : EPOLLOUT;
        atomic_store(&watch_cookies, true);
        if (operation == EPOLL_CTL_MOD && is_exclusive(set, fd))
            return -EINVAL;
        if (real()->epoll_ctl(set, operation, fd, &substitute) < 0)
            return -errno;
        remember(set, fd, event, true);
        atomic_store(&entry->waited, true);
        /* It may have ended in another thread, which did not know this set. */
        if (atomic_load(&entry->state) != ENTRY_PENDING)
            watch_restore(fd);
        return 0;
    }
    if (real()->epoll_ctl(set, operation, fd, event) < 0)
        return -errno;
    remember(set, fd, operation == EPOLL_CTL_DEL ? NULL : event, false);
    if (pending && operation != EPOLL_CTL_DEL) {
        watch_substitute(fd, entry, atomic_load(&entry->want));
        atomic_store(&entry->waited, true);
    }
    return 0;
}
