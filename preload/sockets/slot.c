#include "slot.h"

#include "../process/identity.h"

enum { PAGE_SLOTS = 1024 };
FD_MAP(slots, _Atomic(struct entry *), PAGE_SLOTS);

_Atomic int slots_used = 1, slots_closes = 1;

void slots_hear_of_close(int more)
{
    atomic_fetch_add(&slots_closes, more);
}

void slot_begin(void)
{
    atomic_fetch_sub(&slots_used, 1);
    slots_hear_of_close(-1);
}

static void note_chunk(int fd, struct entry *entry, void *used)
{
    (void)fd;
    ((bool *)used)[entry_chunk(entry)] = true;
}

/* A forked child goes on with the entries that its slots name, and takes new ones from memory of its own. */
static __attribute__((noinline)) void begin_generation(void)
{
    bool used[ENTRY_CHUNKS] = { false };

    slot_each(note_chunk, used);
    entry_begin_generation(used);
}

struct entry *slot_find(int fd)
{
    _Atomic(struct entry *) *slot = fd_map_at(&slots, fd, false);

    identity_generation(); /* a fork is noticed */
    return slot ? atomic_load_explicit(slot, memory_order_acquire) : NULL;
}

static void put(_Atomic(struct entry *) *slot, struct entry *entry)
{
    atomic_fetch_add(&slots_used, 1);
    slots_hear_of_close(1);
    atomic_store_explicit(slot, entry, memory_order_release);
}

struct entry *slot_add(int fd)
{
    _Atomic(struct entry *) *slot = fd_map_at(&slots, fd, true);
    struct entry *entry;

    if (!slot || !identity_begin())
        return NULL;
    identity_at_fork(begin_generation);
    identity_generation(); /* a fork is noticed */
    slot_drop(fd);
    entry = entry_take();
    if (!entry)
        return NULL;
    atomic_store(&entry->descriptor, fd);
    atomic_store(&entry->slots, 1);
    put(slot, entry);
    return entry;
}

void slot_share(int fd, struct entry *entry)
{
    _Atomic(struct entry *) *slot = fd_map_at(&slots, fd, true);

    if (!slot)
        return;
    slot_drop(fd);
    atomic_fetch_add(&entry->slots, 1);
    put(slot, entry);
}

/* Of an inherited entry the slots are not counted here. */
void slot_drop(int fd)
{
    _Atomic(struct entry *) *slot = fd_map_at(&slots, fd, false);
    struct entry *entry = slot ? atomic_exchange(slot, NULL) : NULL;

    if (!entry)
        return;
    atomic_fetch_sub(&slots_used, 1);
    slots_hear_of_close(-1);
    if (!entry_is_inherited(entry) && atomic_fetch_sub(&entry->slots, 1) == 1)
        entry_give(entry);
}

void slot_each(void (*visit)(int fd, struct entry *entry, void *data), void *data)
{
    for (int page = fd_map_next(&slots, 0); page < FD_MAP_NUMBERS;
         page = fd_map_next(&slots, page + PAGE_SLOTS)) {
        _Atomic(struct entry *) *first = fd_map_at(&slots, page, false);

        for (int i = 0; i < PAGE_SLOTS; i++) {
            struct entry *entry = atomic_load_explicit(&first[i], memory_order_acquire);

            if (entry)
                visit(page + i, entry, data);
        }
    }
}

struct those {
    const struct entry *entry;
    void (*visit)(int fd, struct entry *entry, void *data);
    void *data;
};

/* Of any other entry than the wanted one nothing may be read: it is somebody else's. */
static void visit_if_same(int fd, struct entry *entry, void *data)
{
    const struct those *those = data;

    if (entry == those->entry)
        those->visit(fd, entry, those->data);
}

void slot_each_of(struct entry *entry, void (*visit)(int fd, struct entry *entry, void *data), void *data)
{
    struct those those = { entry, visit, data };
    int fd = atomic_load(&entry->descriptor);

    if (atomic_load(&entry->slots) == 1 && slot_find(fd) == entry)
        visit(fd, entry, data);
    else
        slot_each(visit_if_same, &those);
}

static void drop_one(int fd, struct entry *entry, void *data)
{
    (void)entry;
    (void)data;
    slot_drop(fd);
}

void slot_drop_all(struct entry *entry)
{
    slot_each_of(entry, drop_one, NULL);
}

struct search {
    const struct entry *entry;
    int fd;
};

static void note_if_same(int fd, struct entry *entry, void *data)
{
    struct search *search = data;

    if (entry == search->entry)
        search->fd = fd;
}

int slot_of_entry(const struct entry *entry)
{
    struct search search = { entry, -1 };

    slot_each(note_if_same, &search);
    return search.fd;
}
