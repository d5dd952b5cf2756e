/* An empty preload: every function of calls.c, forwarded through a pointer that dlsym(3) found. The least
 * that a hook can cost. */
#include <dlfcn.h>
#include <poll.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/types.h>

#define FORWARD(type, name, parameters, ...)                                                                 \
    static type(*next_##name) parameters;                                                                    \
    __attribute__((constructor)) static void find_##name(void)                                               \
    {                                                                                                        \
        next_##name = (type(*) parameters)dlsym(RTLD_NEXT, #name);                                           \
    }                                                                                                        \
    type name parameters;                                                                                    \
    type name parameters                                                                                     \
    {                                                                                                        \
        return next_##name(__VA_ARGS__);                                                                     \
    }

FORWARD(int, close, (int fd), fd)
FORWARD(int, getsockopt, (int fd, int level, int name, void *value, socklen_t *size), fd, level, name, value,
        size)
FORWARD(int, getpeername, (int fd, struct sockaddr *address, socklen_t *size), fd, address, size)
FORWARD(ssize_t, read, (int fd, void *buffer, size_t size), fd, buffer, size)
FORWARD(ssize_t, write, (int fd, const void *bytes, size_t size), fd, bytes, size)
FORWARD(ssize_t, recv, (int fd, void *buffer, size_t size, int flags), fd, buffer, size, flags)
FORWARD(ssize_t, send, (int fd, const void *bytes, size_t size, int flags), fd, bytes, size, flags)
FORWARD(int, poll, (struct pollfd * fds, nfds_t count, int milliseconds), fds, count, milliseconds)
FORWARD(int, select, (int count, fd_set *reads, fd_set *writes, fd_set *excepts, struct timeval *time), count,
        reads, writes, excepts, time)
FORWARD(int, epoll_wait, (int set, struct epoll_event *events, int most, int milliseconds), set, events, most,
        milliseconds)

static int (*next_fcntl)(int fd, int command, ...);
static int (*next_ioctl)(int fd, unsigned long request, ...);

__attribute__((constructor)) static void find_variadic(void)
{
    next_fcntl = (int (*)(int, int, ...))dlsym(RTLD_NEXT, "fcntl");
    next_ioctl = (int (*)(int, unsigned long, ...))dlsym(RTLD_NEXT, "ioctl");
}

int fcntl(int fd, int command, ...);
int fcntl(int fd, int command, ...)
{
    va_list list;
    void *argument;

    va_start(list, command);
    argument = va_arg(list, void *);
    va_end(list);
    return next_fcntl(fd, command, argument);
}

int ioctl(int fd, unsigned long request, ...);
int ioctl(int fd, unsigned long request, ...)
{
    va_list list;
    void *argument;

    va_start(list, request);
    argument = va_arg(list, void *);
    va_end(list);
    return next_ioctl(fd, request, argument);
}
