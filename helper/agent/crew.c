#include "crew.h"
#include "exchanges.h"
#include "../relay/list.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

struct worker {
    struct watch watch;
    int fd; /* -1: there is none in this place */
    pid_t pid;
    struct exchange *busy; /* whose job it has; NULL: none */
};

struct queued {
    struct link link;
    struct exchange *exchange;
    size_t size;
    struct job *job;
};

static struct worker workers[WORKERS_MOST];
static struct link queue;
static struct loop *loop;
static void (*on_done)(struct exchange *exchange);
static struct result result;

void crew_start(struct loop *with, void (*done)(struct exchange *exchange))
{
    loop = with;
    on_done = done;
    list_start(&queue);
    for (size_t i = 0; i < WORKERS_MOST; i++)
        workers[i].fd = -1;
}

static void dispatch(void);

static void lose_if_its(struct exchange *exchange, void *worker)
{
    if (exchange->worker != worker)
        return;
    exchange->worker = NULL;
    if (exchange->working && ((struct worker *)worker)->busy == exchange) {
        exchange_lose(exchange, "the agent's worker has ended: try again");
        exchange->known->jobs--;
        on_done(exchange);
    }
}

static void end_worker(struct worker *worker)
{
    close(worker->fd);
    worker->fd = -1;
    exchanges_each(lose_if_its, worker);
    worker->busy = NULL;
    waitpid(worker->pid, NULL, 0);
}

static void take_result(struct worker *worker)
{
    struct exchange *exchange = worker->busy;

    worker->busy = NULL;
    if (!exchange || exchange->id != result.id)
        return;
    exchange->known->jobs--;
    exchange_done(exchange, &result);
    on_done(exchange);
}

static void worker_ready(struct watch *watch, uint32_t events)
{
    struct worker *worker = owner_of(watch, struct worker, watch);
    ssize_t got;

    (void)events;
    if (worker->fd < 0)
        return;
    got = recv(worker->fd, &result, sizeof result, MSG_DONTWAIT);
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (got >= (ssize_t)offsetof(struct result, field) && (size_t)got == result_size(&result))
        take_result(worker);
    else
        end_worker(worker);
    if (got > 0)
        explicit_bzero(&result, (size_t)got);
    dispatch();
}

static struct worker *hire(struct worker *worker)
{
    int fd = worker_start(&worker->pid);

    if (fd < 0)
        return NULL;
    worker->fd = fd;
    worker->watch.ready = worker_ready;
    if (loop_watch(loop, fd, EPOLLIN, &worker->watch) == 0)
        return worker;
    end_worker(worker);
    return NULL;
}

/* NULL: it has to wait. */
static struct worker *worker_for(const struct exchange *exchange)
{
    struct worker *own = exchange->worker, *free_place = NULL;

    if (exchange->known->jobs > 0)
        return NULL;
    if (own)
        return own->busy ? NULL : own;
    for (size_t i = 0; i < WORKERS_MOST; i++) {
        if (workers[i].fd >= 0 && !workers[i].busy)
            return &workers[i];
        if (workers[i].fd < 0 && !free_place)
            free_place = &workers[i];
    }
    return free_place ? hire(free_place) : NULL;
}

static void drop(struct queued *queued)
{
    list_remove(&queued->link);
    explicit_bzero(queued->job, queued->size);
    free(queued->job);
    free(queued);
}

static void hand(struct queued *queued, struct worker *worker)
{
    struct exchange *exchange = queued->exchange;

    if (send(worker->fd, queued->job, queued->size, MSG_DONTWAIT | MSG_NOSIGNAL) != (ssize_t)queued->size)
        return; /* it is just ending, which its watch will tell */
    worker->busy = exchange;
    exchange->worker = worker;
    exchange->known->jobs++;
    drop(queued);
}

static void dispatch(void)
{
    struct link *next;

    for (struct link *at = queue.next; at != &queue; at = next) {
        struct queued *queued = owner_of(at, struct queued, link);
        struct worker *worker = worker_for(queued->exchange);

        next = at->next;
        if (worker)
            hand(queued, worker);
    }
}

bool crew_give(struct exchange *exchange, const struct job *job)
{
    struct queued *queued = malloc(sizeof *queued);
    size_t size = job_size(job);
    struct job *copy = malloc(size);

    if (!queued || !copy) {
        free(queued);
        free(copy);
        exchange_lose(exchange, "the agent has no memory");
        return false;
    }
    memcpy(copy, job, size);
    *queued = (struct queued){ .exchange = exchange, .size = size, .job = copy };
    list_add(&queue, &queued->link);
    dispatch();
    return true;
}

bool crew_is_idle(void)
{
    for (size_t i = 0; i < WORKERS_MOST; i++)
        if (workers[i].busy)
            return false;
    return list_is_empty(&queue);
}

void crew_forget(struct exchange *exchange)
{
    struct worker *worker = exchange->worker;
    static struct job job = { .kind = JOB_FORGET };

    job.id = exchange->id;
    exchange->worker = NULL;
    if (worker && worker->fd >= 0)
        send(worker->fd, &job, job_size(&job), MSG_DONTWAIT | MSG_NOSIGNAL);
}

static void note_user(struct exchange *exchange, void *used)
{
    struct worker *worker = exchange->worker;

    if (worker)
        ((bool *)used)[worker - workers] = true;
}

void crew_rest(void)
{
    bool used[WORKERS_MOST] = { true };

    exchanges_each(note_user, used);
    for (size_t i = 1; i < WORKERS_MOST; i++)
        if (workers[i].fd >= 0 && !workers[i].busy && !used[i])
            end_worker(&workers[i]);
}

void crew_end(void)
{
    for (size_t i = 0; i < WORKERS_MOST; i++)
        if (workers[i].fd >= 0) {
            kill(workers[i].pid, SIGKILL);
            end_worker(&workers[i]);
        }
    while (!list_is_empty(&queue))
        drop(owner_of(queue.next, struct queued, link));
}
