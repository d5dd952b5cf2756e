#include "buffers.h"

#include <sys/mman.h>

enum { SPARES_MOST = 4 };

struct buffer *buffers_take(struct buffers *buffers)
{
    struct buffer *buffer = buffers->spare;

    if (buffer) {
        buffers->spare = buffer->next;
        buffers->spare_count--;
        return buffer;
    }
    /* mmap(2), so that a buffer that is not needed goes back to the kernel; malloc(3) might keep it between
     * others. */
    buffer = mmap(NULL, sizeof *buffer, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return buffer == MAP_FAILED ? NULL : buffer;
}

void buffers_give(struct buffers *buffers, struct buffer *buffer)
{
    if (buffers->spare_count == SPARES_MOST) {
        munmap(buffer, sizeof *buffer);
        return;
    }
    buffer->next = buffers->spare;
    buffers->spare = buffer;
    buffers->spare_count++;
}

void buffers_free(struct buffers *buffers)
{
    while (buffers->spare)
        munmap(buffers_take(buffers), sizeof(struct buffer));
}
