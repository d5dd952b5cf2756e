/* The look-ups of <netdb.h> whose way is not WAY_REAL; arguments and results as in section 3 of the manual.
 * For a stand-in libc is asked, with the stand-in as a numeric host. */
#ifndef PTUNNEL_ADDRINFO_H
#define PTUNNEL_ADDRINFO_H

#include "stand_in.h"
#include "way.h"

#include "../libc.h"

#include <netdb.h>
#include <signal.h>

int addrinfo_get(enum way way, const char *node, const char *service, const struct addrinfo *hints,
                 struct addrinfo **result);
/* True if one of the requests is not libc's business. Those are answered at once, the others are left to
 * libc. */
bool addrinfo_list_wanted(struct gaicb *const list[], int count);
int addrinfo_start_list(int mode, struct gaicb *const list[], int count, struct sigevent *event);
int addrinfo_name(enum back way, const char *name, const struct sockaddr *address, socklen_t size, char *host,
                  socklen_t host_size, char *service, socklen_t service_size, int flags);

#endif
