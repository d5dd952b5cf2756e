#include "../names/hostent.h"
#include "../names/addrinfo.h"
#include "../names/lent.h"
#include "../process/guest.h"
#include "../real.h"

/* getaddrinfo(3): names that a proxy is to resolve get a stand-in. */
EXPORT int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
                       struct addrinfo **result)
{
    enum way way = way_of_hinted(node, service, hints);

    if (!hints || !(hints->ai_flags & AI_NUMERICHOST))
        guest_look_up_proxies();
    if (way == WAY_REAL)
        return real()->getaddrinfo(node, service, hints, result);
    return addrinfo_get(way, node, service, hints, result);
}

/* freeaddrinfo(3): who made the list finds in it what he put there. */
EXPORT void freeaddrinfo(struct addrinfo *list)
{
    lent_take_back(list);
    real()->freeaddrinfo(list);
}

/* getnameinfo(3): a stand-in's name is the one that it means. */
EXPORT int getnameinfo(const struct sockaddr *address, socklen_t size, char *host, socklen_t host_size,
                       char *service, socklen_t service_size, int flags)
{
    char name[ENDPOINT_HOST_MAX + 1];
    enum back way = BACK_REAL;

    if (!(flags & NI_NUMERICHOST))
        way = stand_in_back(address, size, name);
    if (way == BACK_REAL)
        return real()->getnameinfo(address, size, host, host_size, service, service_size, flags);
    return addrinfo_name(way, name, address, size, host, host_size, service, service_size, flags);
}

/* gethostbyname(3): as getaddrinfo(). The name that it answers stands in memory of its own, as libc's answer
 * does. */
EXPORT struct hostent *gethostbyname(const char *name)
{
    static char name_room[ENDPOINT_HOST_MAX + 1];
    enum way way = hostent_way(name, AF_INET);

    if (way == WAY_REAL)
        return real()->gethostbyname(name);
    return hostent_find(way, name, AF_INET, name_room);
}

EXPORT struct hostent *gethostbyname2(const char *name, int family)
{
    static char name_room[ENDPOINT_HOST_MAX + 1];
    enum way way = hostent_way(name, family);

    if (way == WAY_REAL)
        return real()->gethostbyname2(name, family);
    return hostent_find(way, name, family, name_room);
}

EXPORT int gethostbyname_r(const char *name, struct hostent *into, char *buffer, size_t size,
                           struct hostent **result, int *error)
{
    const struct hostent_room room = { into, buffer, size, result, error };
    enum way way = hostent_way(name, AF_INET);

    if (way == WAY_REAL)
        return real()->gethostbyname_r(name, into, buffer, size, result, error);
    return hostent_find_r(way, name, AF_INET, &room);
}

EXPORT int gethostbyname2_r(const char *name, int family, struct hostent *into, char *buffer, size_t size,
                            struct hostent **result, int *error)
{
    const struct hostent_room room = { into, buffer, size, result, error };
    enum way way = hostent_way(name, family);

    if (way == WAY_REAL)
        return real()->gethostbyname2_r(name, family, into, buffer, size, result, error);
    return hostent_find_r(way, name, family, &room);
}

/* gethostbyaddr(3): as getnameinfo(). */
EXPORT struct hostent *gethostbyaddr(const void *address, socklen_t size, int family)
{
    static char name_room[ENDPOINT_HOST_MAX + 1];
    char name[ENDPOINT_HOST_MAX + 1];
    enum back way = hostent_back_way(address, size, family, name);

    if (way == BACK_REAL)
        return real()->gethostbyaddr(address, size, family);
    return hostent_back(way, name, address, family, name_room);
}

EXPORT int gethostbyaddr_r(const void *address, socklen_t size, int family, struct hostent *into,
                           char *buffer, size_t room_size, struct hostent **result, int *error)
{
    const struct hostent_room room = { into, buffer, room_size, result, error };
    char name[ENDPOINT_HOST_MAX + 1];
    enum back way = hostent_back_way(address, size, family, name);

    if (way == BACK_REAL)
        return real()->gethostbyaddr_r(address, size, family, into, buffer, room_size, result, error);
    return hostent_back_r(way, name, address, family, &room);
}

/* getaddrinfo_a(3): what is answered without waiting is answered at once, libc does the rest and the
 * notification. */
EXPORT int getaddrinfo_a(int mode, struct gaicb *list[], int count, struct sigevent *event)
{
    if (!addrinfo_list_wanted(list, count))
        return real()->getaddrinfo_a(mode, list, count, event);
    return addrinfo_start_list(mode, list, count, event);
}
