#include "buffers.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

/* A pipe of 1 MiB, as large as a user may make it, moves a gigabyte at little more than half of the cost of
 * one of 64 KiB. A user may have 64 of those, and each keeps as much of the kernel's memory while its
 * tunnel's receiver is slow. */
enum { SPARES_MOST = 4, CONDUITS_MOST = 64, CONDUIT_SIZE = 1024 * 1024 };

struct buffer *buffer_take(struct buffers *buffers)
{
    struct buffer *buffer = buffers->spare;

    if (buffer) {
        buffers->spare = buffer->next;
        buffers->spare_count--;
        return buffer;
    }
    /* Not malloc(): a buffer that is not needed any more shall be gone, not lie between two tunnels on the
     * heap. */
    buffer = mmap(NULL, sizeof *buffer, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return buffer == MAP_FAILED ? NULL : buffer;
}

void buffer_give(struct buffers *buffers, struct buffer *buffer)
{
    if (buffers->spare_count == SPARES_MOST) {
        munmap(buffer, sizeof *buffer);
        return;
    }
    buffer->next = buffers->spare;
    buffers->spare = buffer;
    buffers->spare_count++;
}

static void close_conduit(struct buffers *buffers, struct conduit *conduit)
{
    buffers->conduit_count--;
    close(conduit->in);
    close(conduit->out);
    free(conduit);
}

struct conduit *conduit_take(struct buffers *buffers)
{
    struct conduit *conduit = buffers->spare_conduit;
    int ends[2];

    if (conduit) {
        buffers->spare_conduit = conduit->next;
        buffers->spare_conduit_count--;
        return conduit;
    }
    if (buffers->conduit_count == CONDUITS_MOST || pipe2(ends, O_NONBLOCK | O_CLOEXEC) < 0)
        return NULL;
    conduit = malloc(sizeof *conduit);
    if (!conduit) {
        close(ends[0]);
        close(ends[1]);
        return NULL;
    }
    fcntl(ends[1], F_SETPIPE_SZ, CONDUIT_SIZE); /* else it is a smaller one */
    *conduit = (struct conduit){ .out = ends[0], .in = ends[1] };
    buffers->conduit_count++;
    return conduit;
}

void conduit_give(struct buffers *buffers, struct conduit *conduit)
{
    /* One that still holds the bytes of a broken tunnel is nobody else's to have. */
    if (conduit->held > 0 || buffers->spare_conduit_count == SPARES_MOST) {
        close_conduit(buffers, conduit);
        return;
    }
    conduit->next = buffers->spare_conduit;
    buffers->spare_conduit = conduit;
    buffers->spare_conduit_count++;
}

bool buffers_trim(struct buffers *buffers)
{
    bool had_conduit = buffers->spare_conduit;

    while (buffers->spare)
        munmap(buffer_take(buffers), sizeof(struct buffer));
    while (buffers->spare_conduit)
        close_conduit(buffers, conduit_take(buffers));
    return had_conduit;
}
