/* What a relay leaves behind. */
#include "../../helper/relay/relay.h"
#include "../../helper/common/libc_net.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static struct loop loop;
static struct relays all;

static void has_ended(struct relays *relays, const struct relay *relay)
{
    (void)relays;
    (void)relay;
    loop.stopped = true;
}

static unsigned watched(void)
{
    char path[64], line[256];
    unsigned count = 0;
    FILE *file;

    snprintf(path, sizeof path, "/proc/self/fdinfo/%d", loop.epoll);
    file = fopen(path, "r");
    assert_non_null(file);
    while (fgets(line, sizeof line, file))
        count += strncmp(line, "tfd:", 4) == 0;
    fclose(file);
    return count;
}

/* A relay whose near and far ends are [0] of each pair. */
static void begin(int near[2], int far[2], bool shared)
{
    static const struct dial_limits limits = { .timeout = 1000, .attempt = 1000 };

    assert_int_equal(loop_open(&loop), 0);
    relays_start(&all, &loop, &limits, has_ended);
    all.has_shared_ends = true;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, near), 0);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, far), 0);
    assert_int_equal(relay_join(&all, near[0], far[0], shared), 0);
}

/* The program's own duplicate of the far side, or the maker's of the near one, lives on: closing ours is not enough for
 * epoll(7). */
static void ends_that_others_have(void **state)
{
    bool shared = *state != NULL;
    int near[2], far[2], others[2];

    begin(near, far, shared);
    others[0] = dup(near[0]);
    others[1] = dup(far[0]);
    assert_int_equal(watched(), 2);
    close(near[1]);
    close(far[1]);
    assert_int_equal(loop_run(&loop), 0);
    assert_int_equal(watched(), 0);
    close(others[0]);
    close(others[1]);
    loop_close(&loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ends_that_others_have),
        { "ends_that_others_have, shared", ends_that_others_have, NULL, NULL, "shared" },
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
