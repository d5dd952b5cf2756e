/* calls NAME N : N calls of one function on descriptors that nobody tunnels. What a program pays for a hook
 * that has nothing to do is the difference of the instructions for two values of N. */
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <unistd.h>

static int file, stream, set;
static char byte;

static void call_close(void)
{
    close(-1);
}

static void call_getsockopt(void)
{
    int value;
    socklen_t size = sizeof value;

    getsockopt(stream, SOL_SOCKET, SO_ERROR, &value, &size);
}

static void call_getpeername(void)
{
    struct sockaddr_storage address;
    socklen_t size = sizeof address;

    getpeername(stream, (struct sockaddr *)&address, &size);
}

static void call_fcntl(void)
{
    fcntl(stream, F_GETFL);
}

static void call_ioctl(void)
{
    int count;

    ioctl(stream, FIONREAD, &count);
}

static void call_read(void)
{
    if (read(file, &byte, 1) < 0)
        exit(2);
}

static void call_write(void)
{
    if (write(file, &byte, 1) < 0)
        exit(2);
}

static void call_recv(void)
{
    recv(stream, &byte, 1, MSG_DONTWAIT);
}

static void call_send(void)
{
    send(stream, &byte, 0, MSG_DONTWAIT);
}

static void call_poll(void)
{
    struct pollfd one = { .fd = stream, .events = POLLIN };

    poll(&one, 1, 0);
}

static void call_select(void)
{
    struct timeval none = { 0 };

    select(0, NULL, NULL, NULL, &none);
}

static void call_epoll_wait(void)
{
    struct epoll_event event;

    epoll_wait(set, &event, 1, 0);
}

static const struct {
    const char *name;
    void (*call)(void);
} calls[] = {
    { "close", call_close },
    { "getsockopt", call_getsockopt },
    { "getpeername", call_getpeername },
    { "fcntl", call_fcntl },
    { "ioctl", call_ioctl },
    { "read", call_read },
    { "write", call_write },
    { "recv", call_recv },
    { "send", call_send },
    { "poll", call_poll },
    { "select", call_select },
    { "epoll_wait", call_epoll_wait },
};

int main(int argc, char **argv)
{
    long count = argc > 2 ? atol(argv[2]) : 0;
    int pair[2];

    file = open("/dev/zero", O_RDWR);
    set = epoll_create1(0);
    if (file < 0 || set < 0 || socketpair(AF_UNIX, SOCK_STREAM, 0, pair) < 0)
        return 2;
    stream = pair[0];
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
        if (argc < 2)
            puts(calls[i].name);
        else if (strcmp(calls[i].name, argv[1]) == 0)
            for (long done = 0; done < count; done++)
                calls[i].call();
    }
    return 0;
}
