/* Steps that change the socket, its options and its numbers. */
#include "addresses.h"
#include "look.h"
#include "steps.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

static void set_blocking(struct story *story, bool blocking)
{
    int flags = fcntl(story->fd, F_GETFL);

    fcntl(story->fd, F_SETFL, blocking ? flags & ~O_NONBLOCK : flags | O_NONBLOCK);
}

static void do_blocking(struct story *story, const char *arguments)
{
    (void)arguments;
    set_blocking(story, true);
}

static void do_nonblocking(struct story *story, const char *arguments)
{
    (void)arguments;
    story->patience = 0;
    set_blocking(story, false);
}

static void do_option(struct story *story, const char *arguments)
{
    char name[32];
    int value = 0, result;
    struct timeval time;

    if (sscanf(arguments, "%31s %d", name, &value) != 2)
        fail(arguments);
    time = (struct timeval){ value / 1000, value % 1000 * 1000 };
    if (strcmp(name, "sndtimeo") == 0 || strcmp(name, "rcvtimeo") == 0) {
        story->patience = value;
        result =
            setsockopt(story->fd, SOL_SOCKET, name[0] == 's' ? SO_SNDTIMEO : SO_RCVTIMEO, &time, sizeof time);
    } else if (strcmp(name, "rcvlowat") == 0)
        result = setsockopt(story->fd, SOL_SOCKET, SO_RCVLOWAT, &value, sizeof value);
    else
        result =
            setsockopt(story->fd, IPPROTO_TCP, strcmp(name, "cork") == 0 ? TCP_CORK : TCP_FASTOPEN_CONNECT,
                       &value, sizeof value);
    say("  option %s %d: %s\n", name, value, result_name(result));
}

static void do_duplicate(struct story *story, const char *arguments)
{
    int spare = dup(0);

    story->copy = strcmp(arguments, "dup2") == 0      ? dup2(story->fd, spare)
                  : strcmp(arguments, "dup3") == 0    ? dup3(story->fd, spare, O_CLOEXEC)
                  : strcmp(arguments, "F_DUPFD") == 0 ? fcntl(story->fd, F_DUPFD, 500)
                                                      : dup(story->fd);
    say("  duplicate%s%s: %s\n", *arguments ? " by " : "", arguments,
        story->copy < 0 ? error_name(errno) : "ok");
}

/* From now on the row's socket is the copy. */
static void do_use_copy(struct story *story, const char *arguments)
{
    (void)arguments;
    story->fd = story->copy;
}

static void do_close(struct story *story, const char *arguments)
{
    int result;

    if (strcmp(arguments, "by dup2") == 0)
        result = dup2(0, story->fd) == story->fd ? 0 : -1;
    else if (strcmp(arguments, "by range") == 0)
        result = close_range((unsigned)story->fd, (unsigned)story->fd, 0);
    else if (strcmp(arguments, "on exec") == 0)
        result = close_range((unsigned)story->fd, (unsigned)story->fd, CLOSE_RANGE_CLOEXEC);
    else
        result = close(story->fd);
    say("  close%s%s: %s\n", *arguments ? " " : "", arguments, result_name(result));
}

/* A new socket, on the old one's number if that is free. */
static void do_socket(struct story *story, const char *arguments)
{
    int fd = tcp_socket();

    if (strcmp(arguments, "on the same number") == 0 && fd != story->fd) {
        dup2(fd, story->fd);
        close(fd);
    } else {
        story->fd = fd;
    }
}

static void do_shutdown(struct story *story, const char *arguments)
{
    say("  shutdown %s: %s\n", arguments, result_name(shutdown(story->fd, atoi(arguments))));
}

static void do_unread(struct story *story, const char *arguments)
{
    int count = -1;
    int result = ioctl(story->fd, strcmp(arguments, "out") == 0 ? TIOCOUTQ : FIONREAD, &count);

    say("  bytes %s: %s %d\n", arguments, result_name(result), count);
}

static void do_idle(struct story *story, const char *arguments)
{
    for (int i = 0; i < atoi(arguments); i += 2) {
        if (pipe(&story->idle[i]) < 0)
            fail("pipe");
        story->idle[i + 1] = dup(story->idle[i]);
        for (int end = 0; end < 2 && story->api->kind == KIND_EPOLL; end++) {
            struct epoll_event event = { .events = EPOLLIN };

            if (epoll_ctl(story->set, EPOLL_CTL_ADD, story->idle[i + end], &event) < 0)
                fail("epoll_ctl");
        }
        story->idle_count = i + 2;
    }
}

const struct verb descriptor_verbs[] = {
    { "socket", do_socket },
    { "blocking", do_blocking },
    { "nonblocking", do_nonblocking },
    { "option", do_option },
    { "duplicate", do_duplicate },
    { "use-copy", do_use_copy },
    { "close", do_close },
    { "shutdown", do_shutdown },
    { "unread", do_unread },
    { "idle", do_idle },
    { 0 },
};
