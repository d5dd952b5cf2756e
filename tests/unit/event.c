/* What becomes of all that is known of a descriptor, for each event: the table of preload/sockets/event.c. */
#include "support/rows.h"

#include "../../preload/sockets/duplicates.h"
#include "../../preload/sockets/event.h"
#include "../../preload/sockets/peer.h"
#include "../../preload/sockets/slot.h"
#include "../../preload/sockets/substitute.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { SET = 5 };

static int fd, copy, ends[2]; /* fd and its duplicate */
static struct entry *entry;
static char mods[16]; /* of what was modified: "o" the program's own, "s" a substitute */

static int scripted_epoll_ctl(int set, int operation, int on, struct epoll_event *event)
{
    uint32_t number;

    (void)set;
    (void)on;
    if (operation == EPOLL_CTL_MOD)
        strcat(mods, substitute_is_cookie(event->data.u64, &number) ? "s" : "o");
    return 0;
}

static void record(int number)
{
    struct peer peer = { .target.port = 443, .proxy.port = 3128 };

    peer_set(number, &peer);
}

/* Both descriptors pending, registered, and with the records of an earlier connection. */
static int begin(void **state)
{
    static struct route route;
    static struct candidate candidate;
    struct epoll_event event = { EPOLLIN, { .u64 = 1 } };

    (void)state;
    real();
    real_functions.epoll_ctl = scripted_epoll_ctl;
    socketpair(AF_UNIX, SOCK_STREAM, 0, ends);
    fd = ends[0];
    copy = dup(fd);
    duplicates_note(fd, copy);
    route = (struct route){ .count = 1, .candidates = &candidate };
    entry = slot_add(fd);
    entry->asked.port = 443;
    entry->dial.route = &route;
    entry->dial.fd = fd;
    slot_share(copy, entry);
    substitute_control(SET, EPOLL_CTL_ADD, fd, &event);
    record(fd);
    record(copy);
    mods[0] = '\0';
    return 0;
}

static void finish(void)
{
    if (slot_find(fd) || slot_find(copy))
        slot_drop_all(entry);
    entry_unlock(entry);
    registration_forget(fd);
    registration_forget(copy);
    peer_forget(fd);
    peer_forget(copy);
    close(ends[0]);
    close(ends[1]);
    close(copy);
}

static void closing(void)
{
    event_closing(fd);
    entry_lock(entry);
}

static void recycled(void)
{
    event_recycled(fd);
}

static void opened(void)
{
    event_opened(entry);
}

static void failed(void)
{
    event_failed(entry, ETIMEDOUT);
}

static void dissolved(void)
{
    event_dissolved(entry, EPIPE);
}

static void untouched(void)
{
    event_untouched(entry, EISCONN);
}

static void disconnected(void)
{
    slot_drop_all(entry);
    event_disconnected(copy);
}

static void overtaken(void)
{
    atomic_store(&entry->state, ENTRY_OPEN);
    event_overtaken(fd, entry);
}

static void duplicated(void)
{
    peer_forget(copy);
    event_recycled(copy);
    event_duplicated(fd, copy);
}

static const struct row {
    const char *name;
    void (*happens)(void);
    enum entry_state state;
    bool slot, copy_slot, peer, copy_peer;
    int registrations; /* that are known then */
    const char *mods;
} rows[] = {
    { "closing", closing, ENTRY_PENDING, false, true, false, true, 1, "" },
    { "recycled", recycled, ENTRY_PENDING, false, true, false, true, 0, "" },
    { "opened", opened, ENTRY_OPEN, false, false, true, true, 1, "o" },
    { "failed", failed, ENTRY_FAILED, true, true, false, false, 1, "o" },
    { "dissolved", dissolved, ENTRY_DIRECT, false, false, false, false, 1, "o" },
    { "untouched", untouched, ENTRY_DIRECT, false, false, true, true, 1, "o" },
    { "disconnected", disconnected, ENTRY_PENDING, false, false, false, false, 1, "" },
    { "overtaken", overtaken, ENTRY_OPEN, false, true, true, true, 1, "o" },
    { "duplicated", duplicated, ENTRY_PENDING, true, true, true, true, 1, "" },
};

static void all_that_is_known_follows(void **state)
{
    const struct row *row = *state;

    begin(NULL);
    row->happens();
    assert_int_equal(atomic_load(&entry->state), row->state);
    assert_int_equal(slot_find(fd) == entry, row->slot);
    assert_int_equal(slot_find(copy) == entry, row->copy_slot);
    assert_int_equal(peer_known(fd), row->peer);
    assert_int_equal(peer_known(copy), row->copy_peer);
    assert_int_equal(registration_count(SET), row->registrations);
    assert_string_equal(mods, row->mods);
    finish();
}

static void a_failure_is_told_once(void **state)
{
    begin(state);
    event_failed(entry, ETIMEDOUT);
    assert_int_equal(entry->error, ETIMEDOUT);
    assert_true(atomic_exchange(&entry->unread, false));
    finish();
}

int main(void)
{
    ROWS(rows, all_that_is_known_follows);
    STORY(a_failure_is_told_once);
    return rows_run("event");
}
