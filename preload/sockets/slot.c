#include "slot.h"

#include <sys/mman.h>

void *pages_at(_Atomic(void *) *place, size_t size, bool create)
{
    void *page = atomic_load_explicit(place, memory_order_acquire), *none = NULL;

    if (page || !create)
        return page;
    page = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED)
        return NULL;
    if (atomic_compare_exchange_strong(place, &none, page))
        return page;
    munmap(page, size); /* another thread was first */
    return none;
}
