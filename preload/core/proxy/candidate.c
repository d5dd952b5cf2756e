#include <ptunnel/candidate.h>
#include <ptunnel/arena.h>

#include <string.h>

static const int64_t avoid_failed = INT64_C(30) * 1000000000;

static const int64_t look_up_again = INT64_C(5) * 1000000000;

static bool is_of_late(int64_t at, int64_t now)
{
    return at != 0 && now - at < avoid_failed;
}

bool candidate_failed_of_late(const struct candidate *candidate, uint64_t target, int64_t now)
{
    return is_of_late(atomic_load(&candidate->failed_at), now) ||
           (target != 0 && atomic_load(&candidate->unanswered) == target &&
            is_of_late(atomic_load(&candidate->unanswered_at), now));
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

bool candidate_wants_look_up(const struct candidate *candidate)
{
    return !candidate->proxy.at.literal && look_up_due(candidate);
}

void candidate_know(struct candidate *candidate, const struct addresses *list)
{
    publish(candidate, list);
    atomic_store(&candidate->looked_up_at, deadline_now());
}

/* Publish the addresses, then looked_up_at; read in the reverse order. Otherwise a thread could see "just
 * looked up" and no addresses, and say that the name does not resolve. */
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
    atomic_store(&candidate->unanswered, 0);
}

void candidate_silent(struct candidate *candidate, uint64_t target)
{
    uint64_t before = atomic_exchange(&candidate->unanswered, target);

    atomic_store(&candidate->unanswered_at, deadline_now());
    if (before != 0 && before != target)
        candidate_failed(candidate);
}

bool candidate_is(const struct candidate *candidate, const struct endpoint *endpoint)
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
