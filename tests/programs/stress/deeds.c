#include "deeds.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/wait.h>
#include <unistd.h>

#define DATA UINT64_C(0x0005eed000000000) /* and the actor's index, and the slot */

atomic_uint deeds_waits, deeds_forks, deeds_children_failed;
int deeds_sets[SETS];
bool deeds_forking;

static const uint32_t kinds[] = { 0, EPOLLET, EPOLLONESHOT, EPOLLET | EPOLLONESHOT, EPOLLEXCLUSIVE };
enum { KINDS = 5 };

unsigned deeds_draw(struct actor *actor, unsigned below)
{
    actor->random ^= actor->random << 13;
    actor->random ^= actor->random >> 17;
    actor->random ^= actor->random << 5;
    return actor->random % below;
}

static int any(struct actor *actor)
{
    return (int)deeds_draw(actor, SLOTS);
}

/* A hanging one only now and then: it takes as long as `timeout` says. */
static unsigned any_port(struct actor *actor)
{
    unsigned port = 1 + deeds_draw(actor, deeds_draw(actor, 3) ? GOOD_PORTS : PORTS);

    return port == HANGS && deeds_draw(actor, 8) ? 1 : port;
}

static void leave(struct actor *actor, int slot)
{
    struct line *line = actor->lines[slot];

    if (line && --line->references == 0)
        free(line);
    actor->lines[slot] = NULL;
    actor->fds[slot] = -1;
}

static void do_close(struct actor *actor, int slot)
{
    if (actor->fds[slot] >= 0 && close(actor->fds[slot]) < 0)
        line_fault(actor->lines[slot], "close()", errno);
    leave(actor, slot);
}

static void make_socket(struct actor *actor, int slot)
{
    struct line *line = calloc(1, sizeof *line);
    struct timeval patience = { .tv_sec = LONGEST / 1000 };

    if (!line)
        abort();
    line->references = 1;
    line->family = deeds_draw(actor, 4) ? AF_INET : AF_INET6;
    line->blocking = deeds_draw(actor, 3) == 0;
    actor->lines[slot] = line;
    actor->fds[slot] = socket(line->family, SOCK_STREAM | SOCK_CLOEXEC | (line->blocking ? 0 : SOCK_NONBLOCK), 0);
    if (actor->fds[slot] < 0)
        abort();
    setsockopt(actor->fds[slot], SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
}

static uint64_t data_of(const struct actor *actor, int slot)
{
    return DATA | actor->index << 8 | (unsigned)slot;
}

static void do_watch(struct actor *actor, int slot)
{
    static const int operations[] = { EPOLL_CTL_ADD, EPOLL_CTL_ADD, EPOLL_CTL_MOD, EPOLL_CTL_DEL };
    int operation = operations[deeds_draw(actor, 4)], set = deeds_sets[deeds_draw(actor, SETS)];
    struct epoll_event event = { .events = EPOLLIN | EPOLLOUT | kinds[deeds_draw(actor, KINDS)], .data.u64 = data_of(actor, slot) };

    if (actor->fds[slot] >= 0 && epoll_ctl(set, operation, actor->fds[slot], &event) < 0 && errno != EEXIST && errno != ENOENT &&
        errno != EINVAL)
        line_fault(actor->lines[slot], "epoll_ctl()", errno);
}

static void do_connect(struct actor *actor, int slot)
{
    struct sockaddr_storage address;
    unsigned port = any_port(actor);
    struct line *line;
    socklen_t size;
    int result;

    if (actor->fds[slot] < 0)
        make_socket(actor, slot);
    if (deeds_draw(actor, 4) == 0)
        do_watch(actor, slot);
    line = actor->lines[slot];
    size = line_address(line->family, port, &address);
    result = connect(actor->fds[slot], (struct sockaddr *)&address, size);
    line_connected(line, port, result, errno);
}

/* The sets that all share: what comes must be what somebody registered. */
static void do_shared(struct actor *actor, int slot)
{
    struct epoll_event events[4];
    int count = epoll_wait(deeds_sets[deeds_draw(actor, SETS)], events, 4, (int)deeds_draw(actor, 5));

    (void)slot;
    atomic_fetch_add(&deeds_waits, 1);
    if (count < 0 && errno != EINTR)
        line_fault(NULL, "epoll_wait()", errno);
    for (int i = 0; i < count; i++)
        if ((events[i].data.u64 & ~UINT64_C(0xffff)) != DATA)
            line_fault(NULL, "epoll_wait() gave data that nobody registered", 0);
}

static void do_poll(struct actor *actor, int slot)
{
    struct pollfd fds[SLOTS];

    (void)slot;
    for (int i = 0; i < SLOTS; i++)
        fds[i] = (struct pollfd){ .fd = actor->fds[i], .events = POLLIN | POLLOUT };
    atomic_fetch_add(&deeds_waits, 1);
    if (poll(fds, SLOTS, (int)deeds_draw(actor, 5)) < 0 && errno != EINTR)
        line_fault(NULL, "poll()", errno);
}

/* What the socket says of itself, after an event. */
static void learn(struct line *line, int fd, bool hung_up)
{
    int error = 0;
    socklen_t size = sizeof error;

    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) < 0)
        line_fault(line, "getsockopt()", errno);
    else if (error)
        line_failed(line, "SO_ERROR", error);
    else if (!hung_up)
        line_open(line);
    else
        line_end(line, LINE_BROKEN); /* by a duplicate somebody was told */
}

static int wait_by_epoll(struct actor *actor, int fd, bool *hung_up)
{
    struct epoll_event event = { .events = EPOLLOUT | kinds[deeds_draw(actor, KINDS)], .data.u64 = data_of(actor, 0) }, got = { 0 };
    int count;

    if (epoll_ctl(actor->set, EPOLL_CTL_ADD, fd, &event) < 0)
        return -1;
    do
        count = epoll_wait(actor->set, &got, 1, LONGEST);
    while (count < 0 && errno == EINTR);
    *hung_up = got.events & EPOLLHUP;
    if (count > 0 && got.data.u64 != event.data.u64)
        line_fault(NULL, "epoll_wait() gave other data than was registered", 0);
    if (epoll_ctl(actor->set, EPOLL_CTL_DEL, fd, NULL) < 0)
        line_fault(NULL, "EPOLL_CTL_DEL", errno);
    return count;
}

static int wait_by_poll(int fd, bool *hung_up)
{
    struct pollfd one = { .fd = fd, .events = POLLOUT };
    int count;

    do
        count = poll(&one, 1, LONGEST);
    while (count < 0 && errno == EINTR);
    *hung_up = one.revents & POLLHUP;
    return count;
}

static int wait_by_select(int fd)
{
    struct timeval time;
    fd_set writes;
    int count;

    do {
        time = (struct timeval){ .tv_sec = LONGEST / 1000 };
        FD_ZERO(&writes);
        FD_SET(fd, &writes);
        count = select(fd + 1, NULL, &writes, NULL, &time);
    } while (count < 0 && errno == EINTR);
    return count;
}

/* A connection that goes on must end, and whoever waits must be told. */
static void do_settle(struct actor *actor, int slot)
{
    struct line *line = actor->lines[slot];
    int fd = actor->fds[slot], way = (int)deeds_draw(actor, 4), count;
    bool hung_up = false;

    if (!line || line->state != LINE_CONNECTING || (line->port == HANGS && deeds_draw(actor, 4)))
        return;
    count = way == 0 && fd < FD_SETSIZE ? wait_by_select(fd)
            : way == 1                  ? wait_by_poll(fd, &hung_up)
                                        : wait_by_epoll(actor, fd, &hung_up);
    atomic_fetch_add(&deeds_waits, 1);
    if (count <= 0) {
        line_fault(line, way == 0 ? "no end for select()" : way == 1 ? "no end for poll()" : "no end for epoll_wait()", count < 0 ? errno : 0);
        line_end(line, LINE_BROKEN);
        return;
    }
    if (way == 0)
        wait_by_poll(fd, &hung_up);
    learn(line, fd, hung_up);
}

static void do_ask(struct actor *actor, int slot)
{
    struct line *line = actor->lines[slot];

    if (!line)
        return;
    line_check_peer(line, actor->fds[slot]);
    if (line->state == LINE_OPEN)
        learn(line, actor->fds[slot], false);
}

static void broke(struct line *line, const char *call, int error)
{
    if (error != EAGAIN && error != EINTR)
        line_failed(line, call, error);
}

static void do_send(struct actor *actor, int slot)
{
    unsigned char bytes[512];
    struct line *line = actor->lines[slot];
    size_t size = 1 + deeds_draw(actor, sizeof bytes);
    ssize_t sent;

    if (!line || line->sent > line->received + 30000 || (line->blocking && line->state == LINE_CONNECTING && line->port == HANGS))
        return;
    line_fill(line, bytes, size);
    sent = send(actor->fds[slot], bytes, size, MSG_NOSIGNAL | (deeds_draw(actor, 2) ? MSG_DONTWAIT : 0));
    if (sent < 0) {
        broke(line, "send()", errno);
        return;
    }
    if (line->state == LINE_IDLE)
        line_fault(line, "send() on an unconnected socket", 0);
    line_open(line);
    line->sent += (uint64_t)sent;
}

/* One that blocks waits only for what must come. */
static void do_receive(struct actor *actor, int slot)
{
    unsigned char bytes[700];
    struct line *line = actor->lines[slot];
    bool due = line && line->state == LINE_OPEN && !line->unsure && line->received < line->sent + 4;
    ssize_t got;

    if (!line)
        return;
    got = recv(actor->fds[slot], bytes, sizeof bytes, due && deeds_draw(actor, 2) ? 0 : MSG_DONTWAIT);
    if (got > 0) {
        if (line->state == LINE_IDLE)
            line_fault(line, "bytes from an unconnected socket", 0);
        line_open(line);
        line_check(line, bytes, (size_t)got);
    } else if (got < 0) {
        broke(line, "recv()", errno);
    } else if (line->state == LINE_OPEN && !line->unsure && !line->shut) {
        line_fault(line, "an open connection ended by itself", 0);
        line_end(line, LINE_BROKEN);
    } else if (line->state == LINE_CONNECTING) {
        line_end(line, LINE_BROKEN);
    }
}

static void do_duplicate(struct actor *actor, int slot)
{
    int other = any(actor), made;

    if (actor->fds[slot] < 0 || actor->lines[slot] == actor->lines[other])
        return;
    made = actor->fds[other] >= 0 ? dup2(actor->fds[slot], actor->fds[other]) : fcntl(actor->fds[slot], F_DUPFD_CLOEXEC, 0);
    leave(actor, other);
    if (made < 0)
        abort();
    actor->fds[other] = made;
    actor->lines[other] = actor->lines[slot];
    actor->lines[other]->references++;
}

static void do_shutdown(struct actor *actor, int slot)
{
    struct line *line = actor->lines[slot];

    if (!line)
        return;
    if (shutdown(actor->fds[slot], (int)deeds_draw(actor, 3)) < 0 && errno != ENOTCONN)
        line_fault(line, "shutdown()", errno);
    line->shut = true;
    if (line->state != LINE_IDLE)
        line_end(line, LINE_BROKEN);
}

static void do_dissolve(struct actor *actor, int slot)
{
    struct sockaddr nowhere = { .sa_family = AF_UNSPEC };

    if (actor->fds[slot] < 0)
        return;
    if (connect(actor->fds[slot], &nowhere, sizeof nowhere) < 0)
        line_fault(actor->lines[slot], "AF_UNSPEC", errno);
    line_end(actor->lines[slot], LINE_IDLE);
    actor->lines[slot]->shut = false;
}

/* A child's own connection, from the greeting to the last byte. */
static int connect_in_child(void)
{
    struct line line = { .family = AF_INET, .blocking = true };
    struct sockaddr_storage address;
    socklen_t size = line_address(AF_INET, 1, &address);
    unsigned char bytes[104];
    size_t got = 0;
    ssize_t more;
    int fd = socket(AF_INET, SOCK_STREAM, 0), result;

    line_begin(&line, 1);
    while ((result = connect(fd, (struct sockaddr *)&address, size)) < 0 && errno == EINTR)
        ;
    if (result < 0)
        return errno == ETIMEDOUT ? 0 : 3;
    line_fill(&line, bytes, 100);
    if (send(fd, bytes, 100, MSG_NOSIGNAL) != 100)
        return 4;
    line.sent = 100;
    for (; got < sizeof bytes; got += (size_t)more)
        if ((more = recv(fd, bytes + got, sizeof bytes - got, 0)) <= 0 && errno != EINTR)
            return 5;
        else if (more < 0)
            more = 0;
    line_check(&line, bytes, sizeof bytes);
    close(fd);
    return line.unsure ? 6 : 0;
}

/* A forked child has copies of all of it: it waits, closes, and connects something of its own. */
static int live_as_child(struct actor *actor)
{
    alarm(LONGEST / 1000 * 3);
    for (int i = 0; i < 6; i++) {
        int slot = any(actor);

        switch (deeds_draw(actor, 4)) {
        case 0:
            do_poll(actor, slot);
            break;
        case 1:
            do_shared(actor, slot);
            break;
        case 2:
            if (actor->fds[slot] >= 0)
                close(actor->fds[slot]);
            actor->fds[slot] = -1;
            break;
        default:
            if (actor->fds[slot] >= 0)
                close(dup(actor->fds[slot]));
        }
    }
    return line_faults ? 2 : connect_in_child();
}

static void do_fork(struct actor *actor, int slot)
{
    int status = 0;
    pid_t child;

    (void)slot;
    if (!deeds_forking || deeds_draw(actor, 40))
        return;
    atomic_fetch_add(&deeds_forks, 1);
    child = fork();
    if (child == 0) {
        atomic_store(&line_faults, 0);
        _exit(live_as_child(actor));
    }
    while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR)
        ;
    if (child < 0 || status != 0) {
        fprintf(stderr, "FAULT: a child ended by %#x\n", (unsigned)status);
        atomic_fetch_add(&deeds_children_failed, 1);
    }
}

/* As often as they stand here. */
static void (*const deeds[])(struct actor *actor, int slot) = {
    do_connect, do_connect, do_connect, do_connect,   do_watch,    do_watch,    do_shared, do_shared,  do_poll,    do_settle, do_settle,
    do_settle,  do_ask,     do_send,    do_send,      do_send,     do_receive,  do_receive, do_receive, do_duplicate, do_shutdown, do_dissolve,
    do_close,   do_close,   do_fork,
};

void deeds_one(struct actor *actor)
{
    deeds[deeds_draw(actor, sizeof deeds / sizeof *deeds)](actor, any(actor));
}

void deeds_close_all(struct actor *actor)
{
    for (int i = 0; i < SLOTS; i++)
        if (actor->fds[i] >= 0)
            do_close(actor, i);
}

void deeds_look(const struct actor *actor)
{
    struct sockaddr_storage peer;
    socklen_t size = sizeof peer;
    struct pollfd fds[SLOTS];
    int saved = errno;

    for (int i = 0; i < SLOTS; i++)
        fds[i] = (struct pollfd){ .fd = actor->fds[i], .events = POLLIN | POLLOUT };
    poll(fds, SLOTS, 0);
    getpeername(actor->fds[0], (struct sockaddr *)&peer, &size);
    errno = saved;
}
