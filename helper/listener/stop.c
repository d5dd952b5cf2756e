#include "stop.h"

#include <ptunnel/log.h>

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/signalfd.h>
#include <unistd.h>

static void on_grace_over(struct timer *timer)
{
    owner_of(timer, struct stop, timer)->listeners->loop->stopped = true;
}

static void say(const struct stop *stop)
{
    log_print(LOG_CONNECTION, "stopping; seconds for the open tunnels to finish: %u, tunnels: %lu",
              (unsigned)stop->grace / 1000, (unsigned long)stop->listeners->relays.count);
}

static void on_signal(struct watch *watch, uint32_t events)
{
    struct stop *stop = owner_of(watch, struct stop, watch);
    struct signalfd_siginfo info;

    (void)events;
    if (read(stop->fd, &info, sizeof info) != sizeof info)
        return;
    if (stop->listeners->closed || stop->grace == 0) {
        stop->listeners->loop->stopped = true;
        return;
    }
    say(stop);
    listeners_close(stop->listeners);
    loop_set_timer(&stop->timer, deadline_in(stop->grace));
}

int stop_start(struct stop *stop, struct listeners *listeners, int grace)
{
    sigset_t signals;

    *stop = (struct stop){ .watch.ready = on_signal, .listeners = listeners, .grace = grace };
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    sigprocmask(SIG_BLOCK, &signals, NULL);
    stop->fd = signalfd(-1, &signals, SFD_NONBLOCK | SFD_CLOEXEC);
    if (stop->fd < 0)
        return -errno;
    loop_add_timer(listeners->loop, &stop->timer, on_grace_over);
    return loop_watch(listeners->loop, stop->fd, EPOLLIN, &stop->watch);
}

void stop_end(struct stop *stop)
{
    close(stop->fd);
}
