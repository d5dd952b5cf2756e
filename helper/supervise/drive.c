#include "drive.h"

#include <ptunnel/agent.h>

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

/* SO_RCVLOWAT hides a short reply from poll(2), so the dial looks by itself now and then. */
enum { LOOK_FIRST = 20, LOOK_AFTER = 200 }; /* ms */

bool drive_wanted(const struct route *route, const struct dial_limits *limits)
{
    if (route->count == 0 || limits->fallback_direct)
        return true;
    for (size_t i = 0; i < route->count; i++) {
        const struct candidate *candidate = &route->candidates[i];

        if (candidate->proxy.account)
            return true;
        if (!candidate->proxy.at.literal &&
            (!atomic_load(&candidate->addresses) || atomic_load(&candidate->failed_at)))
            return true;
    }
    return false;
}

/* A program that corked its socket would have the request held back for 200 ms. */
static void push_through_cork(int fd)
{
    int corked = 0, off = 0;
    socklen_t size = sizeof corked;

    if (getsockopt(fd, IPPROTO_TCP, TCP_CORK, &corked, &size) < 0 || !corked)
        return;
    setsockopt(fd, IPPROTO_TCP, TCP_CORK, &off, sizeof off);
    setsockopt(fd, IPPROTO_TCP, TCP_CORK, &corked, sizeof corked);
}

static bool is_over(int process, const atomic_bool *given_up)
{
    struct pollfd ended = { .fd = process, .events = POLLIN };

    return atomic_load(given_up) || (process >= 0 && poll(&ended, 1, 0) == 1);
}

static void wait_for(const struct dial *dial, short events, int process, int most)
{
    struct pollfd fds[] = { { .fd = dial->fd, .events = events }, { .fd = process, .events = POLLIN } };
    int left = deadline_left(dial_deadline(dial));

    poll(fds, process < 0 ? 1 : 2, left < 0 || left > most ? most : left);
}

/* The kernel connects to the target itself, and is not done yet. */
static int finish_direct(const struct dial *dial, int process, const atomic_bool *given_up)
{
    struct pollfd connected = { .fd = dial->fd, .events = POLLOUT };
    int error = 0;
    socklen_t size = sizeof error;

    while (poll(&connected, 1, 0) == 0) {
        if (is_over(process, given_up))
            return ECANCELED;
        if (deadline_passed(dial_deadline(dial)))
            return ETIMEDOUT;
        wait_for(dial, POLLOUT, process, LOOK_AFTER);
    }
    return getsockopt(dial->fd, SOL_SOCKET, SO_ERROR, &error, &size) < 0 ? errno : error;
}

int drive(struct dial *dial, int process, const atomic_bool *given_up)
{
    bool pushed = false;

    dial->legs.authenticate = agent_authenticate;
    for (;;) {
        enum dial_want want = dial_step(dial);

        if (want == DIAL_OPEN)
            return 0;
        if (want == DIAL_FAILED)
            return dial->error;
        if (want == DIAL_DIRECT)
            return dial->error == EINPROGRESS ? finish_direct(dial, process, given_up) : dial->error;
        if (is_over(process, given_up))
            return ECANCELED;
        if (want == DIAL_WANT_READ && !pushed)
            push_through_cork(dial->fd);
        wait_for(dial, want == DIAL_WANT_READ ? POLLIN : POLLOUT, process, pushed ? LOOK_AFTER : LOOK_FIRST);
        pushed = want == DIAL_WANT_READ;
    }
}
