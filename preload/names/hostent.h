/* gethostbyname(3) and its kin, for names and addresses that are not libc's business alone. */
#ifndef PTUNNEL_HOSTENT_H
#define PTUNNEL_HOSTENT_H

#include "stand_in.h"

#include "way.h"

/* The forms that answer in memory of libc's: `name_room`, ENDPOINT_HOST_MAX + 1 bytes of the hook's, gets
 * h_name. */
struct hostent *hostent_find(enum way way, const char *name, int family, char *name_room);
struct hostent *hostent_back(enum back way, const char *name, const void *address, int family,
                             char *name_room);

/* Where the reentrant forms put what they find. */
struct hostent_room {
    struct hostent *into;
    char *buffer;
    size_t size;
    struct hostent **result;
    int *error; /* h_errno */
};

int hostent_find_r(enum way way, const char *name, int family, const struct hostent_room *room);
int hostent_back_r(enum back way, const char *name, const void *address, int family,
                   const struct hostent_room *room);

/* way_of() and stand_in_back() for these calls' arguments. */
enum way hostent_way(const char *name, int family);
enum back hostent_back_way(const void *address, socklen_t size, int family, char *name);

#endif
