/* storm SECONDS SEED ADDRESS PORT... : eight threads that connect, poll, watch, ask, move bytes and close at
 * random.
 *
 * Each thread has sockets of its own, and all wait in the same two epoll sets; the thread that is told of a
 * socket looks at it, whoever has it. Prints how often each thing was done. What is checked is done by what
 * runs it: ThreadSanitizer (the library's objects are then linked with this), AddressSanitizer, valgrind. By
 * itself it fails if no connection was ever made, if data of epoll is not what was registered, or if it does
 * not end. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { THREADS = 8, SOCKETS = 12, PORTS_MOST = 8, SETS = 2, DATA = 0x5eed };

struct actor {
    pthread_t thread;
    unsigned random;
    int fds[SOCKETS]; /* -1: none */
};

static struct sockaddr_in targets[PORTS_MOST];
static int target_count, sets[SETS];
static time_t end;
static atomic_int connects, made, failed, waits, strange;

static unsigned draw(struct actor *actor, unsigned below)
{
    actor->random = actor->random * 1103515245u + 12345u;
    return (actor->random >> 16) % below;
}

static int *any(struct actor *actor)
{
    return &actor->fds[draw(actor, SOCKETS)];
}

static void do_connect(struct actor *actor, int *fd)
{
    struct sockaddr_in *target = &targets[draw(actor, (unsigned)target_count)];

    if (*fd < 0)
        *fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    atomic_fetch_add(&connects, 1);
    if (connect(*fd, (struct sockaddr *)target, sizeof *target) == 0)
        atomic_fetch_add(&made, 1);
}

static void do_watch(struct actor *actor, int *fd)
{
    static const uint32_t kinds[] = { 0, EPOLLET, EPOLLONESHOT, EPOLLET | EPOLLONESHOT };
    static const int operations[] = { EPOLL_CTL_ADD, EPOLL_CTL_ADD, EPOLL_CTL_MOD, EPOLL_CTL_DEL };
    struct epoll_event event = { .events = EPOLLIN | EPOLLOUT | kinds[draw(actor, 4)], .data.u64 = DATA };

    if (*fd >= 0)
        epoll_ctl(sets[draw(actor, SETS)], operations[draw(actor, 4)], *fd, &event);
}

static void do_epoll(struct actor *actor, int *fd)
{
    struct epoll_event events[4];
    int count = epoll_wait(sets[draw(actor, SETS)], events, 4, (int)draw(actor, 5));

    (void)fd;
    atomic_fetch_add(&waits, 1);
    for (int i = 0; i < count; i++)
        if (events[i].data.u64 != DATA)
            atomic_fetch_add(&strange, 1);
}

static void do_poll(struct actor *actor, int *fd)
{
    struct pollfd fds[SOCKETS];

    (void)fd;
    for (int i = 0; i < SOCKETS; i++)
        fds[i] = (struct pollfd){ .fd = actor->fds[i], .events = POLLIN | POLLOUT };
    atomic_fetch_add(&waits, 1);
    poll(fds, SOCKETS, (int)draw(actor, 5));
}

static void do_select(struct actor *actor, int *fd)
{
    struct timeval time = { 0, (int)draw(actor, 5000) };
    fd_set writes;

    FD_ZERO(&writes);
    if (*fd >= 0)
        FD_SET(*fd, &writes);
    atomic_fetch_add(&waits, 1);
    select(*fd + 1, NULL, &writes, NULL, &time);
}

static void do_ask(struct actor *actor, int *fd)
{
    struct sockaddr_in peer;
    socklen_t size = sizeof peer, error_size = sizeof(int);
    int error = 0;

    (void)actor;
    if (*fd < 0)
        return;
    if (getsockopt(*fd, SOL_SOCKET, SO_ERROR, &error, &error_size) == 0 && error != 0)
        atomic_fetch_add(&failed, 1);
    if (getpeername(*fd, (struct sockaddr *)&peer, &size) == 0)
        atomic_fetch_add(&made, 1);
}

static void do_bytes(struct actor *actor, int *fd)
{
    char bytes[64] = "some bytes of the program";

    if (*fd >= 0 && draw(actor, 2))
        send(*fd, bytes, sizeof bytes, MSG_NOSIGNAL);
    else if (*fd >= 0)
        recv(*fd, bytes, sizeof bytes, 0);
}

static void do_duplicate(struct actor *actor, int *fd)
{
    int *other = any(actor);

    if (*fd < 0 || other == fd)
        return;
    if (*other >= 0)
        dup2(*fd, *other);
    else
        *other = fcntl(*fd, F_DUPFD_CLOEXEC, 0);
}

static void do_shutdown(struct actor *actor, int *fd)
{
    if (*fd >= 0)
        shutdown(*fd, (int)draw(actor, 3));
}

static void do_dissolve(struct actor *actor, int *fd)
{
    struct sockaddr nowhere = { .sa_family = AF_UNSPEC };

    (void)actor;
    if (*fd >= 0)
        connect(*fd, &nowhere, sizeof nowhere);
}

static void do_close(struct actor *actor, int *fd)
{
    (void)actor;
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

/* As often as they stand here. */
static void (*const deeds[])(struct actor *actor, int *fd) = {
    do_connect, do_connect, do_connect, do_watch, do_watch, do_watch,     do_epoll,    do_epoll,    do_epoll,
    do_poll,    do_poll,    do_select,  do_ask,   do_bytes, do_duplicate, do_shutdown, do_dissolve, do_close,
};

static void *act(void *data)
{
    struct actor *actor = data;

    while (time(NULL) < end)
        deeds[draw(actor, sizeof deeds / sizeof *deeds)](actor, any(actor));
    for (int i = 0; i < SOCKETS; i++)
        do_close(actor, &actor->fds[i]);
    return NULL;
}

int main(int argc, char **argv)
{
    static struct actor actors[THREADS];

    if (argc < 5 || argc - 4 > PORTS_MOST)
        return 2;
    signal(SIGPIPE, SIG_IGN);
    for (int i = 4; i < argc; i++, target_count++) {
        targets[target_count] =
            (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(argv[i])) };
        if (inet_pton(AF_INET, argv[3], &targets[target_count].sin_addr) != 1)
            return 2;
    }
    for (int i = 0; i < SETS; i++)
        sets[i] = epoll_create1(EPOLL_CLOEXEC);
    end = time(NULL) + atoi(argv[1]);
    for (int i = 0; i < THREADS; i++) {
        actors[i].random = (unsigned)atoi(argv[2]) * THREADS + (unsigned)i;
        memset(actors[i].fds, 0xff, sizeof actors[i].fds);
        if (pthread_create(&actors[i].thread, NULL, act, &actors[i]) != 0)
            return 2;
    }
    for (int i = 0; i < THREADS; i++)
        pthread_join(actors[i].thread, NULL);
    printf("seed %s: %d connects, %d seen open, %d errors read, %d waits, %d strange\n", argv[2], connects,
           made, failed, waits, strange);
    return made > 0 && strange == 0 ? 0 : 1;
}
