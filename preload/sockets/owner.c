#include "owner.h"

#include "../process/identity.h"

#include <ptunnel/deadline.h>

#include <sched.h>

/* The word has the thread's number in its low bits, then its realm, then a count, so that no two takings have
 * the same word. A thread's number means something only in its realm: the PID namespace, for a word that
 * processes share; the process (identity_generation()), for its own. The bits at which they begin: */
enum { REALM_AT = 32, TAKING_AT = 48 };

enum {
    PATIENCE = 250, /* ms: another process may have been stopped in the middle of a step */
    OWN = 30000,    /* ms: a thread of this process, which only got no turn on a busy machine, or died */
    FAR = 5000,     /* ms: longer than any step takes. A holder in another PID namespace is dead then */
    SEEN = 8,       /* such holders that this process watches at a time */
};

static uint16_t realm_of(enum owner_of of)
{
    return (uint16_t)(of == OWNER_OF_ALL ? identity_namespace() : identity_generation());
}

static uint64_t word_of_mine(enum owner_of of)
{
    static __thread uint16_t taking;

    return (uint64_t)++taking << TAKING_AT | (uint64_t)realm_of(of) << REALM_AT | (uint32_t)identity_thread();
}

/* For a holder whose thread cannot be asked for: whether this process has seen the same word for too long. */
static bool is_held_too_long(const owner_word *word, uint64_t holder)
{
    static struct {
        _Atomic uint64_t holder;
        _Atomic int64_t since;
    } seen[SEEN];
    unsigned place = (unsigned)((uintptr_t)word / sizeof *word % SEEN);

    if (atomic_load(&seen[place].holder) != holder) {
        atomic_store(&seen[place].since, deadline_now());
        atomic_store(&seen[place].holder, holder);
        return false;
    }
    return deadline_now() - atomic_load(&seen[place].since) > (int64_t)FAR * 1000000;
}

static bool is_dead(const owner_word *word, uint64_t holder, enum owner_of of)
{
    if ((uint16_t)(holder >> REALM_AT) == realm_of(of))
        return identity_is_gone((int)(uint32_t)holder);
    return of == OWNER_OF_PROCESS || is_held_too_long(word, holder);
}

bool owner_try(owner_word *word, enum owner_of of)
{
    uint64_t holder = 0, mine = word_of_mine(of);

    if (atomic_compare_exchange_strong_explicit(word, &holder, mine, memory_order_acquire,
                                                memory_order_relaxed))
        return true;
    return !owner_is_me(word, of) && is_dead(word, holder, of) &&
           atomic_compare_exchange_strong(word, &holder, mine);
}

bool owner_patiently(owner_word *word, enum owner_of of)
{
    struct deadline end;

    if (owner_try(word, of))
        return true;
    end = deadline_in(of == OWNER_OF_PROCESS ? OWN : PATIENCE);
    while (!owner_is_me(word, of) && !deadline_passed(end)) {
        sched_yield();
        if (owner_try(word, of))
            return true;
    }
    return false;
}

void owner_leave(owner_word *word)
{
    atomic_store_explicit(word, 0, memory_order_release);
}

bool owner_is_me(const owner_word *word, enum owner_of of)
{
    uint64_t holder = atomic_load(word);

    return (int)(uint32_t)holder == identity_thread() && (uint16_t)(holder >> REALM_AT) == realm_of(of);
}
