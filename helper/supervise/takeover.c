#include "takeover.h"
#include "look.h"
#include "supervisor.h"
#include "../common/libc_net.h"

#include <ptunnel/socket_options.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/kcmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { LEAST_NUMBER = 3, LINE_SIZE = 256 };

/* A set that B is to be put into. */
struct set {
    int fd; /* a duplicate of the program's */
    struct epoll_event event;
};

struct move {
    struct gate *gate;
    const struct notice *notice;
    int from; /* A */
    int number;
    struct set sets[REGISTRATIONS_MOST];
    unsigned count;
};

int takeover_reserve(int *nothing)
{
    struct rlimit limit;
    int end;

    if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
        return 0;
    end = limit.rlim_cur / 2 < TAKEOVER_NUMBERS ? (int)(limit.rlim_cur / 2) : TAKEOVER_NUMBERS;
    for (int fd = 0; fd >= 0 && fd < end - 1;)
        fd = fcntl(*nothing, F_DUPFD_CLOEXEC, 0);
    *nothing = fcntl(*nothing, F_DUPFD_CLOEXEC, end);
    return *nothing < 0 ? 0 : end;
}

/* Whether A is in the program's set under this number; what we remember may be of a set that was closed, or of a
 * call that the kernel refused. True where the kernel does not tell. */
static bool is_registered(const struct move *move, const struct registration *registration)
{
    struct kcmp_epoll_slot slot = { .efd = (unsigned)registration->set, .tfd = (unsigned)move->number };
    pid_t thread = move->notice->thread;
    long result = syscall(SYS_kcmp, thread, thread, KCMP_EPOLL_TFD, move->number, &slot);

    return result == 0 || (result < 0 && errno != ENOENT && errno != EBADF && errno != EINVAL);
}

/* What a one-shot registration of A waits for still: nothing once it has fired. As the kernel prints it, in the
 * line of the number: "tfd:  5 events:  19 data: ...". */
static uint32_t armed_events(int set, int number, uint32_t events)
{
    char path[64], line[LINE_SIZE];
    unsigned found_events;
    int found;
    FILE *file;

    snprintf(path, sizeof path, "/proc/self/fdinfo/%d", set);
    file = fopen(path, "re");
    while (file && fgets(line, sizeof line, file))
        if (sscanf(line, "tfd: %d events: %x", &found, &found_events) == 2 && found == number)
            events = found_events;
    if (file)
        fclose(file);
    return events;
}

/* False: a registration that cannot be moved. */
static bool find_sets(struct move *move, const struct known *known)
{
    for (unsigned i = 0; i < known->registration_count; i++) {
        const struct registration *registration = &known->registrations[i];
        struct set *set = &move->sets[move->count];

        if (registration->number != move->number || !is_registered(move, registration))
            continue;
        if (registration->event.events & EPOLLEXCLUSIVE)
            return false;
        *set = (struct set){ look_take(move->notice->thread, registration->set), registration->event };
        if (set->fd < 0)
            return false;
        move->count++;
        if (set->event.events & EPOLLONESHOT)
            set->event.events = armed_events(set->fd, move->number, set->event.events);
    }
    return true;
}

static bool control(const struct move *move, const struct set *set, int operation, uint32_t events)
{
    struct epoll_event event = set->event;

    (void)move;
    event.events = events;
    return epoll_ctl(set->fd, operation, move->number, &event) == 0;
}

/* With nothing to be told yet: a thread that is told of B's bytes would read from A. */
static bool join_sets(const struct move *move)
{
    unsigned done = 0;

    while (done < move->count && control(move, &move->sets[done], EPOLL_CTL_ADD, 0))
        done++;
    if (done == move->count)
        return true;
    while (done-- > 0)
        control(move, &move->sets[done], EPOLL_CTL_DEL, 0);
    return false;
}

static void leave_sets(const struct move *move)
{
    for (unsigned i = 0; i < move->count; i++)
        control(move, &move->sets[i], EPOLL_CTL_DEL, 0);
}

/* A that lives on, in a process that was forked before, say, would be told of besides B. */
static void take_out(const struct move *move)
{
    if (move->count == 0 || dup2(move->from, move->number) < 0)
        return;
    leave_sets(move);
    dup2(move->gate->far, move->number);
}

/* B's readiness is an edge for whoever waits for one, so nothing that came before is missed. */
static void wake_sets(const struct move *move)
{
    for (unsigned i = 0; i < move->count; i++)
        control(move, &move->sets[i], EPOLL_CTL_MOD, move->sets[i].event.events);
}

static bool put(struct move *move)
{
    struct gate *gate = move->gate;
    struct supervisor *s = gate->s;
    bool closes = look_closes_on_exec(move->notice->thread, move->number), good;

    if (dup2(gate->far, move->number) < 0)
        return false;
    good = join_sets(move);
    if (good) {
        good = notify_put(s->listener, move->notice->id, gate->far, move->number, closes);
        if (good) {
            take_out(move);
            wake_sets(move);
        } else {
            leave_sets(move);
        }
    }
    dup2(s->nothing, move->number);
    return good;
}

/* What is known of A is so of B, but for what is under way. */
static void make_known(const struct gate *gate, const struct known *from)
{
    struct supervisor *s = gate->s;
    struct known *known = sockets_make(&s->sockets, socket_cookie(gate->far));

    if (!known)
        return;
    known->asked = from->asked;
    known->mapped = gate->dial->mapped;
    known->registration_count = from->registration_count;
    memcpy(known->registrations, from->registrations, sizeof from->registrations);
}

/* A has spoken, or is closed: what it said has to go first. */
static bool is_silent(const struct gate *gate)
{
    char byte;

    return recv(gate->near, &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 && errno == EAGAIN;
}

static bool may_move(const struct move *move, const struct known *known)
{
    const struct gate *gate = move->gate;

    return known && !known->registrations_lost && (gate->state == GATE_OPEN || gate->state == GATE_PLACED) &&
           move->number >= LEAST_NUMBER && move->number < gate->s->reserved && is_silent(gate);
}

bool takeover(struct gate *gate, const struct notice *notice, int fd)
{
    struct supervisor *s = gate->s;
    struct known *known = sockets_find(&s->sockets, gate->cookie);
    struct move move = { .gate = gate, .notice = notice, .from = fd, .number = (int)notice->arguments[0] };
    bool good = may_move(&move, known) && find_sets(&move, known);

    if (good) {
        loop_forget(&s->loop, gate->far);
        socket_options_copy(&libc_net, fcntl, fd, gate->far, socket_option(gate->far, SOL_SOCKET, SO_DOMAIN));
        good = put(&move);
    }
    for (unsigned i = 0; i < move.count; i++)
        close(move.sets[i].fd);
    if (good) {
        make_known(gate, known);
        gate->state = GATE_PLACED;
        list_move(&s->gates.others, &gate->link);
    } else if (gate->state == GATE_OPEN) {
        fcntl(gate->far, F_SETFL, fcntl(gate->far, F_GETFL) | O_NONBLOCK);
    }
    return good;
}
