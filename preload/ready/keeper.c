#include "keeper.h"

#include "../pending/step.h"
#include "../process/identity.h"

static _Atomic int keeper; /* the thread that began last; one that was cancelled meanwhile may stand here */
static _Atomic int asleep; /* threads between keeper_sleep() and keeper_wake() */

void keeper_begin(void)
{
    atomic_store(&keeper, identity_thread());
}

void keeper_end(void)
{
    int me = identity_thread();

    if (atomic_compare_exchange_strong(&keeper, &me, 0) && !slots_empty() && identity_has_threads())
        pending_ring(atomic_load(&asleep) > 0);
}

void keeper_sleep(void)
{
    atomic_fetch_add(&asleep, 1);
}

/* A thread that is cancelled in its sleep stays counted: then somebody is woken for nothing now and again. */
void keeper_wake(void)
{
    atomic_fetch_sub(&asleep, 1);
}
