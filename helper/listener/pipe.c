#include "pipe.h"
#include "far.h"
#include "../relay/relay.h"
#include "../common/usage.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct pipe {
    struct loop loop;
    struct relays relays;
    bool broken;
};

/* O_NONBLOCK belongs to the open file, which other processes share: the shell has the same terminal. So it
 * is opened once more, for this process alone. */
static int reopen(int fd, int flags)
{
    char path[32];
    int own;

    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    own = open(path, flags | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (own >= 0)
        close(fd);
    return own;
}

/* The descriptor to use in the place of fd: non-blocking, or one that never blocks. */
static int make_nonblocking(int fd, int flags)
{
    struct stat status;
    int own = -1;

    if (fstat(fd, &status) < 0)
        return -errno;
    if (S_ISREG(status.st_mode))
        return fd;
    if (!S_ISSOCK(status.st_mode)) /* a socket cannot be opened */
        own = reopen(fd, flags);
    if (own < 0 && fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK) < 0)
        return -errno;
    return own < 0 ? fd : own;
}

static void on_end(struct relays *relays, const struct relay *relay)
{
    struct pipe *pipe = owner_of(relays, struct pipe, relays);

    pipe->broken = relay->broken;
    pipe->loop.stopped = true;
}

static int open_ends(struct relay_ends *ends, int family)
{
    ends->family = family;
    ends->near_in = make_nonblocking(STDIN_FILENO, O_RDONLY);
    if (ends->near_in < 0)
        return ends->near_in;
    ends->near_out = make_nonblocking(STDOUT_FILENO, O_WRONLY);
    if (ends->near_out < 0)
        return ends->near_out;
    far_keep_alive(ends->near_in); /* if it is a socket */
    ends->far = far_socket(family);
    return ends->far < 0 ? ends->far : 0;
}

static int run(const struct endpoint *target, struct route *route, const struct dial_limits *limits,
               int half_close)
{
    bool direct = limits->fallback_direct || route->count == 0;
    struct relay_ends ends;
    struct pipe pipe = { 0 };
    int result = loop_open(&pipe.loop);

    if (result < 0)
        return result;
    relays_start(&pipe.relays, &pipe.loop, limits, on_end);
    pipe.relays.half_close = half_close;
    result = open_ends(&ends, far_family(route, target, direct));
    if (result == 0)
        result = relay_start(&pipe.relays, &ends, target, route);
    if (result == 0)
        result = loop_run(&pipe.loop);
    relays_end(&pipe.relays);
    loop_close(&pipe.loop);
    return result == 0 ? pipe.broken : result;
}

int pipe_or_exit(const struct options *options, const struct setup *setup)
{
    struct endpoint target = options->target;
    struct route *route = setup_route_or_exit(setup, &target, options->stdio);
    int result;

    /* A socket opened below would get the number. */
    if (fcntl(STDIN_FILENO, F_GETFD) < 0 || fcntl(STDOUT_FILENO, F_GETFD) < 0) {
        usage_complain("-W '%s': standard input or output is closed", options->stdio);
        exit(EXIT_OTHER);
    }
    result = run(&target, route, &setup->limits, options->half_close);
    if (result < 0) {
        usage_complain("-W '%s': %s", options->stdio, strerror(-result));
        exit(EXIT_OTHER);
    }
    return result;
}
