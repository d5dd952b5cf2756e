#include "../names/hostent.h"
#include "../names/way.h"
#include "../real.h"

/* getaddrinfo(3): names that a proxy is to resolve get a stand-in. */
EXPORT int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
                       struct addrinfo **result)
{
    enum lookup_way way = lookup_way_hinted(node, service, hints);

    if (way == LOOKUP_REAL)
        return real()->getaddrinfo(node, service, hints, result);
    return lookup_getaddrinfo(way, node, service, hints, result);
}

/* getnameinfo(3): a stand-in's name is the one that it means. */
EXPORT int getnameinfo(const struct sockaddr *address, socklen_t size, char *host, socklen_t host_size,
                       char *service, socklen_t service_size, int flags)
{
    char name[ENDPOINT_HOST_MAX + 1];
    enum lookup_back way = LOOKUP_BACK_REAL;

    if (!(flags & NI_NUMERICHOST))
        way = lookup_back(address, size, name);
    if (way == LOOKUP_BACK_REAL)
        return real()->getnameinfo(address, size, host, host_size, service, service_size, flags);
    return lookup_getnameinfo(way, name, address, size, host, host_size, service, service_size, flags);
}

/* gethostbyname(3): as getaddrinfo(). The name that it answers stands in memory of its own, as libc's answer
 * does. */
EXPORT struct hostent *gethostbyname(const char *name)
{
    static char name_room[ENDPOINT_HOST_MAX + 1];
    enum lookup_way way = lookup_way(name, 0);

    if (way == LOOKUP_REAL)
        return real()->gethostbyname(name);
    return hostent_find(way, name, AF_INET, name_room);
}

EXPORT struct hostent *gethostbyname2(const char *name, int family)
{
    static char name_room[ENDPOINT_HOST_MAX + 1];
    enum lookup_way way = hostent_way(name, family);

    if (way == LOOKUP_REAL)
        return real()->gethostbyname2(name, family);
    return hostent_find(way, name, family, name_room);
}

EXPORT int gethostbyname_r(const char *name, struct hostent *into, char *buffer, size_t size,
                           struct hostent **result, int *error)
{
    const struct hostent_room room = { into, buffer, size, result, error };
    enum lookup_way way = lookup_way(name, 0);

    if (way == LOOKUP_REAL)
        return real()->gethostbyname_r(name, into, buffer, size, result, error);
    return hostent_find_r(way, name, AF_INET, &room);
}

EXPORT int gethostbyname2_r(const char *name, int family, struct hostent *into, char *buffer, size_t size,
                            struct hostent **result, int *error)
{
    const struct hostent_room room = { into, buffer, size, result, error };
    enum lookup_way way = hostent_way(name, family);

    if (way == LOOKUP_REAL)
        return real()->gethostbyname2_r(name, family, into, buffer, size, result, error);
    return hostent_find_r(way, name, family, &room);
}

/* gethostbyaddr(3): as getnameinfo(). */
EXPORT struct hostent *gethostbyaddr(const void *address, socklen_t size, int family)
{
    static char name_room[ENDPOINT_HOST_MAX + 1];
    char name[ENDPOINT_HOST_MAX + 1];
    enum lookup_back way = hostent_back_way(address, size, family, name);

    if (way == LOOKUP_BACK_REAL)
        return real()->gethostbyaddr(address, size, family);
    return hostent_back(way, name, address, family, name_room);
}

EXPORT int gethostbyaddr_r(const void *address, socklen_t size, int family, struct hostent *into,
                           char *buffer, size_t room_size, struct hostent **result, int *error)
{
    const struct hostent_room room = { into, buffer, room_size, result, error };
    char name[ENDPOINT_HOST_MAX + 1];
    enum lookup_back way = hostent_back_way(address, size, family, name);

    if (way == LOOKUP_BACK_REAL)
        return real()->gethostbyaddr_r(address, size, family, into, buffer, room_size, result, error);
    return hostent_back_r(way, name, address, family, &room);
}

/* getaddrinfo_a(3): what is answered without waiting is answered at once, libc does the rest and the
 * notification. */
EXPORT int getaddrinfo_a(int mode, struct gaicb *list[], int count, struct sigevent *event)
{
    if (!lookup_list_wanted(list, count))
        return real()->getaddrinfo_a(mode, list, count, event);
    return lookup_getaddrinfo_a(mode, list, count, event);
}
