/* ticks poll|select|epoll ADDRESS PORT COUNT MS : an event loop with COUNT connections that are being made
 * and a timer of a millisecond, for so long. Prints the longest time between two ticks, in ms, and how many
 * connections were made or failed. */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { MOST = 900 };

static struct pollfd fds[MOST];
static int count, set;

static int64_t now(void) /* us */
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * INT64_C(1000000) + time.tv_nsec / 1000;
}

static int wait_poll(void)
{
    return poll(fds, (nfds_t)count, 1);
}

static int wait_select(void)
{
    struct timeval time = { 0, 1000 };
    fd_set writes;
    int most = 0;

    FD_ZERO(&writes);
    for (int i = 0; i < count; i++) {
        FD_SET(fds[i].fd, &writes);
        most = fds[i].fd > most ? fds[i].fd : most;
    }
    return select(most + 1, NULL, &writes, NULL, &time);
}

static int wait_epoll(void)
{
    struct epoll_event events[64];

    return epoll_wait(set, events, 64, 1);
}

static int begin(const struct sockaddr_in *target)
{
    struct epoll_event event = { .events = EPOLLOUT };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

    if (fd < 0 || connect(fd, (const struct sockaddr *)target, sizeof *target) == 0 || errno != EINPROGRESS ||
        epoll_ctl(set, EPOLL_CTL_ADD, fd, &event) < 0) {
        perror("ticks");
        exit(2);
    }
    return fd;
}

static void tick(int (*wait)(void), int64_t until)
{
    int64_t longest = 0, last = now();
    int most = 0;

    while (last < until) {
        int ready = wait();
        int64_t time = now();

        if (ready < 0) {
            perror("ticks");
            exit(2);
        }
        most = ready > most ? ready : most;
        longest = time - last > longest ? time - last : longest;
        last = time;
    }
    printf("%d ms, %d ready\n", (int)(longest / 1000), most);
}

int main(int argc, char **argv)
{
    struct sockaddr_in target = { .sin_family = AF_INET };

    if (argc != 6 || inet_pton(AF_INET, argv[2], &target.sin_addr) != 1 || atoi(argv[4]) > MOST)
        return 2;
    target.sin_port = htons((uint16_t)atoi(argv[3]));
    set = epoll_create1(0);
    for (; count < atoi(argv[4]); count++)
        fds[count] = (struct pollfd){ .fd = begin(&target), .events = POLLOUT };
    tick(strcmp(argv[1], "poll") == 0     ? wait_poll
         : strcmp(argv[1], "select") == 0 ? wait_select
                                          : wait_epoll,
         now() + atoi(argv[5]) * INT64_C(1000));
    return 0;
}
