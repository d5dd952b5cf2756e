#include "tunnel.h"

#include "../real.h"
#include "guest.h"

#include <ptunnel/dial.h>

#include <fcntl.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>

#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP 262
#endif

enum {
    GUARD = 100,      /* ms that the kernel's connect() may keep us before we wait in poll() ourselves */
    FIRST_WAIT = 50,  /* ms before anything is asked about a slow answer */
    LATER_WAIT = 200, /* ms between looks that do not trust poll(): SO_RCVLOWAT hides a short reply from it */
};
enum { UNKNOWN = -2 };
static const int64_t proven_for = INT64_C(100) * 1000000; /* ns */

/* One connect() that is driven to its end before it returns. */
struct attempt {
    struct dial dial;
    int64_t started;  /* deadline_now() */
    int send_timeout; /* ms, -1 for none, UNKNOWN until it is asked for */
    bool asked;       /* what ask_about_slow() asks */
};

/* Whether the socket speaks TCP, and the address can be read, in one call that changes nothing: as a segment size the
 * first four bytes of a socket address (a family and a port) are far out of range, whatever the byte order. */
static bool is_tcp(int fd, const struct sockaddr *address)
{
    int protocol = 0;
    socklen_t size = sizeof protocol;

    if (real_net.setsockopt(fd, IPPROTO_TCP, TCP_MAXSEG, address, sizeof(int)) == 0)
        return false; /* never: the kernel checks the range first */
    if (errno == EINVAL)
        return true;
    return (errno == EOPNOTSUPP || errno == ENOPROTOOPT) &&
           real_net.getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, &protocol, &size) == 0 && protocol == IPPROTO_MPTCP;
}

static struct decision decide(const struct endpoint *target)
{
    const struct config *config = guest_config();

    if (config)
        return config_decide(config, target);
    return (struct decision){ endpoint_is_loopback(target) ? VERDICT_DIRECT : VERDICT_REJECT, NULL };
}

bool tunnel_wanted(struct tunnel *out, int fd, const struct sockaddr *address, socklen_t size)
{
    int saved = errno;
    bool wanted = guest_may_act() && address && size >= (socklen_t)sizeof(struct sockaddr_in) && is_tcp(fd, address) &&
                  endpoint_from_sockaddr(&out->target, address, size);

    if (wanted) {
        out->fd = fd;
        out->family = address->sa_family;
        out->decision = decide(&out->target);
        wanted = out->decision.verdict != VERDICT_DIRECT;
    }
    errno = saved;
    return wanted;
}

/* SO_SNDTIMEO as the program set it, in milliseconds; -1: none. */
static int send_timeout(int fd)
{
    struct timeval set = { 0 };
    socklen_t size = sizeof set;

    if (real_net.getsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &set, &size) < 0 || (set.tv_sec == 0 && set.tv_usec == 0))
        return -1;
    return set.tv_sec > 1000000 ? -1 : (int)(set.tv_sec * 1000 + (set.tv_usec + 999) / 1000);
}

static void set_send_timeout(int fd, int milliseconds)
{
    struct timeval wanted = { 0 };

    if (milliseconds > 0)
        wanted = (struct timeval){ milliseconds / 1000, milliseconds % 1000 * 1000 };
    real_net.setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wanted, sizeof wanted);
}

static bool is_blocking(int fd)
{
    return !(fcntl(fd, F_GETFL) & O_NONBLOCK);
}

/* poll(2) ends with EINTR for every handler; connect(2) only for one without SA_RESTART, or for any when SO_SNDTIMEO
 * is set. Which handler ran is not to be known: with handlers of both kinds the answer is EINTR. */
static bool interrupts(struct attempt *attempt)
{
    struct sigaction action;
    sigset_t blocked;

    if (attempt->send_timeout == UNKNOWN)
        attempt->send_timeout = send_timeout(attempt->dial.fd);
    if (attempt->send_timeout >= 0)
        return true;
    pthread_sigmask(SIG_BLOCK, NULL, &blocked);
    for (int number = 1; number < NSIG; number++) {
        if (sigismember(&blocked, number) == 1 || sigaction(number, NULL, &action) < 0)
            continue;
        if (action.sa_handler != SIG_DFL && action.sa_handler != SIG_IGN && !(action.sa_flags & SA_RESTART))
            return true;
    }
    return false;
}

/* A program that corked its socket would have the request held back for 200 ms. Taking the cork out for a moment sends
 * it; the option is as it was when the program sees the socket again. */
static void push_through_cork(int fd)
{
    int corked = 0, off = 0;
    socklen_t size = sizeof corked;

    if (real_net.getsockopt(fd, IPPROTO_TCP, TCP_CORK, &corked, &size) < 0 || !corked)
        return;
    real_net.setsockopt(fd, IPPROTO_TCP, TCP_CORK, &off, sizeof off);
    real_net.setsockopt(fd, IPPROTO_TCP, TCP_CORK, &corked, sizeof corked);
}

/* What is learnt about the socket only when the answer is slow to come, so that the usual connect() does not pay. */
static void ask_about_slow(struct attempt *attempt)
{
    attempt->asked = true;
    if (attempt->send_timeout == UNKNOWN)
        attempt->send_timeout = send_timeout(attempt->dial.fd);
    push_through_cork(attempt->dial.fd);
}

/* The candidate that will be tried first took a connection just now: it will not keep connect() waiting, and the calls that
 * would bound that wait are saved. */
static bool proven(const struct route *route)
{
    int first = route_next(route, 0);
    int64_t answered_at = first < 0 ? 0 : atomic_load(&route->candidates[first].answered_at);

    return answered_at != 0 && deadline_now() - answered_at < proven_for;
}

/* The first step, in which the kernel's connect() waits if the socket blocks: not beyond GUARD, by SO_SNDTIMEO, for no
 * deadline of ours reaches into the kernel. After that the connection goes on being made while we wait in poll(). */
static enum dial_want first_step(struct attempt *attempt)
{
    int fd = attempt->dial.fd;
    enum dial_want want;

    if (proven(attempt->dial.route) || !is_blocking(fd))
        return dial_step(&attempt->dial);
    attempt->send_timeout = send_timeout(fd);
    if (attempt->send_timeout >= 0 && attempt->send_timeout <= GUARD)
        return dial_step(&attempt->dial);
    set_send_timeout(fd, GUARD);
    want = dial_step(&attempt->dial);
    set_send_timeout(fd, attempt->send_timeout);
    return want;
}

static struct deadline program_deadline(const struct attempt *attempt)
{
    if (attempt->send_timeout < 0)
        return deadline_never();
    return (struct deadline){ attempt->started + (int64_t)attempt->send_timeout * 1000000 };
}

/* Waits for what the step wanted. 0, or a negative errno if the program's connect() has to end here. */
static int wait_for(struct attempt *attempt, enum dial_want want)
{
    struct pollfd ready = { .fd = attempt->dial.fd, .events = want == DIAL_WANT_READ ? POLLIN : POLLOUT };
    struct deadline end = deadline_earlier(dial_deadline(&attempt->dial), program_deadline(attempt));
    struct deadline slice = deadline_in(attempt->asked ? LATER_WAIT : FIRST_WAIT);
    int result = real_net.poll(&ready, 1, deadline_left(deadline_earlier(end, slice)));

    if (result < 0 && errno == EINTR && interrupts(attempt))
        return -EINTR;
    if (deadline_passed(program_deadline(attempt)))
        return -EINPROGRESS;
    if (result == 0 && !attempt->asked)
        ask_about_slow(attempt);
    return 0;
}

/* As a natively failed blocking socket: unconnected, no error left to read. */
static int leave_failed(struct dial *dial, int error)
{
    int unread;
    socklen_t size = sizeof unread;

    if (dial->touched)
        dial_disconnect(dial);
    real_net.getsockopt(dial->fd, SOL_SOCKET, SO_ERROR, &unread, &size);
    return -error;
}

static int drive(struct attempt *attempt)
{
    struct dial *dial = &attempt->dial;
    enum dial_want want = first_step(attempt);
    int result;

    while (want == DIAL_WANT_READ || want == DIAL_WANT_WRITE) {
        if (dial->interrupted && interrupts(attempt))
            return leave_failed(dial, EINTR);
        dial->interrupted = false;
        result = wait_for(attempt, want);
        if (result < 0)
            return leave_failed(dial, -result);
        want = dial_step(dial);
    }
    if (want == DIAL_FAILED)
        return leave_failed(dial, dial->error);
    return want == DIAL_OPEN ? 0 : -dial->error;
}

/* Nobody can listen on port 0, so the kernel itself plays a refused connect(), in both modes, with everything that
 * belongs to it. The unspecified address works under SO_BINDTODEVICE too. */
static int refuse(int fd, int family)
{
    struct sockaddr_storage nowhere = { .ss_family = (sa_family_t)family };
    socklen_t size = family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);

    return real_net.connect(fd, (const struct sockaddr *)&nowhere, size) < 0 ? -errno : 0;
}

int tunnel_connect(const struct tunnel *tunnel)
{
    struct attempt attempt = { .started = deadline_now(), .send_timeout = UNKNOWN };
    const struct config *config = guest_config();
    int saved = errno, result;

    if (!config)
        return -EACCES;
    if (tunnel->decision.verdict == VERDICT_REJECT || tunnel->target.port == 0)
        return refuse(tunnel->fd, tunnel->family);
    dial_start(&attempt.dial, &real_net, tunnel->fd, tunnel->family, &tunnel->target, tunnel->decision.route,
               config_limits(config));
    result = drive(&attempt);
    errno = saved;
    return result;
}
