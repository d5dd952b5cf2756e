#include "entry.h"

#include "../real.h"
#include "slot.h"

#include <errno.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

enum {
    PAGE_SLOTS = 1024,
    PAGES = TABLE_DESCRIPTORS / PAGE_SLOTS,
    CHUNK_ENTRIES = 128,
    CHUNKS = 512,
    REST = 2 * CHUNK_ENTRIES, /* as many others are used before one is used again */
    INDEX_BITS = 16,
    PATIENCE = 250, /* ms */
};
_Static_assert(CHUNK_ENTRIES *CHUNKS <= 1 << INDEX_BITS, "an index does not fit");

struct page {
    _Atomic(struct entry *) slots[PAGE_SLOTS];
};

_Atomic int table_used = 1;

void table_begin(void)
{
    atomic_fetch_sub(&table_used, 1);
}

static _Atomic(void *) pages[PAGES];
static _Atomic(struct entry *) chunks[CHUNKS];
static struct {
    _Atomic uint32_t limit; /* entries that have memory */
    _Atomic uint32_t turns; /* taken so far, about */
    uint32_t first;         /* of this process: those below belong to an ancestor, who goes on using them */
    _Atomic int process;
} pool;

/* One page that the kernel clears in a forked child (of _Fork and a raw fork too), and only there. */
static _Atomic(_Atomic int *) forked_mark;

int table_thread(void)
{
    static __thread int id, of_process;
    int process = atomic_load_explicit(&pool.process, memory_order_relaxed);

    if (id == 0 || of_process != process) {
        id = (int)real()->syscall(SYS_gettid);
        of_process = process;
    }
    return id;
}

static bool map_mark(void)
{
    long size = sysconf(_SC_PAGESIZE);
    _Atomic int *page = mmap(NULL, (size_t)size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    _Atomic int *none = NULL;

    if (page == MAP_FAILED)
        return false;
    /* Before Linux 4.14 a forked child is not told from its parent. */
    madvise(page, (size_t)size, MADV_WIPEONFORK);
    atomic_store(&pool.process, (int)real()->syscall(SYS_getpid));
    atomic_store(page, 1);
    if (!atomic_compare_exchange_strong(&forked_mark, &none, page))
        munmap(page, (size_t)size); /* another thread's first connect() was faster */
    return true;
}

/* A forked child goes on with the entries that its slots name, and takes new ones from memory of its own. */
static void notice_fork(void)
{
    _Atomic int *mark = atomic_load_explicit(&forked_mark, memory_order_acquire);

    if (!mark || atomic_load_explicit(mark, memory_order_relaxed) != 0)
        return;
    atomic_store(&pool.process, (int)real()->syscall(SYS_getpid));
    pool.first = atomic_load(&pool.limit);
    atomic_store(&pool.turns, 0);
    atomic_store(mark, 1);
}

bool table_is_borrowed(void)
{
    notice_fork();
    return atomic_load(&forked_mark) && atomic_load(&pool.process) != (int)real()->syscall(SYS_getpid);
}

static _Atomic(struct entry *) *slot_of(int fd, bool create)
{
    struct page *page;

    if (fd < 0 || fd >= TABLE_DESCRIPTORS)
        return NULL;
    page = pages_at(&pages[fd / PAGE_SLOTS], sizeof *page, create);
    return page ? &page->slots[fd % PAGE_SLOTS] : NULL;
}

struct entry *table_find(int fd)
{
    _Atomic(struct entry *) *slot = slot_of(fd, false);

    notice_fork();
    return slot ? atomic_load_explicit(slot, memory_order_acquire) : NULL;
}

static struct entry *entry_at(uint32_t index)
{
    struct entry *chunk = atomic_load(&chunks[index / CHUNK_ENTRIES]);

    return chunk ? &chunk[index % CHUNK_ENTRIES] : NULL;
}

struct entry *table_by_number(uint32_t number)
{
    uint32_t index = number & ((1u << INDEX_BITS) - 1);
    struct entry *entry = index < CHUNK_ENTRIES * CHUNKS ? entry_at(index) : NULL;

    notice_fork();
    return entry && atomic_load(&entry->number) == number ? entry : NULL;
}

/* One chunk more. Two threads may get here at once: both then find room. */
static bool grow(uint32_t limit)
{
    _Atomic(struct entry *) *place = &chunks[limit / CHUNK_ENTRIES];
    struct entry *memory, *none = NULL;

    if (limit >= CHUNKS * CHUNK_ENTRIES)
        return false;
    memory =
        mmap(NULL, CHUNK_ENTRIES * sizeof *memory, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED)
        return false;
    for (uint32_t i = 0; i < CHUNK_ENTRIES; i++)
        atomic_init(&memory[i].number, limit + i);
    if (!atomic_compare_exchange_strong(place, &none, memory))
        munmap(memory, CHUNK_ENTRIES * sizeof *memory);
    atomic_compare_exchange_strong(&pool.limit, &limit, limit + CHUNK_ENTRIES);
    return true;
}

/* Round and round, so that an entry rests for as long as can be before it is used again; a new number with
 * each use. */
static struct entry *take_entry(void)
{
    uint32_t limit;

    do {
        uint32_t room = (limit = atomic_load(&pool.limit)) - pool.first;

        for (uint32_t tries = 0; tries < room; tries++) {
            uint32_t turn = atomic_fetch_add(&pool.turns, 1);
            struct entry *entry = entry_at(pool.first + turn % room);
            bool taken = false;

            if (turn >= room && room < REST)
                break;
            if (!atomic_compare_exchange_strong(&entry->taken, &taken, true))
                continue;
            if (table_lock(entry)) {
                atomic_fetch_add(&entry->number, 1u << INDEX_BITS);
                return entry;
            }
            /* A thread that holds the old number is looking at it: take another one. */
            atomic_store(&entry->taken, false);
        }
    } while (grow(limit));
    return NULL;
}

/* Whose slots are not counted here. */
bool table_is_inherited(const struct entry *entry)
{
    return (atomic_load(&entry->number) & ((1u << INDEX_BITS) - 1)) < pool.first;
}

struct entry *table_add(int fd)
{
    _Atomic(struct entry *) *slot = slot_of(fd, true);
    struct entry *entry;

    if (!slot || (!atomic_load(&forked_mark) && !map_mark()))
        return NULL;
    notice_fork();
    table_drop(fd);
    entry = take_entry();
    if (!entry)
        return NULL;
    atomic_store(&entry->state, ENTRY_PENDING);
    atomic_store(&entry->unread, false);
    atomic_store(&entry->waited, false);
    atomic_store(&entry->tried, 0);
    atomic_store(&entry->paid, false);
    atomic_store(&entry->descriptor, fd);
    atomic_store(&entry->slots, 1);
    atomic_store(&entry->want, DIAL_WANT_WRITE);
    atomic_store(&entry->deadline, INT64_MAX);
    entry->cookie = 0;
    entry->error = 0;
    atomic_fetch_add(&table_used, 1);
    atomic_store_explicit(slot, entry, memory_order_release);
    return entry;
}

void table_share(int fd, struct entry *entry)
{
    _Atomic(struct entry *) *slot = slot_of(fd, true);

    if (!slot)
        return;
    table_drop(fd);
    atomic_fetch_add(&entry->slots, 1);
    atomic_fetch_add(&table_used, 1);
    atomic_store_explicit(slot, entry, memory_order_release);
}

void table_drop(int fd)
{
    _Atomic(struct entry *) *slot = slot_of(fd, false);
    struct entry *entry = slot ? atomic_exchange(slot, NULL) : NULL;

    if (!entry)
        return;
    atomic_fetch_sub(&table_used, 1);
    if (!table_is_inherited(entry) && atomic_fetch_sub(&entry->slots, 1) == 1)
        atomic_store(&entry->taken, false);
}

static void drop_if_same(int fd, struct entry *entry, void *wanted)
{
    if (entry == wanted)
        table_drop(fd);
}

void table_drop_all(struct entry *entry)
{
    int fd = entry->dial.fd;

    if (atomic_load(&entry->slots) == 1 && table_find(fd) == entry)
        table_drop(fd);
    else
        table_each(drop_if_same, entry);
}

void table_each(void (*visit)(int fd, struct entry *entry, void *data), void *data)
{
    for (int number = 0; number < PAGES; number++) {
        struct page *page = atomic_load_explicit(&pages[number], memory_order_acquire);

        for (int i = 0; page && i < PAGE_SLOTS; i++) {
            struct entry *entry = atomic_load_explicit(&page->slots[i], memory_order_acquire);

            if (entry)
                visit(number * PAGE_SLOTS + i, entry, data);
        }
    }
}

struct any {
    const struct entry *entry;
    int fd;
};

static void note_if_same(int fd, struct entry *entry, void *data)
{
    struct any *any = data;

    if (entry == any->entry)
        any->fd = fd;
}

int table_any(const struct entry *entry)
{
    struct any any = { entry, -1 };

    table_each(note_if_same, &any);
    return any.fd;
}

/* A process that died while it stepped leaves its mark; the entry is then anybody's. */
static bool owner_is_gone(int owner)
{
    return owner != 0 && real()->syscall(SYS_tkill, owner, 0) < 0 && errno == ESRCH;
}

bool table_lock(struct entry *entry)
{
    int nobody = 0, me = table_thread(), saved = errno;

    if (atomic_compare_exchange_strong_explicit(&entry->owner, &nobody, me, memory_order_acquire,
                                                memory_order_relaxed))
        return true;
    if (nobody == me || !owner_is_gone(nobody)) {
        errno = saved;
        return false;
    }
    errno = saved;
    return atomic_compare_exchange_strong(&entry->owner, &nobody, me);
}

bool table_lock_patiently(struct entry *entry)
{
    struct deadline end = deadline_in(PATIENCE);

    while (!table_lock(entry)) {
        if (table_locked_by_me(entry) || deadline_passed(end))
            return false;
        sched_yield();
    }
    return true;
}

void table_unlock(struct entry *entry)
{
    atomic_store_explicit(&entry->owner, 0, memory_order_release);
}

bool table_locked_by_me(const struct entry *entry)
{
    return atomic_load(&entry->owner) == table_thread();
}
