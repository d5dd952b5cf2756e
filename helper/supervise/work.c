#include "work.h"

#include "../relay/list.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum { STACK_SIZE = 256 * 1024 }; /* getaddrinfo(3) wants the most of it */

static void finish(struct works *works, struct work *work)
{
    uint64_t one = 1;

    pthread_mutex_lock(&works->lock);
    work->next = works->finished;
    works->finished = work;
    pthread_mutex_unlock(&works->lock);
    /* Cannot fail but for a full counter, and then the loop is woken already. */
    if (write(works->ready, &one, sizeof one) < 0)
        return;
}

static void *run(void *argument)
{
    struct work *work = argument;
    struct works *works = work->all;

    work->run(work);
    finish(works, work);
    return NULL;
}

static void on_ready(struct watch *watch, uint32_t events)
{
    struct works *works = owner_of(watch, struct works, watch);
    struct work *work, *next;
    uint64_t count;

    (void)events;
    if (read(works->ready, &count, sizeof count) < 0)
        return;
    pthread_mutex_lock(&works->lock);
    work = works->finished;
    works->finished = NULL;
    pthread_mutex_unlock(&works->lock);
    for (; work; work = next) {
        next = work->next;
        work->done(work);
    }
}

int works_open(struct works *works, struct loop *loop)
{
    *works = (struct works){ .watch.ready = on_ready, .ready = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK) };
    pthread_mutex_init(&works->lock, NULL);
    return works->ready < 0 ? -errno : loop_watch(loop, works->ready, EPOLLIN, &works->watch);
}

int work_start(struct works *works, struct work *work)
{
    pthread_attr_t attributes;
    sigset_t all, before;
    pthread_t thread;
    int error;

    work->all = works;
    sigfillset(&all);
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, STACK_SIZE);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    error = pthread_create(&thread, &attributes, run, work);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
    return -error;
}
