#include "flow.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    SHARE = 16, /* reads a turn */
    BULK = 16 * 1024,
    SPLICE_SIZE = 1024 * 1024,
};

void flow_start(struct flow *flow, int from, int to)
{
    *flow = (struct flow){ .from = from, .to = to, .readable = true, .writable = true };
}

static void drop(struct flow *flow, struct buffers *buffers)
{
    if (flow->held)
        buffer_give(buffers, flow->held);
    if (flow->conduit)
        conduit_give(buffers, flow->conduit);
    flow->held = NULL;
    flow->conduit = NULL;
}

void flow_lose_to(struct flow *flow, struct buffers *buffers)
{
    drop(flow, buffers);
    flow->ended = flow->to_lost = true;
}

void flow_from_ready(struct flow *flow, uint32_t events)
{
    if (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR))
        flow->readable = true;
    if (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR))
        flow->read_on = true;
}

void flow_to_ready(struct flow *flow, uint32_t events, struct buffers *buffers)
{
    if (events & (EPOLLOUT | EPOLLHUP))
        flow->writable = true;
    if (events & EPOLLERR)
        flow_lose_to(flow, buffers);
}

/* The end of file, passed on. */
static void end(struct flow *flow)
{
    if (!flow->from_lost && shutdown(flow->to, SHUT_WR) < 0 && errno == ENOTSOCK) {
        close(flow->to);
        flow->to = -1;
    }
    flow->ended = true;
}

/* What was taken only in part has filled the descriptor; that there is room again is another event. */
static void wrote(struct flow *flow, struct buffers *buffers, ssize_t written, bool all)
{
    if (written >= 0)
        flow->writable = all || flow->write_on;
    else if (errno == EAGAIN)
        flow->writable = false;
    else if (errno != EINTR)
        flow_lose_to(flow, buffers);
}

static void write_held(struct flow *flow, struct buffers *buffers)
{
    struct buffer *held = flow->held;
    ssize_t written = write(flow->to, held->bytes + held->at, held->end - held->at);

    if (written > 0)
        held->at += (size_t)written;
    if (held->at == held->end)
        drop(flow, buffers);
    wrote(flow, buffers, written, !flow->held);
}

static void splice_held(struct flow *flow, struct buffers *buffers)
{
    struct conduit *conduit = flow->conduit;
    ssize_t written = splice(conduit->out, NULL, flow->to, NULL, conduit->held, SPLICE_F_NONBLOCK);

    if (written > 0)
        conduit->held -= (size_t)written;
    if (conduit->held == 0)
        drop(flow, buffers);
    wrote(flow, buffers, written, true); /* it may have stopped in the middle for other reasons */
}

static void did_not_read(struct flow *flow, ssize_t got)
{
    if (got == 0)
        flow->end_read = true;
    else if (errno == EAGAIN)
        flow->readable = false;
    else if (errno != EINTR)
        flow->end_read = flow->from_lost = true;
}

/* A short read has emptied the descriptor, epoll(7) says, and what comes later is another event: no need to
 * read once more only to be told EAGAIN. */
static void read_some(struct flow *flow, struct buffers *buffers)
{
    ssize_t got;

    flow->held = buffer_take(buffers);
    if (!flow->held) {
        flow->end_read = flow->from_lost = true;
        return;
    }
    got = read(flow->from, flow->held->bytes, BUFFER_SIZE);
    if (got <= 0) {
        did_not_read(flow, got);
        drop(flow, buffers);
        return;
    }
    flow->held->at = 0;
    flow->held->end = (size_t)got;
    flow->bulk = got >= BULK;
    if (got < BUFFER_SIZE && !flow->read_on)
        flow->readable = false;
}

/* The same without the copies to here and from here. The pipe may be full before the socket is empty. */
static void splice_some(struct flow *flow, struct buffers *buffers)
{
    ssize_t got = splice(flow->from, NULL, flow->conduit->in, NULL, SPLICE_SIZE, SPLICE_F_NONBLOCK);

    if (got <= 0) {
        did_not_read(flow, got);
        drop(flow, buffers);
        return;
    }
    flow->conduit->held = (size_t)got;
    flow->bulk = got >= BULK;
}

static void take_some(struct flow *flow, struct buffers *buffers)
{
    if (flow->bulk && flow->may_splice)
        flow->conduit = conduit_take(buffers);
    if (flow->conduit)
        splice_some(flow, buffers);
    else
        read_some(flow, buffers);
}

enum flow_next flow_run(struct flow *flow, struct buffers *buffers)
{
    for (int left = SHARE; !flow->ended;) {
        bool holds = flow->held || flow->conduit;

        if (holds ? !flow->writable : !flow->readable && !flow->end_read)
            return FLOW_WAIT;
        if (flow->held) {
            write_held(flow, buffers);
        } else if (flow->conduit) {
            splice_held(flow, buffers);
        } else if (flow->end_read) {
            end(flow);
        } else if (left-- == 0) {
            return FLOW_AGAIN;
        } else {
            take_some(flow, buffers);
        }
    }
    return FLOW_WAIT;
}
