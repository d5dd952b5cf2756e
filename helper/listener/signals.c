#include "signals.h"
#include "../relay/account.h"

#include <ptunnel/log.h>

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/signalfd.h>
#include <unistd.h>

static void on_grace_over(struct timer *timer)
{
    owner_of(timer, struct signals, timer)->listeners->loop->stopped = true;
}

static void say(const struct signals *signals)
{
    log_print(LOG_CONNECTION, "stopping; seconds for the open tunnels to finish: %u, tunnels: %lu",
              (unsigned)signals->grace / 1000, (unsigned long)signals->listeners->relays.count);
}

static void on_signal(struct watch *watch, uint32_t events)
{
    struct signals *signals = owner_of(watch, struct signals, watch);
    struct signalfd_siginfo info;

    (void)events;
    if (read(signals->fd, &info, sizeof info) != sizeof info)
        return;
    if (info.ssi_signo == SIGUSR1) {
        account_of_all(&signals->listeners->relays);
        return;
    }
    if (signals->listeners->closed || signals->grace == 0) {
        signals->listeners->loop->stopped = true;
        return;
    }
    say(signals);
    listeners_close(signals->listeners);
    loop_set_timer(&signals->timer, deadline_in(signals->grace));
}

int signals_start(struct signals *signals, struct listeners *listeners, int grace)
{
    sigset_t set;

    *signals = (struct signals){ .watch.ready = on_signal, .listeners = listeners, .grace = grace };
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGUSR1);
    sigprocmask(SIG_BLOCK, &set, NULL);
    signals->fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    if (signals->fd < 0)
        return -errno;
    loop_add_timer(listeners->loop, &signals->timer, on_grace_over);
    return loop_watch(listeners->loop, signals->fd, EPOLLIN, &signals->watch);
}

void signals_end(struct signals *signals)
{
    close(signals->fd);
}
