/* What the supervisor remembers of sockets, of which nobody tells when they are gone. */
#include "../../helper/supervise/sockets.c"
#include "support/rows.h"

static struct sockets sockets;

static void found_again(void **state)
{
    struct known *one, *other;

    (void)state;
    sockets_start(&sockets);
    assert_null(sockets_find(&sockets, 7));
    one = sockets_make(&sockets, 7);
    other = sockets_make(&sockets, 7 + SOCKETS_BUCKETS); /* in the same bucket */
    assert_ptr_not_equal(one, other);
    assert_ptr_equal(sockets_find(&sockets, 7), one);
    assert_ptr_equal(sockets_make(&sockets, 7), one);
    assert_ptr_equal(sockets_find(&sockets, 7 + SOCKETS_BUCKETS), other);
    assert_null(sockets_find(&sockets, 0)); /* of what is no socket */
}

static void the_oldest_is_forgotten(void **state)
{
    struct gate *busy = (struct gate *)&sockets;

    (void)state;
    sockets_start(&sockets);
    for (uint64_t cookie = 1; cookie <= SOCKETS_MOST; cookie++)
        sockets_make(&sockets, cookie);
    sockets_find(&sockets, 1)->gate = busy; /* used now, and busy */
    for (uint64_t cookie = 1; cookie <= SOCKETS_MOST * 2; cookie++)
        if (cookie > SOCKETS_MOST)
            sockets_make(&sockets, cookie);
    assert_int_equal(sockets.count, SOCKETS_MOST);
    assert_non_null(sockets_find(&sockets, 1));
    assert_null(sockets_find(&sockets, 2));
    assert_non_null(sockets_find(&sockets, SOCKETS_MOST * 2));
}

/* A set of epoll(7) that is not known of would not be given the new socket: then it must not be replaced. */
static void what_is_forgotten_is_known_of(void **state)
{
    (void)state;
    sockets_start(&sockets);
    sockets_make(&sockets, 1)->registration_count = 1;
    for (uint64_t cookie = 2; cookie <= SOCKETS_MOST; cookie++)
        sockets_make(&sockets, cookie);
    assert_false(sockets_make(&sockets, 2)->registrations_lost);
    sockets_make(&sockets, SOCKETS_MOST + 1);
    assert_true(sockets_make(&sockets, SOCKETS_MOST + 2)->registrations_lost);
}

int main(void)
{
    STORY(found_again);
    STORY(the_oldest_is_forgotten);
    STORY(what_is_forgotten_is_known_of);
    return rows_run("sockets");
}
