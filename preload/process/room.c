#include "room.h"

#include "../real.h"
#include "identity.h"

#include <ptunnel/arena.h>

#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/syscall.h>

/* What lies in front of each room. */
struct head {
    struct head *next; /* of those that were lent to children of vfork(2) */
    size_t size;       /* with this */
    bool is_lent;
    /* The child that has it; 0: nobody. The kernel sets it to 0 when the child executes or ends: set_tid_address(2). */
    _Atomic int lent;
} __attribute__((aligned(16)));

static _Atomic(struct head *) lent_rooms;

static bool borrow(struct head *head, int who)
{
    int nobody = 0;

    if (!atomic_compare_exchange_strong(&head->lent, &nobody, who))
        return false;
    libc()->syscall(SYS_set_tid_address, &head->lent);
    return true;
}

static struct head *lend(size_t size)
{
    int who = (int)libc()->syscall(SYS_getpid);
    struct head *head;

    for (head = atomic_load(&lent_rooms); head; head = head->next)
        if (head->size >= size && borrow(head, who))
            return head;
    head = arena_map(size);
    if (!head)
        return NULL;
    *head = (struct head){ .size = size, .is_lent = true };
    borrow(head, who);
    head->next = atomic_load(&lent_rooms);
    while (!atomic_compare_exchange_weak(&lent_rooms, &head->next, head))
        ;
    return head;
}

void *room_take(size_t size)
{
    struct head *head;

    size = (size + sizeof *head + 0xfff) & ~(size_t)0xfff;
    if (identity_is_borrowed())
        head = lend(size);
    else if ((head = arena_map(size)))
        head->size = size;
    return head ? head + 1 : NULL;
}

void room_give_back(void *room)
{
    struct head *head = room ? (struct head *)room - 1 : NULL;

    if (head && head->is_lent) {
        libc()->syscall(SYS_set_tid_address, NULL);
        atomic_store(&head->lent, 0);
    } else if (head) {
        munmap(head, head->size);
    }
}
