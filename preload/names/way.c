#include "way.h"

#include "stand_in.h"

#include "../real.h"
#include "../process/guest.h"
#include "../process/own.h"

#include <ptunnel/hosts.h>
#include <ptunnel/text.h>

#include <string.h>

enum way way_of(const char *name, uint16_t port)
{
    KEEP_ERRNO;

    return guest_may_act() && name ? name_way(guest_config(), name, port) : WAY_REAL;
}

static bool find_in_file(struct addresses *found, const char *name)
{
    struct own own;
    bool there;

    own_begin(&own);
    there = hosts_find(found, name, HOSTS_FILE, real_net());
    own_end(&own);
    return there;
}

static bool has_family(const struct addresses *found, int family)
{
    for (size_t i = 0; i < found->count; i++)
        if (family == AF_UNSPEC || IN6_IS_ADDR_V4MAPPED(&found->at[i].address) == (family == AF_INET))
            return true;
    return false;
}

/* Asked for addresses of a kind that the file has not, libc would go on and ask a resolver. */
static enum way way_of_file(const char *name, int family)
{
    const struct config *config = guest_config();
    char plain[ENDPOINT_HOST_MAX + 1];
    struct addresses found;

    stand_in_plain_name(name, plain);
    /* Neither libc finds a name with a dot at its end there. */
    if (!plain[0] || strlen(plain) != strlen(name) || !find_in_file(&found, plain) ||
        (config && !hosts_mean_this_machine(&found) && config_rules_name(config, plain)))
        return WAY_STAND_IN;
    return has_family(&found, family) ? WAY_REAL : WAY_NO_NAME;
}

enum way way_of_family(const char *name, uint16_t port, int family)
{
    KEEP_ERRNO;
    enum way way = way_of(name, port);

    if (way == WAY_STAND_IN)
        way = way_of_file(name, family);
    return way;
}

void way_by_file(struct endpoint *target, int family)
{
    const struct config *config = guest_config();
    struct addresses found;

    if (config && config_rules_name(config, target->host) && !config_rules_target(config, target) &&
        find_in_file(&found, target->host))
        hosts_take(&found, family, target);
}

/* The port that a service argument says in digits, or 0: that of a name is known when the program connects. */
static uint16_t port_of(const char *service)
{
    long port = service ? text_to_number(service, strlen(service), 1, 65535) : -1;

    return port < 0 ? 0 : (uint16_t)port;
}

/* AI_PASSIVE is no exception: beside a name it means nothing, and programs that connect say it, too (socat,
 * lftp, whose names nobody here may know, or hear of). */
enum way way_of_hinted(const char *name, const char *service, const struct addrinfo *hints)
{
    int family = hints ? hints->ai_family : AF_UNSPEC;

    if (hints && (hints->ai_flags & AI_NUMERICHOST))
        return WAY_REAL;
    if (name && strcmp(name, "*") == 0) /* glibc takes it for no name at all */
        return WAY_REAL;
    if (family == AF_INET6 && (hints->ai_flags & AI_V4MAPPED))
        family = AF_UNSPEC;
    return way_of_family(name, port_of(service), family);
}
