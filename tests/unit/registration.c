/* Registrations of pending descriptors, on an epoll_ctl(2) that says what it was asked and answers as it is told. */
#include "support/rows.h"

#include "../../preload/process/identity.h"
#include "../../preload/sockets/slot.h"
#include "../../preload/sockets/substitute.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SET = 5, FD = 7, OTHER = 9 };

static char asked[1024];
static int answer;            /* errno of the next call, or 0 */
static void (*meanwhile)(void); /* in the middle of the next call */

static int scripted_epoll_ctl(int set, int operation, int fd, struct epoll_event *event)
{
    static const char *const names[] = {
        [EPOLL_CTL_ADD] = "ADD", [EPOLL_CTL_DEL] = "DEL", [EPOLL_CTL_MOD] = "MOD"
    };
    size_t length = strlen(asked);
    uint32_t number;
    void (*now)(void) = meanwhile;

    meanwhile = NULL;
    snprintf(asked + length, sizeof asked - length, "%s%s %d", length ? ", " : "", names[operation], fd);
    length = strlen(asked);
    if (operation != EPOLL_CTL_DEL && substitute_is_cookie(event->data.u64, &number))
        snprintf(asked + length, sizeof asked - length, " %s", event->events & EPOLLIN ? "in" : "out");
    else if (operation != EPOLL_CTL_DEL)
        snprintf(asked + length, sizeof asked - length, " %x=%d", event->events, (int)event->data.u64);
    if (now)
        now();
    if (answer == 0)
        return set == SET ? 0 : -1;
    errno = answer;
    answer = 0;
    return -1;
}

static struct entry *entry;

static void begin(void **state)
{
    (void)state;
    real();
    real_functions.epoll_ctl = scripted_epoll_ctl;
    registration_forget(FD);
    registration_forget(OTHER);
    slot_drop(FD);
    answer = 0;
    asked[0] = '\0';
}

static void pend(void)
{
    entry = slot_add(FD);
    entry_unlock(entry);
    substitute_put(FD, entry, DIAL_WANT_WRITE);
}

static int control(int operation, uint32_t events, int data)
{
    struct epoll_event event = { events, { .u64 = (uint64_t)data } };

    return substitute_control(SET, operation, FD, &event);
}

/* What is done to a registration, a letter each, and what the kernel is asked for. */
static const struct story {
    const char *name, *acts;
    uint32_t events;
    const char *kernel;
} stories[] = {
    { "nothing is pending", "A", EPOLLOUT, "ADD 7 4=1" },
    { "registered before connect()", "ACR", EPOLLOUT, "ADD 7 4=1, MOD 7 out, MOD 7 4=1" },
    { "registered after connect()", "CAR", EPOLLOUT, "ADD 7 out, MOD 7 4=1" },
    { "the dial wants to read", "AC<R", EPOLLOUT, "ADD 7 4=1, MOD 7 out, MOD 7 in, MOD 7 4=1" },
    { "put back once", "ACRR", EPOLLOUT, "ADD 7 4=1, MOD 7 out, MOD 7 4=1" },
    { "changed while pending", "ACMR", EPOLLIN, "ADD 7 1=1, MOD 7 out, MOD 7 out, MOD 7 1=2" },
    { "removed while pending", "ACDR", EPOLLIN, "ADD 7 1=1, MOD 7 out, DEL 7" },
    { "forgotten while pending", "ACFR", EPOLLIN, "ADD 7 1=1, MOD 7 out" },
    { "the kernel refuses it", "xAC", EPOLLIN, "ADD 7 1=1" },
    { "the kernel refuses it while pending", "CxAR", EPOLLIN, "ADD 7 out" },
    { "gone behind our back", "AxCR", EPOLLIN, "ADD 7 1=1, MOD 7 out" },
    { "exclusive", "ACR", EPOLLIN | EPOLLEXCLUSIVE,
      "ADD 7 10000001=1, DEL 7, ADD 7 out, DEL 7, ADD 7 10000001=1" },
    { "exclusive, while pending", "CAR", EPOLLIN | EPOLLEXCLUSIVE,
      "ADD 7 10000001=1, DEL 7, ADD 7 out, DEL 7, ADD 7 10000001=1" },
    { "exclusive, gone behind our back", "AxCR", EPOLLIN | EPOLLEXCLUSIVE, "ADD 7 10000001=1, DEL 7" },
    { "exclusive, gone while pending", "ACxR", EPOLLIN | EPOLLEXCLUSIVE,
      "ADD 7 10000001=1, DEL 7, ADD 7 out, DEL 7" },
    { "moved to a duplicate", "ACVR", EPOLLIN, "ADD 7 1=1, MOD 7 out, DEL 7, ADD 9 out, MOD 9 1=1" },
    { "moved when it was gone", "ACxVR", EPOLLIN, "ADD 7 1=1, MOD 7 out, DEL 7" },
};

static int given = FD; /* the number that has the registration */

static void act(char letter, uint32_t events)
{
    switch (letter) {
    case 'x': answer = ENOENT; break;
    case 'A': control(EPOLL_CTL_ADD, events, 1); break;
    case 'M': control(EPOLL_CTL_MOD, events, 2); break;
    case 'D': control(EPOLL_CTL_DEL, 0, 0); break;
    case 'C': pend(); break;
    case '<': substitute_put(FD, entry, DIAL_WANT_READ); break;
    case 'F': registration_forget(FD); break;
    case 'V':
        substitute_move(FD, OTHER, entry);
        registration_forget(FD);
        given = OTHER;
        break;
    case 'R': substitute_take_back(given, entry); break;
    }
}

static void the_kernel_holds_what_it_should(void **state)
{
    const struct story *story = *state;

    begin(NULL);
    given = FD;
    for (const char *letter = story->acts; *letter; letter++)
        act(*letter, story->events);
    assert_string_equal(asked, story->kernel);
    assert_true(registration_lock(FD) && registration_lock(OTHER));
    registration_unlock(FD, true);
    registration_unlock(OTHER, true);
}

static void an_exclusive_one_is_not_modified(void **state)
{
    begin(state);
    assert_int_equal(control(EPOLL_CTL_ADD, EPOLLIN | EPOLLEXCLUSIVE, 1), 0);
    pend();
    assert_int_equal(control(EPOLL_CTL_MOD, EPOLLIN, 2), -EINVAL);
}

static void records_are_counted_by_set(void **state)
{
    int before;

    begin(state);
    before = registration_count(SET);
    control(EPOLL_CTL_ADD, EPOLLIN, 1);
    control(EPOLL_CTL_MOD, EPOLLIN, 2);
    assert_int_equal(registration_count(SET), before + 1);
    control(EPOLL_CTL_DEL, 0, 0);
    assert_int_equal(registration_count(SET), before);
    control(EPOLL_CTL_ADD, EPOLLIN, 1);
    registration_forget(FD);
    assert_int_equal(registration_count(SET), before);
}

static _Atomic bool published, put;

static void *connect_meanwhile(void *data)
{
    entry = slot_add(FD);
    entry_unlock(entry);
    atomic_store(&published, true);
    substitute_put(FD, entry, DIAL_WANT_WRITE);
    atomic_store(&put, true);
    return data;
}

static pthread_t connecting;

/* Were the records not locked the other thread would find none, and be done. */
static void start_connecting(void)
{
    pthread_create(&connecting, NULL, connect_meanwhile, NULL);
    while (!atomic_load(&published))
        sched_yield();
    for (int i = 0; i < 1000 && !atomic_load(&put); i++)
        sched_yield();
}

static void a_thread_that_connects_meanwhile_finds_the_record(void **state)
{
    begin(state);
    meanwhile = start_connecting;
    assert_int_equal(control(EPOLL_CTL_ADD, EPOLLOUT, 1), 0);
    assert_int_equal(pthread_join(connecting, NULL), 0);
    assert_string_equal(asked, "ADD 7 4=1, MOD 7 out");
}

/* In a forked child: what became of the calls, as a status. */
static int in_child(const char *acts, const char *kernel)
{
    pid_t child = fork();
    int status = -1;

    if (child == 0) {
        asked[0] = '\0';
        for (; *acts; acts++)
            if (*acts == 'U')
                substitute_use_set(SET);
            else
                act(*acts, EPOLLOUT);
        if (strcmp(asked, kernel) != 0)
            fprintf(stderr, "asked: %s\n", asked);
        _exit(strcmp(asked, kernel) != 0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* A forked child and its parent's set, which is the number of no real one here: so /proc tells nothing. */
static const struct {
    const char *name, *acts, *kernel;
} heirs[] = {
    { "ends the dial", "R", "" },
    { "steps it", "<", "" },
    { "closes its copy", "VF", "" },
    { "waits for the set, and ends the dial", "UR", "MOD 7 4=1" },
    { "waits for the set, and steps it", "U<", "MOD 7 in" },
    { "changes the set", "MR", "MOD 7 out, MOD 7 4=2" },
    { "closes its copy, and waits for the set", "FU", "" },
};

static void a_forked_child_leaves_its_parents_sets_alone(void **state)
{
    const typeof(*heirs) *row = *state;

    begin(NULL);
    given = FD;
    control(EPOLL_CTL_ADD, EPOLLOUT, 1);
    pend();
    assert_int_equal(in_child(row->acts, row->kernel), 0);
}

static void a_child_that_uses_the_set_shares_what_is_pending(void **state)
{
    begin(state);
    control(EPOLL_CTL_ADD, EPOLLOUT, 1);
    pend();
    assert_false(atomic_load(&entry->contested));
    assert_int_equal(in_child("U", ""), 0);
    assert_true(atomic_load(&entry->contested));
}

int main(void)
{
    ROWS(stories, the_kernel_holds_what_it_should);
    STORY(an_exclusive_one_is_not_modified);
    STORY(records_are_counted_by_set);
    STORY(a_thread_that_connects_meanwhile_finds_the_record);
    ROWS(heirs, a_forked_child_leaves_its_parents_sets_alone);
    STORY(a_child_that_uses_the_set_shares_what_is_pending);
    return rows_run("registration");
}
