#include "tell.h"
#include "look.h"
#include "supervisor.h"

#include <errno.h>
#include <sys/syscall.h>

int tell_address(const struct notice *notice, const void *address, unsigned size, uint64_t to,
                 uint64_t room_at)
{
    int room;

    if (!look_read(notice->thread, room_at, &room, sizeof room))
        return -EFAULT;
    if (room < 0)
        return -EINVAL;
    if (!look_write(notice->thread, to, address, (unsigned)room < size ? (unsigned)room : size) ||
        !look_write(notice->thread, room_at, &size, sizeof size))
        return -EFAULT;
    return 0;
}

/* The kernel writes an int, or as much of one as there is room for. */
static int write_error(const struct notice *notice, int error)
{
    int room, size = sizeof error;

    if (!look_read(notice->thread, notice->arguments[4], &room, sizeof room))
        return -EFAULT;
    if (room < 0)
        return -EINVAL;
    if (room < size)
        size = room;
    if (!look_write(notice->thread, notice->arguments[3], &error, (size_t)size) ||
        !look_write(notice->thread, notice->arguments[4], &size, sizeof size))
        return -EFAULT;
    return 0;
}

bool tell_result(struct supervisor *s, const struct notice *notice, int error)
{
    if (!notify_waits(s->listener, notice->id))
        return false;
    if (notice->call == SYS_connect)
        return notify_answer(s->listener, notice->id, -error);
    return notify_answer(s->listener, notice->id, write_error(notice, error));
}
