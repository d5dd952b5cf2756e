#include "wire.h"

#include <linux/sockios.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

void wire_reset(int fd)
{
    static const struct linger at_once = { .l_onoff = 1 };
    int unsent = 0;

    if (ioctl(fd, SIOCOUTQ, &unsent) == 0 && unsent == 0)
        setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    close(fd);
}

int wire_unread(int fd)
{
    int unread = 0;

    return ioctl(fd, SIOCINQ, &unread) < 0 ? -1 : unread;
}

bool wire_has_gone(int fd, uint32_t events)
{
    if ((events & EPOLLERR) || !(events & EPOLLHUP))
        return events & EPOLLERR;
    return wire_unread(fd) <= 0;
}
