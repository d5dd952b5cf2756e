#include "way.h"

#include "../real.h"
#include "../process/guest.h"

#include <ptunnel/text.h>

#include <string.h>

enum way way_of(const char *name, uint16_t port)
{
    int saved = errno;
    enum way way = guest_may_act() && name ? name_way(guest_config(), name, port) : WAY_REAL;

    errno = saved;
    return way;
}

/* AI_PASSIVE is no exception: beside a name it means nothing, and programs that connect say it, too (socat,
 * lftp, whose names nobody here may know, or hear of). */
enum way way_of_hinted(const char *name, const char *service, const struct addrinfo *hints)
{
    return hints && hints->ai_flags & AI_NUMERICHOST ? WAY_REAL : way_of(name, way_port(service));
}

uint16_t way_port(const char *service)
{
    long port = service ? text_to_number(service, strlen(service), 1, 65535) : -1;

    return port < 0 ? 0 : (uint16_t)port;
}
