#include "waiters.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/time.h>

/* In ms; -1: for ever. */
static int send_timeout(int fd)
{
    struct timeval set = { 0 };
    socklen_t size = sizeof set;

    if (getsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &set, &size) < 0 || (set.tv_sec == 0 && set.tv_usec == 0))
        return -1;
    return set.tv_sec > 1000000 ? -1 : (int)(set.tv_sec * 1000 + (set.tv_usec + 999) / 1000);
}

static void let_go_late(struct timer *timer)
{
    struct waiters *waiters = owner_of(timer, struct waiters, timer);
    struct link *next;

    for (struct link *at = waiters->all.next; at != &waiters->all; at = next) {
        struct waiter *waiter = owner_of(at, struct waiter, link);

        next = at->next;
        if (!deadline_passed(waiter->until)) {
            loop_set_timer(timer, waiter->until);
            continue;
        }
        notify_answer(waiters->listener, waiter->notice.id, -waiter->late);
        list_remove(&waiter->link);
        free(waiter);
    }
}

void waiters_start(struct waiters *waiters, struct loop *loop, int listener)
{
    waiters->listener = listener;
    list_start(&waiters->all);
    loop_add_timer(loop, &waiters->timer, let_go_late);
}

bool waiters_add(struct waiters *waiters, const struct notice *notice, uint64_t cookie, int fd, int late)
{
    struct waiter *waiter = malloc(sizeof *waiter);
    int milliseconds = notice->call == SYS_connect ? send_timeout(fd) : -1;

    if (!waiter)
        return false;
    *waiter = (struct waiter){
        .notice = *notice, .cookie = cookie, .until = deadline_in(milliseconds), .late = late
    };
    list_add(&waiters->all, &waiter->link);
    loop_set_timer(&waiters->timer, waiter->until);
    return true;
}

struct waiter *waiters_find(struct waiters *waiters, uint64_t cookie)
{
    for (struct link *at = waiters->all.next; at != &waiters->all; at = at->next) {
        struct waiter *waiter = owner_of(at, struct waiter, link);

        if (waiter->cookie == cookie)
            return waiter;
    }
    return NULL;
}

struct waiter *waiters_take(struct waiters *waiters, uint64_t cookie)
{
    struct waiter *waiter = waiters_find(waiters, cookie);

    if (waiter)
        list_remove(&waiter->link);
    return waiter;
}
