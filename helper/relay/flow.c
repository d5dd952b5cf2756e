#include "flow.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { SHARE = 4 }; /* buffers read in a turn */

void flow_start(struct flow *flow, int from, int to)
{
    *flow = (struct flow){ .from = from, .to = to, .writable = true };
}

void flow_from_always(struct flow *flow)
{
    flow->readable = flow->read_on = true;
}

void flow_to_always(struct flow *flow)
{
    flow->write_on = true;
}

static void drop(struct flow *flow, struct buffers *buffers)
{
    if (flow->held)
        buffers_give(buffers, flow->held);
    flow->held = NULL;
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

/* Passes the end of file on. Not if `to` is closed right after this: close(2) says it, too. */
static void end(struct flow *flow)
{
    if (!flow->from_lost && !flow->last && shutdown(flow->to, SHUT_WR) < 0 && errno == ENOTSOCK) {
        close(flow->to);
        flow->to = -1;
    }
    flow->ended = true;
}

/* A short write has filled the descriptor: room will be another event. */
static void write_held(struct flow *flow, struct buffers *buffers)
{
    struct buffer *held = flow->held;
    ssize_t written = write(flow->to, held->bytes + held->at, held->end - held->at);

    if (written < 0 && errno == EAGAIN) {
        flow->writable = false;
    } else if (written < 0 && errno != EINTR) {
        flow_lose_to(flow, buffers);
    } else if (written > 0) {
        held->at += (size_t)written;
        flow->written += (uint64_t)written;
        flow->writable = held->at == held->end || flow->write_on;
        if (held->at == held->end)
            drop(flow, buffers);
    }
}

static void read_nothing(struct flow *flow, ssize_t got)
{
    if (got == 0)
        flow->end_read = true;
    else if (errno == EAGAIN)
        flow->readable = false;
    else if (errno != EINTR)
        flow->end_read = flow->from_lost = true;
}

static struct buffer *take_buffer(struct flow *flow, struct buffers *buffers)
{
    struct buffer *buffer = buffers_take(buffers);

    if (!buffer)
        flow->end_read = flow->from_lost = true;
    return buffer;
}

static void hold(struct flow *flow, struct buffer *buffer, size_t size)
{
    flow->moved = true;
    buffer->at = 0;
    buffer->end = size;
    flow->held = buffer;
}

/* A short read has emptied the descriptor, epoll(7) says, and what comes later is another event: no need to
 * read once more only to be told EAGAIN. */
static void found_empty(struct flow *flow)
{
    if (!flow->read_on)
        flow->readable = false;
}

void flow_begin(struct flow *flow, const char *bytes, size_t size, bool emptied, struct buffers *buffers)
{
    struct buffer *buffer = size > 0 ? take_buffer(flow, buffers) : NULL;

    if (buffer) {
        memcpy(buffer->bytes, bytes, size);
        hold(flow, buffer, size);
    }
    if (emptied)
        found_empty(flow);
}

static void read_some(struct flow *flow, struct buffers *buffers)
{
    struct buffer *buffer = take_buffer(flow, buffers);
    ssize_t got;

    if (!buffer)
        return;
    got = read(flow->from, buffer->bytes, BUFFER_SIZE);
    if (got <= 0) {
        read_nothing(flow, got);
        buffers_give(buffers, buffer);
        return;
    }
    hold(flow, buffer, (size_t)got);
    if (got < BUFFER_SIZE)
        found_empty(flow);
}

enum flow_next flow_run(struct flow *flow, struct buffers *buffers)
{
    for (int left = SHARE; !flow->ended;) {
        if (flow->held && flow->writable)
            write_held(flow, buffers);
        else if (flow->held)
            return FLOW_WAIT;
        else if (flow->end_read && flow->withheld && !flow->last && !flow->from_lost)
            return FLOW_WAIT;
        else if (flow->end_read)
            end(flow);
        else if (!flow->readable)
            return FLOW_WAIT;
        else if (left-- == 0)
            return FLOW_AGAIN;
        else
            read_some(flow, buffers);
    }
    return FLOW_WAIT;
}

void flow_share_losses(struct flow *out, struct flow *in, struct buffers *buffers)
{
    if (out->ended && out->from_lost)
        flow_lose_to(in, buffers);
    if (in->ended && in->from_lost)
        flow_lose_to(out, buffers);
    if (out->to_lost)
        in->from_lost = true;
    if (in->to_lost)
        out->from_lost = true;
    /* Standard input can go on without standard output; but whoever writes to it will not get an answer. */
    if (in->to_lost && in->to != out->from)
        flow_lose_to(out, buffers);
}
