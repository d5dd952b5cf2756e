#include "answer.h"

#include "resolver.h"
#include "stand_in.h"
#include "way.h"

#include <ptunnel/endpoint.h>

#include <string.h>

enum { SECONDS = 60 }; /* a stand-in means its name for a day at least */

static enum back name_of(const struct in6_addr *address, char *name)
{
    struct endpoint endpoint = { .literal = true, .address = *address };
    struct sockaddr_storage there;
    int family = IN6_IS_ADDR_V4MAPPED(address) ? AF_INET : AF_INET6;
    socklen_t size = endpoint_to_sockaddr(&endpoint, family, &there);

    return stand_in_back((const struct sockaddr *)&there, size, name);
}

bool answer_is_ours(struct dns_query *query, const void *message, size_t size)
{
    struct in6_addr address;
    char name[ENDPOINT_HOST_MAX + 1];
    enum dns_kind kind = dns_read(query, message, size);

    if (kind != DNS_QUERY)
        return kind == DNS_WRONG_QUERY;
    if (dns_reverse(query, &address))
        return name_of(&address, name) != BACK_REAL;
    return resolver_is_closed(query->name);
}

static size_t answer_reverse(const struct dns_query *query, const void *message,
                             const struct in6_addr *address, void *out)
{
    char name[ENDPOINT_HOST_MAX + 1];
    struct dns_known known = { .seconds = SECONDS };

    if (name_of(address, name) == BACK_NAME)
        known.name = name;
    return dns_answer(query, message, &known, out);
}

size_t answer_make(const struct dns_query *query, const void *message, void *out)
{
    struct in6_addr address, v4, v6;
    struct dns_known known = { .v4 = &v4, .v6 = &v6, .seconds = SECONDS };

    if (query->wrong != DNS_OK)
        return dns_fail(query, message, query->wrong, out);
    if (dns_reverse(query, &address))
        return answer_reverse(query, message, &address, out);
    switch (way_of(query->name, 0)) {
    case WAY_STAND_IN:
        if (!stand_in_addresses(query->name, &v4, &v6))
            return dns_fail(query, message, DNS_SERVER_FAILURE, out);
        return dns_answer(query, message, &known, out);
    case WAY_NO_NAME: /* no proxy could be asked for it */
        return dns_fail(query, message, DNS_NO_SUCH_NAME, out);
    default: /* a service of a name that is tunnelled */
        return dns_answer(query, message, &(struct dns_known){ 0 }, out);
    }
}
