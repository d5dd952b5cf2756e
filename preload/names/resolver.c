#include "resolver.h"

#include "../real.h"
#include "../process/guest.h"
#include "stand_in.h"
#include "way.h"

#include <ptunnel/text.h>

#include <string.h>

/* "_http._tcp.example.org" asks about example.org. */
static const char *behind_service(const char *name)
{
    const char *dot;

    while (name[0] == '_' && (dot = strchr(name, '.')))
        name = dot + 1;
    return name;
}

bool resolver_is_closed(const char *name)
{
    enum way way = way_of(behind_service(name), 0);

    if (way == WAY_STAND_IN || way == WAY_NO_NAME)
        return true;
    return stand_in_resolvers_refused() &&
           config_name_fate(guest_config(), behind_service(name), 0) != NAME_DIRECT;
}

bool resolver_refuses(const char *name, const char *domain, res_state state)
{
    char buffer[2 * ENDPOINT_TEXT_SIZE];
    struct text whole = text_in(buffer, sizeof buffer);

    if (!name || !guest_may_act())
        return false;
    text_print(&whole, "%s%s%s", name, domain && *domain ? "." : "", domain ? domain : "");
    if (!resolver_is_closed(buffer))
        return false;
    if (state)
        state->res_h_errno = NO_DATA;
    h_errno = NO_DATA;
    return true;
}

/* The name of the query's one question. */
static bool question_of(const unsigned char *query, int size, char *name, int name_size)
{
    return query && size > NS_HFIXEDSZ &&
           dn_expand(query, query + size, query + NS_HFIXEDSZ, name, name_size) > 0;
}

bool resolver_refuses_query(const unsigned char *query, int size)
{
    char name[NS_MAXDNAME];

    if (!guest_may_act())
        return false;
    if (!stand_in_resolvers_refused() &&
        !(question_of(query, size, name, sizeof name) && resolver_is_closed(name)))
        return false;
    errno = ECONNREFUSED;
    return true;
}
