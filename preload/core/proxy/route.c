#include <ptunnel/route.h>
#include <ptunnel/arena.h>

#include <netdb.h>
#include <string.h>

static const int64_t avoid_failed = INT64_C(30) * 1000000000;
static const int64_t look_up_again = INT64_C(5) * 1000000000;

static bool failed_of_late(const struct candidate *candidate, int64_t now)
{
    int64_t failed_at = atomic_load(&candidate->failed_at);

    return failed_at != 0 && now - failed_at < avoid_failed;
}

int route_next(const struct route *route, uint32_t tried)
{
    int64_t now = deadline_now();
    int second_choice = -1;

    for (size_t i = 0; i < route->count; i++) {
        if (tried & UINT32_C(1) << i)
            continue;
        if (!failed_of_late(&route->candidates[i], now))
            return (int)i;
        if (second_choice < 0)
            second_choice = (int)i;
    }
    return second_choice;
}

static void add_address(struct addresses *list, const struct endpoint *endpoint)
{
    list->at[list->count].address = endpoint->address;
    list->at[list->count++].scope = endpoint->scope;
}

bool addresses_find(struct addresses *out, const struct endpoint *endpoint, const struct net *net)
{
    struct addrinfo hints = { .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM };
    struct addrinfo *found;
    struct endpoint address;

    memset(out, 0, sizeof *out);
    if (endpoint->literal) {
        add_address(out, endpoint);
        return true;
    }
    if (net->getaddrinfo(endpoint->host, NULL, &hints, &found) != 0)
        return false;
    for (struct addrinfo *at = found; at && out->count < ADDRESSES_MOST; at = at->ai_next)
        if (endpoint_from_sockaddr(&address, at->ai_addr, at->ai_addrlen))
            add_address(out, &address);
    freeaddrinfo(found);
    return out->count > 0;
}

/* Publishes the list. The one before it stays: another thread may be walking it. The leak is bounded by how
 * often a proxy's name changes its addresses. */
static void publish(struct candidate *candidate, const struct addresses *list)
{
    const struct addresses *before = atomic_load(&candidate->addresses);
    struct addresses *copy;

    if (before && memcmp(before, list, sizeof *list) == 0)
        return;
    copy = arena_alloc(sizeof *copy);
    if (!copy)
        return;
    *copy = *list;
    atomic_store(&candidate->addresses, copy);
}

static bool look_up_due(const struct candidate *candidate)
{
    int64_t looked_up_at = atomic_load(&candidate->looked_up_at);

    if (looked_up_at == 0)
        return true;
    return (!atomic_load(&candidate->addresses) || atomic_load(&candidate->failed_at) > looked_up_at) &&
           deadline_now() - looked_up_at >= look_up_again;
}

/* The time of a look-up is told when its result can be seen, and the result looked at after the time: another
 * thread that came in between would take a look-up under way for a name that does not resolve. */
const struct addresses *candidate_addresses(struct candidate *candidate, const struct net *net)
{
    const struct addresses *known = atomic_load(&candidate->addresses);
    struct addresses fresh;

    if (known && candidate->proxy.at.literal)
        return known;
    if (look_up_due(candidate)) {
        if (addresses_find(&fresh, &candidate->proxy.at, net))
            publish(candidate, &fresh);
        atomic_store(&candidate->looked_up_at, deadline_now());
    }
    return atomic_load(&candidate->addresses); /* one that worked is better than a resolver that is away */
}

void candidate_failed(struct candidate *candidate)
{
    atomic_store(&candidate->failed_at, deadline_now());
}

void candidate_answered(struct candidate *candidate)
{
    atomic_store(&candidate->failed_at, 0);
    atomic_store(&candidate->answered_at, deadline_now());
}

static bool candidate_is(const struct candidate *candidate, const struct endpoint *endpoint)
{
    const struct addresses *known = atomic_load(&candidate->addresses);

    if (candidate->proxy.at.port != endpoint->port)
        return false;
    if (endpoint_equal(&candidate->proxy.at, endpoint))
        return true;
    for (size_t i = 0; known && endpoint->literal && i < known->count; i++)
        if (memcmp(&known->at[i].address, &endpoint->address, sizeof endpoint->address) == 0)
            return true;
    return false;
}

bool route_has_proxy(const struct route *route, const struct endpoint *endpoint)
{
    for (size_t i = 0; i < route->count; i++)
        if (candidate_is(&route->candidates[i], endpoint))
            return true;
    return false;
}
