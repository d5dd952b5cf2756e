#include "hostent.h"

#include "../process/guest.h"
#include "../real.h"

#include <arpa/inet.h>
#include <string.h>

extern const char *gnu_get_libc_version(void) __attribute__((weak));

/* The socket address that gethostbyaddr(3)'s arguments make; 0 if they make none. */
static socklen_t to_sockaddr(const void *address, socklen_t size, int family, struct sockaddr_storage *out)
{
    struct sockaddr_in v4 = { .sin_family = AF_INET };
    struct sockaddr_in6 v6 = { .sin6_family = AF_INET6 };

    if (!address || size != (family == AF_INET ? sizeof v4.sin_addr : sizeof v6.sin6_addr) ||
        (family != AF_INET && family != AF_INET6))
        return 0;
    if (family == AF_INET) {
        memcpy(&v4.sin_addr, address, sizeof v4.sin_addr);
        memcpy(out, &v4, sizeof v4);
        return sizeof v4;
    }
    memcpy(&v6.sin6_addr, address, sizeof v6.sin6_addr);
    memcpy(out, &v6, sizeof v6);
    return sizeof v6;
}

/* glibc takes digits and dots for an address here, and asks a resolver for the other notations of inet_aton(3). */
static bool is_asked_for(const char *address)
{
    struct in_addr number;

    return gnu_get_libc_version && !strchr(address, ':') && address[strspn(address, "0123456789.")] &&
           inet_aton(address, &number);
}

enum way hostent_way(const char *name, int family)
{
    enum way way = WAY_REAL;

    if (family == AF_INET || family == AF_INET6)
        way = way_of_family(name, 0, family);
    return way == WAY_REAL && guest_may_act() && name && is_asked_for(name) ? WAY_NO_NAME : way;
}

enum back hostent_back_way(const void *address, socklen_t size, int family, char *name)
{
    struct sockaddr_storage storage;
    socklen_t used = to_sockaddr(address, size, family, &storage);

    return used ? stand_in_back((const struct sockaddr *)&storage, used, name) : BACK_REAL;
}

static void remember(const struct hostent *found, const char *name)
{
    struct sockaddr_storage address;
    struct endpoint answer;

    for (char **at = found->h_addr_list; *at; at++) {
        socklen_t size = to_sockaddr(*at, (socklen_t)found->h_length, found->h_addrtype, &address);

        if (endpoint_from_sockaddr(&answer, (const struct sockaddr *)&address, size))
            stand_in_remember(&answer, name);
    }
}

static struct hostent *none(int error)
{
    h_errno = error;
    return NULL;
}

/* libc's answer for a numeric host, with the name in place of the digits. */
static struct hostent *named(const char *text, int family, const char *name, char *name_room)
{
    struct hostent *found = real()->gethostbyname2(text, family);

    if (found) {
        stand_in_plain_name(name, name_room);
        found->h_name = name_room;
    }
    return found;
}

struct hostent *hostent_find(enum way way, const char *name, int family, char *name_room)
{
    char text[STAND_IN_TEXT_SIZE];
    struct hostent *found;

    if (way == WAY_NO_NAME)
        return none(HOST_NOT_FOUND);
    if (way == WAY_STAND_IN)
        return stand_in_text(name, family, text) ? named(text, family, name, name_room) : none(TRY_AGAIN);
    found = real()->gethostbyname2(name, family);
    if (found)
        remember(found, name);
    return found;
}

struct hostent *hostent_back(enum back way, const char *name, const void *address, int family,
                             char *name_room)
{
    char text[STAND_IN_TEXT_SIZE];

    if (way == BACK_NONE || !inet_ntop(family, address, text, sizeof text))
        return none(HOST_NOT_FOUND);
    return named(text, family, name, name_room);
}

/* glibc says the error in both places, and programs read either. */
static int none_r(const struct hostent_room *room, int error, int result)
{
    *room->result = NULL;
    *room->error = h_errno = error;
    return result;
}

/* The name lies at the end of the caller's buffer, and libc is given what is before it. */
static int named_r(const char *text, int family, const char *name, const struct hostent_room *room)
{
    char plain[ENDPOINT_HOST_MAX + 1];
    size_t size;
    int error;

    stand_in_plain_name(name, plain);
    size = strlen(plain) + 1;
    if (room->size < size) {
        errno = ERANGE;
        return none_r(room, NETDB_INTERNAL, ERANGE);
    }
    error = real()->gethostbyname2_r(text, family, room->into, room->buffer, room->size - size, room->result,
                                     room->error);
    if (error == 0 && *room->result) {
        memcpy(room->buffer + room->size - size, plain, size);
        room->into->h_name = room->buffer + room->size - size;
    }
    return error;
}

int hostent_find_r(enum way way, const char *name, int family, const struct hostent_room *room)
{
    char text[STAND_IN_TEXT_SIZE];
    int error;

    if (way == WAY_NO_NAME)
        return none_r(room, HOST_NOT_FOUND, 0);
    if (way == WAY_STAND_IN)
        return stand_in_text(name, family, text) ? named_r(text, family, name, room)
                                                 : none_r(room, TRY_AGAIN, EAGAIN);
    error = real()->gethostbyname2_r(name, family, room->into, room->buffer, room->size, room->result,
                                     room->error);
    if (error == 0 && *room->result)
        remember(*room->result, name);
    return error;
}

int hostent_back_r(enum back way, const char *name, const void *address, int family,
                   const struct hostent_room *room)
{
    char text[STAND_IN_TEXT_SIZE];

    if (way == BACK_NONE || !inet_ntop(family, address, text, sizeof text))
        return none_r(room, HOST_NOT_FOUND, 0);
    return named_r(text, family, name, room);
}
