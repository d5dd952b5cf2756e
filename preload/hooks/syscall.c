#include "../pending/guest.h"
#include "../real.h"

#include <stdarg.h>
#include <sys/syscall.h>
#include <unistd.h>

/* syscall(2): the one number that connects goes the way of connect(); an io_uring would connect where no hook can see it, and is
 * answered as by a kernel without. */
EXPORT long syscall(long number, ...)
{
    va_list list;
    long argument[6];

    va_start(list, number);
    for (int i = 0; i < 6; i++)
        argument[i] = va_arg(list, long);
    va_end(list);
    if (number == SYS_connect)
        return connect((int)argument[0], (const struct sockaddr *)argument[1], (socklen_t)argument[2]);
    if (number == SYS_io_uring_setup && guest_may_act() && guest_config()) {
        errno = ENOSYS;
        return -1;
    }
    return real()->syscall(number, argument[0], argument[1], argument[2], argument[3], argument[4], argument[5]);
}
