/* peeks HOST PORT : SO_PEEK_OFF, set before or while a connection is made to one that says "hello", and what MSG_PEEK then
 * shows. */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static struct sockaddr_in target;

static void set(int fd, int offset)
{
    if (setsockopt(fd, SOL_SOCKET, SO_PEEK_OFF, &offset, sizeof offset) < 0)
        printf(" set: %s", strerror(errno));
}

static void show(int fd)
{
    int offset = -7;
    socklen_t size = sizeof offset;

    getsockopt(fd, SOL_SOCKET, SO_PEEK_OFF, &offset, &size);
    printf(" %d", offset);
}

static void peek(int fd)
{
    char bytes[3] = "";
    struct pollfd ready = { fd, POLLIN, 0 };

    poll(&ready, 1, 20000);
    recv(fd, bytes, 2, MSG_PEEK);
    printf(" %s", bytes);
    show(fd);
}

static void tell(const char *name, int before, int meanwhile, int flags)
{
    int fd = socket(AF_INET, SOCK_STREAM | flags, 0);
    struct pollfd ready = { fd, POLLOUT, 0 };
    char byte = 0;

    printf("%s:", name);
    if (before >= 0)
        set(fd, before);
    if (connect(fd, (struct sockaddr *)&target, sizeof target) < 0 && errno != EINPROGRESS)
        printf(" connect: %s", strerror(errno));
    show(fd);
    if (meanwhile >= -1)
        set(fd, meanwhile);
    show(fd);
    poll(&ready, 1, 20000);
    show(fd);
    peek(fd);
    peek(fd);
    recv(fd, &byte, 1, 0);
    printf(" %c", byte);
    show(fd);
    printf("\n");
    close(fd);
}

int main(int argc, char **argv)
{
    if (argc != 3 || inet_pton(AF_INET, argv[1], &target.sin_addr) != 1)
        return 2;
    target.sin_family = AF_INET;
    target.sin_port = htons((uint16_t)atoi(argv[2]));
    tell("not set", -1, -2, 0);
    tell("at the start", 0, -2, 0);
    tell("further on", 2, -2, 0);
    tell("at the start, non-blocking", 0, -2, SOCK_NONBLOCK);
    tell("further on, non-blocking", 3, -2, SOCK_NONBLOCK);
    tell("set meanwhile", -1, 1, SOCK_NONBLOCK);
    tell("changed meanwhile", 2, 1, SOCK_NONBLOCK);
    tell("switched off meanwhile", 2, -1, SOCK_NONBLOCK);
    return 0;
}
