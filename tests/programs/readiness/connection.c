#include "connection.h"
#include "addresses.h"
#include "gates.h"
#include "look.h"
#include "steps.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

static void do_connect(struct story *story, const char *arguments)
{
    story->target_size = loopback(target_port(story, arguments), &story->target);
    say("  connect to %s: ", arguments);
    say("%s\n", result_name(connect(story->fd, (struct sockaddr *)&story->target, story->target_size)));
}

/* A connect() that may wait. */
static void timed_connect(struct story *story, const char *what)
{
    struct moment started = moment();
    int result, error;

    post_wish();
    result = connect(story->fd, (struct sockaddr *)&story->target, story->target_size);
    error = result < 0 ? errno : 0;
    say("  %s: %s, %s\n", what, error_name(error),
        how(story, &started, error == EINPROGRESS || error == EALREADY));
}

static void do_again(struct story *story, const char *arguments)
{
    if (*arguments)
        story->target_size = loopback(target_port(story, arguments), &story->target);
    timed_connect(story, "connect again");
}

static void do_start(struct story *story, const char *arguments)
{
    story->target_size = loopback(target_port(story, arguments), &story->target);
    timed_connect(story, "connect");
}

static void do_system_call(struct story *story, const char *arguments)
{
    long result;

    story->target_size = loopback(target_port(story, arguments), &story->target);
    result = syscall(SYS_connect, story->fd, &story->target, (long)story->target_size);
    say("  syscall connect: %s\n", result_name(result));
}

static void do_dissolve(struct story *story, const char *arguments)
{
    struct sockaddr nowhere = { .sa_family = AF_UNSPEC };

    (void)arguments;
    say("  dissolve: %s\n", result_name(connect(story->fd, &nowhere, sizeof nowhere)));
}

static void do_error(struct story *story, const char *arguments)
{
    int error = -1;
    socklen_t size = sizeof error;
    int result = getsockopt(story->fd, SOL_SOCKET, SO_ERROR, &error, &size);

    (void)arguments;
    say("  SO_ERROR: %s\n", result < 0 ? error_name(errno) : error_name(error));
}

static void do_peer(struct story *story, const char *arguments)
{
    struct sockaddr_storage peer = { 0 };
    socklen_t size = sizeof peer;
    int result = getpeername(story->fd, (struct sockaddr *)&peer, &size);
    bool same = result == 0 && size == story->target_size && memcmp(&peer, &story->target, size) == 0;

    (void)arguments;
    say("  peer: %s\n", result < 0 ? error_name(errno) : same ? "the target" : "somebody else");
}

/* A native time-out is made by an option that the kernel looks at when it repeats the SYN. */
void do_open(struct story *story, const char *arguments)
{
    int ms = 1;

    (void)arguments;
    story->shut = strcmp(story->outcome, "never") == 0;
    if (options.native && strcmp(story->outcome, "timeout") == 0)
        setsockopt(story->fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &ms, sizeof ms);
    else
        ask_targets(line_to_targets, 'o', 0);
}

/* The kernel's view of the connection, by calls that no hook looks at. */
static struct view {
    struct tcp_info known;
    uint64_t rates[2], acknowledged, received;
} view_of(const struct story *story)
{
    struct view view = { 0 };
    socklen_t size = sizeof view;

    syscall(SYS_getsockopt, story->fd, IPPROTO_TCP, TCP_INFO, &view, &size);
    return view;
}

/* An MPTCP connection may outlive the TCP connection of which the view is. */
static bool is_gone(const struct story *story)
{
    struct sockaddr_storage peer;
    socklen_t size = sizeof peer;

    return view_of(story).known.tcpi_state == TCP_CLOSE &&
           syscall(SYS_getpeername, story->fd, &peer, &size) < 0;
}

/* All of the answer is in the kernel, whether somebody has looked at it or not. */
static bool is_answered(const struct story *story)
{
    struct view view = view_of(story);

    if (view.known.tcpi_state == TCP_CLOSE || strcmp(story->outcome, "reset") == 0)
        return is_gone(story);
    if (options.native)
        return view.known.tcpi_state != TCP_SYN_SENT;
    return view.known.tcpi_state == TCP_CLOSE_WAIT || view.received >= (uint64_t)options.reply;
}

static void until(const struct story *story, bool (*condition)(const struct story *story), const char *what)
{
    int64_t end = now() + LIMIT;

    while (!condition(story)) {
        if (now() > end) {
            say("  never %s\n", what);
            return;
        }
        nap(LOOK);
    }
}

/* Until the kernel has the end of the connection. */
static void do_gone(struct story *story, const char *arguments)
{
    (void)arguments;
    until(story, is_gone, "gone");
}

/* Until the kernel has the answer, if there can be one yet. */
static void do_settle(struct story *story, const char *arguments)
{
    (void)arguments;
    if (!story->shut)
        until(story, is_answered, "answered");
}

/* Until there is something to read, of an open connection. */
static void do_arrived(struct story *story, const char *arguments)
{
    struct pollfd ready = { .fd = story->fd, .events = POLLIN };

    (void)arguments;
    if (poll(&ready, 1, LIMIT) <= 0)
        say("  nothing arrived\n");
}

/* What would connect past connect() */

static void do_fast(struct story *story, const char *arguments)
{
    struct iovec part = { "data", 4 };
    struct mmsghdr message = { .msg_hdr = { .msg_name = &story->target, .msg_iov = &part, .msg_iovlen = 1 } };
    long result;

    story->target_size = loopback(target_port(story, "accept"), &story->target);
    message.msg_hdr.msg_namelen = story->target_size;
    if (strcmp(arguments, "sendto") == 0)
        result =
            sendto(story->fd, "data", 4, MSG_FASTOPEN, (struct sockaddr *)&story->target, story->target_size);
    else if (strcmp(arguments, "sendmsg") == 0)
        result = sendmsg(story->fd, &message.msg_hdr, MSG_FASTOPEN);
    else
        result = sendmmsg(story->fd, &message, 1, MSG_FASTOPEN);
    say("  fast open by %s: %s\n", arguments, result_name(result));
}

/* Whether a ring can be had; where it cannot the kernel may have several reasons. */
static void do_ring(struct story *story, const char *arguments)
{
    char parameters[120] = "";
    long result = syscall(SYS_io_uring_setup, 4, parameters);

    (void)story;
    (void)arguments;
    say("  io_uring_setup: %s\n", result < 0 ? error_name(errno) : "a ring");
}

const struct verb connection_verbs[] = {
    { "connect", do_connect },
    { "start", do_start },
    { "syscall", do_system_call },
    { "again", do_again },
    { "dissolve", do_dissolve },
    { "error", do_error },
    { "peer", do_peer },
    { "open", do_open },
    { "gone", do_gone },
    { "settle", do_settle },
    { "arrived", do_arrived },
    { "fast", do_fast },
    { "ring", do_ring },
    { 0 },
};
