/* Routes: which proxy is next, what is remembered of each, when a name is looked up, and what is a proxy's
 * own address. */
#include "support/rows.h"
#include "support/fake_clock.h"
#include "support/scripted_net.h"

#include <ptunnel/route.h>

#include <string.h>

static struct candidate candidates[ROUTE_CANDIDATES_MOST];

static struct route route_of(const char *urls)
{
    struct route route = { .candidates = candidates };

    memset(candidates, 0, sizeof candidates);
    for (size_t size; *urls; urls += size + strspn(urls + size, " ")) {
        size = strcspn(urls, " ");
        assert_null(proxy_parse(&candidates[route.count++].proxy, urls, size));
    }
    return route;
}

/* Of three proxies: the bits of those already tried, those that failed just now, and which is next. */
static const struct {
    const char *name;
    uint32_t tried, failed;
    int next;
} orders[] = {
    { "the first", 0, 0, 0 },
    { "the second", 1, 0, 1 },
    { "the third", 3, 0, 2 },
    { "one that was left out", 5, 0, 1 },
    { "none is left", 7, 0, -1 },
    { "the first failed", 0, 1, 1 },
    { "the first failed, the second was tried", 2, 1, 2 },
    { "the first failed, the others were tried", 6, 1, 0 },
    { "two failed", 0, 3, 2 },
    { "all failed: in order again", 0, 7, 0 },
    { "all failed, the first was tried", 1, 7, 1 },
    { "all failed, all were tried", 7, 7, -1 },
    { "bits beyond the route do not matter", ~UINT32_C(0) & ~UINT32_C(2), 0, 1 },
};

static void next(void **state)
{
    const typeof(*orders) *row = *state;
    struct route route = route_of("a b c");

    clock_stop();
    for (size_t i = 0; i < route.count; i++)
        if (row->failed & 1u << i)
            candidate_failed(&candidates[i]);
    assert_int_equal(route_next(&route, row->tried, 0), row->next);
    clock_pass(29999);
    assert_int_equal(route_next(&route, row->tried, 0), row->next);
}

static void after_thirty_seconds_all_is_forgiven(void **state)
{
    struct route route = route_of("a b");

    (void)state;
    clock_stop();
    candidate_failed(&candidates[0]);
    assert_int_equal(route_next(&route, 0, 0), 1);
    clock_pass(30000);
    assert_int_equal(route_next(&route, 0, 0), 0);
}

static void an_answer_forgives_at_once(void **state)
{
    struct route route = route_of("a b");

    (void)state;
    clock_stop();
    candidate_failed(&candidates[0]);
    candidate_answered(&candidates[0]);
    assert_int_equal(route_next(&route, 0, 0), 0);
}

static void silence_about_one_target_is_held_against_it_for_that_one_alone(void **state)
{
    struct route route = route_of("a b");

    (void)state;
    clock_stop();
    candidate_silent(&candidates[0], 1);
    candidate_silent(&candidates[0], 1);
    assert_int_equal(route_next(&route, 0, 1), 1);
    assert_int_equal(route_next(&route, 0, 2), 0);
    assert_int_equal(route_next(&route, 0, 0), 0);
    clock_pass(30000);
    assert_int_equal(route_next(&route, 0, 1), 0);
    candidate_silent(&candidates[0], 1);
    candidate_answered(&candidates[0]);
    assert_int_equal(route_next(&route, 0, 1), 0);
}

static void silence_about_two_targets_is_held_against_it(void **state)
{
    struct route route = route_of("a b");

    (void)state;
    clock_stop();
    candidate_silent(&candidates[0], 1);
    candidate_answered(&candidates[0]);
    candidate_silent(&candidates[0], 2);
    assert_int_equal(route_next(&route, 0, 3), 0);
    candidate_silent(&candidates[0], 1);
    assert_int_equal(route_next(&route, 0, 3), 1);
}

static void all_thirty_two_are_tried(void **state)
{
    struct route route = { .count = ROUTE_CANDIDATES_MOST, .candidates = candidates };
    uint32_t tried = 0;

    (void)state;
    memset(candidates, 0, sizeof candidates);
    for (int i = 0; i < ROUTE_CANDIDATES_MOST; i++) {
        assert_int_equal(route_next(&route, tried, 0), i);
        tried |= UINT32_C(1) << i;
    }
    assert_int_equal(route_next(&route, tried, 0), -1);
}

static const struct addresses *look(const struct line *script)
{
    const struct addresses *list;

    script_start(script);
    list = candidate_addresses(&candidates[0], &scripted_net);
    assert_int_equal(script_next()->kind, LINE_END);
    return list;
}

static void assert_list(const struct addresses *list, size_t count, const char *first)
{
    struct endpoint endpoint;

    assert_non_null(list);
    assert_int_equal(list->count, count);
    assert_null(endpoint_set_host(&endpoint, first, strlen(first)));
    assert_memory_equal(&list->at[0].address, &endpoint.address, sizeof endpoint.address);
}

static void an_address_is_never_looked_up(void **state)
{
    (void)state;
    clock_stop();
    route_of("192.0.2.1");
    assert_list(look(SCRIPT()), 1, "192.0.2.1");
    candidate_failed(&candidates[0]);
    clock_pass(100000);
    assert_list(look(SCRIPT()), 1, "192.0.2.1");
}

static void a_name_is_looked_up_once(void **state)
{
    const struct addresses *list;

    (void)state;
    clock_stop();
    route_of("p.test");
    list = look(SCRIPT(LOOK_UP("p.test", "192.0.2.1 2001:db8::1")));
    assert_list(list, 2, "192.0.2.1");
    clock_pass(3600000);
    assert_ptr_equal(look(SCRIPT()), list);
    candidate_answered(&candidates[0]);
    assert_ptr_equal(look(SCRIPT()), list);
}

static void and_again_when_it_failed_and_five_seconds_went_by(void **state)
{
    const struct addresses *list;

    (void)state;
    clock_stop();
    route_of("p.test");
    list = look(SCRIPT(LOOK_UP("p.test", "192.0.2.1")));
    clock_pass(1);
    candidate_failed(&candidates[0]);
    clock_pass(4998);
    assert_ptr_equal(look(SCRIPT()), list);
    clock_pass(1);
    assert_ptr_equal(look(SCRIPT(LOOK_UP("p.test", "192.0.2.1"))),
                     list); /* the same answer is the same list */
    clock_pass(10000);
    assert_ptr_equal(look(SCRIPT()), list); /* it did not fail since */
    candidate_failed(&candidates[0]);
    assert_list(look(SCRIPT(LOOK_UP("p.test", "192.0.2.2 192.0.2.3"))), 2, "192.0.2.2");
    assert_list(list, 1, "192.0.2.1"); /* another thread may still be walking it */
}

static void a_resolver_that_is_away_leaves_what_was_known(void **state)
{
    const struct addresses *list;

    (void)state;
    clock_stop();
    route_of("p.test");
    list = look(SCRIPT(LOOK_UP("p.test", "192.0.2.1")));
    clock_pass(5000);
    candidate_failed(&candidates[0]);
    assert_ptr_equal(look(SCRIPT(LOOK_UP_FAILS("p.test", EAI_AGAIN))), list);
    assert_ptr_equal(look(SCRIPT()), list); /* nor is it asked at once again */
}

static void a_name_that_does_not_resolve_is_asked_again_after_five_seconds(void **state)
{
    (void)state;
    clock_stop();
    route_of("p.test");
    assert_null(look(SCRIPT(LOOK_UP_FAILS("p.test", EAI_NONAME))));
    clock_pass(4999);
    assert_null(look(SCRIPT()));
    clock_pass(1);
    assert_list(look(SCRIPT(LOOK_UP("p.test", "192.0.2.1"))), 1, "192.0.2.1");
}

static void no_more_than_eight_addresses_are_kept(void **state)
{
    (void)state;
    clock_stop();
    route_of("p.test");
    assert_list(
        look(SCRIPT(LOOK_UP("p.test", "192.0.2.1 192.0.2.2 192.0.2.3 192.0.2.4 192.0.2.5 192.0.2.6 192.0.2.7 "
                                      "192.0.2.8 192.0.2.9"))),
        ADDRESSES_MOST, "192.0.2.1");
}

static void a_literal_is_its_own_address(void **state)
{
    struct endpoint endpoint;
    struct addresses list;

    (void)state;
    script_start(SCRIPT());
    assert_null(endpoint_parse(&endpoint, "[fe80::1]:80", 12, 0));
    endpoint.scope = 3;
    assert_true(addresses_find(&list, &endpoint, &scripted_net));
    assert_list(&list, 1, "fe80::1");
    assert_int_equal(list.at[0].scope, 3);
}

/* Of the proxies 192.0.2.1:3128, p.test:8080 (looked up: 192.0.2.7 and 2001:db8::7) and [2001:db8::1]:3128.
 */
static const struct {
    const char *name, *endpoint;
    bool is_proxy;
} own_addresses[] = {
    { "an address", "192.0.2.1:3128", true },
    { "the same, mapped", "[::ffff:192.0.2.1]:3128", true },
    { "another port of it", "192.0.2.1:22", false },
    { "an IPv6 address", "[2001:db8:0:0::1]:3128", true },
    { "a name", "p.test:8080", true },
    { "a name in capitals, with a dot", "P.Test.:8080", true },
    { "another port of the name", "p.test:3128", false },
    { "an address of the name", "192.0.2.7:8080", true },
    { "the other address of the name", "[2001:db8::7]:8080", true },
    { "an address of the name with another's port", "192.0.2.7:3128", false },
    { "another name", "q.test:8080", false },
    { "another address", "192.0.2.2:3128", false },
    { "the unspecified address", "[::]:8080", false },
};

static void what_is_a_proxy(void **state)
{
    const typeof(*own_addresses) *row = *state;
    struct route route = route_of("192.0.2.1:3128 p.test:8080 [2001:db8::1]:3128");
    struct endpoint endpoint;

    clock_stop();
    script_start(SCRIPT(LOOK_UP("p.test", "192.0.2.7 2001:db8::7")));
    assert_non_null(candidate_addresses(&candidates[1], &scripted_net));
    assert_null(endpoint_parse(&endpoint, row->endpoint, strlen(row->endpoint), 0));
    assert_int_equal(route_has_proxy(&route, &endpoint), row->is_proxy);
}

int main(void)
{
    ROWS(orders, next);
    STORY(after_thirty_seconds_all_is_forgiven);
    STORY(an_answer_forgives_at_once);
    STORY(silence_about_one_target_is_held_against_it_for_that_one_alone);
    STORY(silence_about_two_targets_is_held_against_it);
    STORY(all_thirty_two_are_tried);
    STORY(an_address_is_never_looked_up);
    STORY(a_name_is_looked_up_once);
    STORY(and_again_when_it_failed_and_five_seconds_went_by);
    STORY(a_resolver_that_is_away_leaves_what_was_known);
    STORY(a_name_that_does_not_resolve_is_asked_again_after_five_seconds);
    STORY(no_more_than_eight_addresses_are_kept);
    STORY(a_literal_is_its_own_address);
    ROWS(own_addresses, what_is_a_proxy);
    return rows_run("route");
}
