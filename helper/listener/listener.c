#include "listener.h"
#include "far.h"

#include <ptunnel/log.h>
#include <ptunnel/errors.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { RETRY_AFTER = 1000 };

static void set_accepting(struct listeners *all, bool accepting)
{
    for (struct listener *at = all->first; at; at = at->next)
        loop_change(all->loop, at->bound.fd, accepting ? EPOLLIN : 0, &at->watch);
    all->paused = !accepting;
}

static void resume(struct listeners *all)
{
    if (all->paused && !all->closed)
        set_accepting(all, true);
}

static void pause_accepting(struct listeners *all, int error)
{
    char buffer[LOG_LINE_SIZE];
    struct text line = text_in(buffer, sizeof buffer);

    text_add(&line, "accepting no more until a tunnel ends: ");
    errors_print(&line, error);
    text_print(&line, ", with tunnels: %lu", (unsigned long)all->relays.count);
    log_failure((uint64_t)error, &line);
    set_accepting(all, false);
    loop_set_timer(&all->try_again, deadline_in(RETRY_AFTER)); /* others may have made room */
}

static void on_try_again(struct timer *timer)
{
    resume(owner_of(timer, struct listeners, try_again));
}

static void on_relay_end(struct relays *relays, const struct relay *relay)
{
    struct listeners *all = owner_of(relays, struct listeners, relays);

    (void)relay;
    resume(all);
    if (all->closed && relays->count == 0)
        all->loop->stopped = true;
}

static int have_spare(struct listeners *all, int family)
{
    if (all->spare >= 0 && all->spare_family != family) {
        close(all->spare);
        all->spare = -1;
    }
    if (all->spare < 0) {
        all->spare = far_socket(family);
        all->spare_family = family;
    }
    return all->spare < 0 ? all->spare : 0;
}

/* With a spare socket. 0, or a negative errno: -EAGAIN when nobody is waiting. */
static int accept_one(struct listener *listener)
{
    struct listeners *all = listener->all;
    struct relay_ends ends = { .far = all->spare, .family = all->spare_family };

    ends.near_in = ends.near_out = accept4(listener->bound.fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (ends.near_in < 0)
        return -errno;
    all->spare = -1;
    return relay_start(&all->relays, &ends, listener->target, listener->route);
}

static bool is_shortage(int error)
{
    return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM || error == ENOSPC;
}

static void on_client(struct watch *watch, uint32_t events)
{
    struct listener *listener = owner_of(watch, struct listener, watch);
    struct listeners *all = listener->all;
    bool direct = all->relays.limits.fallback_direct || listener->route->count == 0;
    bool ours = true;
    int result;

    (void)events;
    if (all->closed || all->paused)
        return;
    /* One for each event: a level-triggered listener is reported again, and the relays get their turn. */
    result = have_spare(all, far_family(listener->route, listener->target, direct));
    if (result == 0) {
        result = accept_one(listener);
        /* Any other error is the client's, which has left, or its network's: see accept(2). */
        ours = is_shortage(-result);
    }
    if (result < 0 && ours)
        pause_accepting(all, -result);
}

void listeners_start(struct listeners *all, struct loop *loop, const struct dial_limits *limits)
{
    *all = (struct listeners){ .loop = loop, .spare = -1 };
    relays_start(&all->relays, loop, limits, on_relay_end);
    loop_add_timer(loop, &all->try_again, on_try_again);
}

int listeners_add(struct listeners *all, const struct bound *bound, const struct endpoint *target,
                  struct route *route)
{
    struct listener *listener = calloc(1, sizeof *listener);
    int result;

    if (!listener)
        return -ENOMEM;
    *listener = (struct listener){ .watch.ready = on_client,
                                   .all = all,
                                   .bound = *bound,
                                   .target = target,
                                   .route = route,
                                   .next = all->first };
    result = loop_watch(all->loop, bound->fd, EPOLLIN, &listener->watch);
    if (result < 0)
        free(listener);
    else
        all->first = listener;
    return result;
}

void listeners_close(struct listeners *all)
{
    all->closed = true;
    for (struct listener *at = all->first; at; at = at->next)
        bound_close(&at->bound);
    all->try_again.at = deadline_never();
    if (all->relays.count == 0)
        all->loop->stopped = true;
}

void listeners_end(struct listeners *all)
{
    struct listener *next;

    if (!all->closed)
        listeners_close(all);
    relays_end(&all->relays);
    for (struct listener *at = all->first; at; at = next) {
        next = at->next;
        free(at);
    }
    if (all->spare >= 0)
        close(all->spare);
}
