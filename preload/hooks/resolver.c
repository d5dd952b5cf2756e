#include "../names/resolver.h"
#include "../real.h"

EXPORT int res_query(const char *name, int class, int type, unsigned char *answer, int size)
{
    return resolver_refuses(name, NULL, NULL) ? -1 : real()->res_query(name, class, type, answer, size);
}

EXPORT int res_search(const char *name, int class, int type, unsigned char *answer, int size)
{
    return resolver_refuses(name, NULL, NULL) ? -1 : real()->res_search(name, class, type, answer, size);
}

EXPORT int res_querydomain(const char *name, const char *domain, int class, int type, unsigned char *answer,
                           int size)
{
    if (resolver_refuses(name, domain, NULL))
        return -1;
    return real()->res_querydomain(name, domain, class, type, answer, size);
}

EXPORT int res_send(const unsigned char *query, int query_size, unsigned char *answer, int size)
{
    if (resolver_refuses_query(query, query_size))
        return -1;
    return real()->res_send(query, query_size, answer, size);
}

EXPORT int res_nquery(res_state state, const char *name, int class, int type, unsigned char *answer, int size)
{
    return resolver_refuses(name, NULL, state) ? -1
                                               : real()->res_nquery(state, name, class, type, answer, size);
}

EXPORT int res_nsearch(res_state state, const char *name, int class, int type, unsigned char *answer,
                       int size)
{
    return resolver_refuses(name, NULL, state) ? -1
                                               : real()->res_nsearch(state, name, class, type, answer, size);
}

EXPORT int res_nquerydomain(res_state state, const char *name, const char *domain, int class, int type,
                            unsigned char *answer, int size)
{
    if (resolver_refuses(name, domain, state))
        return -1;
    return real()->res_nquerydomain(state, name, domain, class, type, answer, size);
}

EXPORT int res_nsend(res_state state, const unsigned char *query, int query_size, unsigned char *answer,
                     int size)
{
    if (resolver_refuses_query(query, query_size))
        return -1;
    return real()->res_nsend(state, query, query_size, answer, size);
}

EXPORT __typeof__(res_query) __res_query __attribute__((alias("res_query"), nothrow, leaf));
EXPORT __typeof__(res_search) __res_search __attribute__((alias("res_search"), nothrow, leaf));
EXPORT __typeof__(res_querydomain) __res_querydomain __attribute__((alias("res_querydomain"), nothrow, leaf));
EXPORT __typeof__(res_send) __res_send __attribute__((alias("res_send"), nothrow, leaf));
EXPORT __typeof__(res_nquery) __res_nquery __attribute__((alias("res_nquery"), nothrow, leaf));
EXPORT __typeof__(res_nsearch) __res_nsearch __attribute__((alias("res_nsearch"), nothrow, leaf));
EXPORT __typeof__(res_nquerydomain) __res_nquerydomain
    __attribute__((alias("res_nquerydomain"), nothrow, leaf));
EXPORT __typeof__(res_nsend) __res_nsend __attribute__((alias("res_nsend"), nothrow, leaf));
