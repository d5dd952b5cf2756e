/* What the kernel tells of a registration, and when it is asked: for small sets, of real descriptors. */
#include "support/rows.h"

#include "../../preload/sockets/armed.h"
#include "../../preload/sockets/slot.h"
#include "../../preload/sockets/substitute.h"

#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

enum { UPPER = 0x1234 };

static int set, fd;

static void add(uint32_t events, uint64_t data)
{
    struct epoll_event event = { events, { .u64 = data } };

    assert_int_equal(substitute_control(set, EPOLL_CTL_ADD, fd, &event), 0);
}

static void begin(void)
{
    set = epoll_create1(0);
    fd = socket(AF_INET, SOCK_STREAM, 0); /* it hangs up from the start, as no connection does */
    assert_true(set >= 0 && fd >= 0);
}

static void end(void)
{
    registration_forget(fd);
    close(fd);
    close(set);
}

static void fire(void)
{
    struct epoll_event event;

    assert_int_equal(epoll_wait(set, &event, 1, 1000), 1);
}

static void what_has_fired_is_disarmed(void **state)
{
    (void)state;
    begin();
    add(EPOLLOUT | EPOLLONESHOT, 7);
    assert_true(armed_look(set, fd, UPPER).known);
    assert_false(armed_look(set, fd, UPPER).fired);
    fire();
    assert_true(armed_look(set, fd, UPPER).fired);
    end();
}

static void the_data_tells_whose_it_is(void **state)
{
    (void)state;
    begin();
    add(EPOLLIN, (uint64_t)UPPER << 32 | 7);
    assert_true(armed_look(set, fd, UPPER).ours);
    assert_false(armed_look(set, fd, UPPER + 1).ours);
    assert_false(armed_look(set, fd + 1, UPPER).ours);
    end();
    assert_false(armed_look(set, fd, UPPER).known);
}

static const struct {
    const char *name;
    int others;
    bool is_looked_at;
} sets[] = {
    { "of one", 0, true },
    { "of 64", 63, true },
    { "of 65", 64, false },
};

/* A fired one-shot registration stays silent where that can be known: the kernel writes all of a set at once. */
static void a_large_set_is_not_looked_at(void **state)
{
    const typeof(*sets) *row = *state;
    struct epoll_event event = { EPOLLIN, { .u64 = 1 } };
    int others[64];
    struct entry *entry;

    begin();
    add(EPOLLOUT | EPOLLONESHOT, 7);
    fire();
    for (int i = 0; i < row->others; i++) {
        others[i] = eventfd(0, 0);
        assert_int_equal(substitute_control(set, EPOLL_CTL_ADD, others[i], &event), 0);
    }
    entry = slot_add(fd);
    assert_int_equal(substitute_put(fd, entry, DIAL_WANT_WRITE), !row->is_looked_at);
    slot_drop(fd);
    entry_unlock(entry);
    for (int i = 0; i < row->others; i++) {
        registration_forget(others[i]);
        close(others[i]);
    }
    end();
}

int main(void)
{
    STORY(what_has_fired_is_disarmed);
    STORY(the_data_tells_whose_it_is);
    ROWS(sets, a_large_set_is_not_looked_at);
    return rows_run("armed");
}
