#include "lent.h"

#include <ptunnel/arena.h>
#include <ptunnel/endpoint.h>

#include <stdatomic.h>
#include <string.h>

/* Never given back, but used again: as many as there ever were lists at a time. */
struct lent {
    struct lent *next;
    _Atomic(struct addrinfo *) list; /* NULL: free. The rest is its owner's, whoever has the list */
    char *theirs;
    char name[ENDPOINT_HOST_MAX + 1];
};

static _Atomic(struct lent *) all;

static struct lent *find(struct addrinfo *list)
{
    struct lent *lent = atomic_load_explicit(&all, memory_order_acquire);

    while (lent && atomic_load(&lent->list) != list)
        lent = lent->next;
    return lent;
}

/* One that is free becomes this list's. */
static struct lent *take_free(struct addrinfo *list)
{
    for (struct lent *lent = find(NULL); lent; lent = lent->next) {
        struct addrinfo *none = NULL;

        if (atomic_compare_exchange_strong(&lent->list, &none, list))
            return lent;
    }
    return NULL;
}

static struct lent *make(struct addrinfo *list)
{
    struct lent *lent = arena_alloc(sizeof *lent);

    if (!lent)
        return NULL;
    atomic_init(&lent->list, list);
    lent->next = atomic_load(&all);
    while (!atomic_compare_exchange_weak(&all, &lent->next, lent))
        ;
    return lent;
}

bool lent_put(struct addrinfo *list, const char *name)
{
    struct lent *lent =
        find(list); /* one that was freed without our knowledge, and made again at the same place */

    if (!lent)
        lent = take_free(list);
    if (!lent)
        lent = make(list);
    if (!lent)
        return false;
    lent->theirs = list->ai_canonname;
    strcpy(lent->name, name);
    list->ai_canonname = lent->name;
    return true;
}

void lent_take_back(struct addrinfo *list)
{
    struct lent *lent = list ? find(list) : NULL;

    if (!lent)
        return;
    if (list->ai_canonname == lent->name)
        list->ai_canonname = lent->theirs;
    atomic_store(&lent->list, NULL);
}
