#include "relay.h"

#include "bytes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

bool pipe_full(const struct pipe *pipe)
{
    return pipe->length == PIPE_SIZE;
}

void pipe_fill(struct pipe *pipe, int fd)
{
    ssize_t count;

    if (pipe->eof || pipe->failed || pipe_full(pipe))
        return;
    if (!pipe->data)
        pipe->data = get_memory(PIPE_SIZE);
    if (pipe->start > 0)
        memmove(pipe->data, pipe->data + pipe->start, pipe->length);
    pipe->start = 0;
    count = recv(fd, pipe->data + pipe->length, PIPE_SIZE - pipe->length, 0);
    if (count > 0)
        pipe->length += (size_t)count;
    else if (count == 0)
        pipe->eof = true;
    else if (errno != EAGAIN && errno != EINTR)
        pipe->failed = true;
}

void pipe_take(struct pipe *pipe, size_t count)
{
    pipe->start += count;
    pipe->length -= count;
    if (pipe->length == 0)
        pipe->start = 0;
}

void pipe_free(struct pipe *pipe)
{
    free(pipe->data);
    *pipe = (struct pipe){0};
}

static void pipe_drain(struct pipe *pipe, int fd)
{
    if (pipe->length > 0) {
        ssize_t count = send(fd, pipe->data + pipe->start, pipe->length, MSG_NOSIGNAL);

        if (count > 0)
            pipe_take(pipe, (size_t)count);
        else if (errno != EAGAIN && errno != EINTR)
            pipe->failed = true;
    }
    if (pipe->eof && pipe->length == 0 && !pipe->shut) {
        shutdown(fd, SHUT_WR);
        pipe->shut = true;
    }
}

void relay_event(struct pipe *pipe, const struct watch *from, uint32_t events)
{
    /* Nothing more can be read here, so nothing but this event will tell of the error. */
    if ((events & EPOLLERR) && (pipe->eof || pipe_full(pipe)))
        pipe->failed = true;
    else if (events & (EPOLLIN | EPOLLHUP | EPOLLERR))
        pipe_fill(pipe, from->fd);
}

static uint32_t interest(const struct pipe *in, const struct pipe *out)
{
    uint32_t events = 0;

    if (!in->eof && !pipe_full(in))
        events |= EPOLLIN;
    if (out->length > 0)
        events |= EPOLLOUT;
    return events;
}

/* The one who no longer takes bytes may have sent some before he went, and the event that says so is still to come. */
static void deliver_rest(struct pipe *pipe, int from, int to)
{
    size_t found;

    do {
        pipe_fill(pipe, from);
        found = pipe->length;
        pipe_drain(pipe, to);
    } while (pipe->length < found && !pipe->failed);
}

enum relay_state relay_move(struct pipe *up, struct pipe *down, struct watch *near, struct watch *far)
{
    /* Also when one has failed: bytes that came before a reset are still delivered. */
    pipe_drain(up, far->fd);
    pipe_drain(down, near->fd);
    if (up->failed || down->failed) {
        deliver_rest(up, near->fd, far->fd);
        deliver_rest(down, far->fd, near->fd);
        return RELAY_BROKEN;
    }
    if (up->shut && down->shut)
        return RELAY_DONE;
    watch_want(near, interest(up, down));
    watch_want(far, interest(down, up));
    return RELAY_ON;
}
