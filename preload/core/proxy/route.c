#include <ptunnel/route.h>

int route_next(const struct route *route, uint32_t tried, uint64_t target)
{
    int64_t now = deadline_now();
    int second_choice = -1;

    for (size_t i = 0; i < route->count; i++) {
        if (tried & UINT32_C(1) << i)
            continue;
        if (!candidate_failed_of_late(&route->candidates[i], target, now))
            return (int)i;
        if (second_choice < 0)
            second_choice = (int)i;
    }
    return second_choice;
}

bool route_has_proxy(const struct route *route, const struct endpoint *endpoint)
{
    for (size_t i = 0; i < route->count; i++)
        if (candidate_is(&route->candidates[i], endpoint))
            return true;
    return false;
}
