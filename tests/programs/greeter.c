/* greeter : says "hello" to everybody who connects, then closes. On stdout first "listening PORT"; the port is the
 * same on 127.0.0.1 and, where there is one, ::1. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

static int listen_four(uint16_t *port)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t size = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    if (bind(fd, (struct sockaddr *)&address, sizeof address) < 0 || listen(fd, SOMAXCONN) < 0)
        return -1;
    getsockname(fd, (struct sockaddr *)&address, &size);
    *port = address.sin_port;
    return fd;
}

static int listen_six(uint16_t port)
{
    struct sockaddr_in6 address = { .sin6_family = AF_INET6, .sin6_addr = in6addr_loopback, .sin6_port = port };
    int fd = socket(AF_INET6, SOCK_STREAM, 0);

    if (bind(fd, (struct sockaddr *)&address, sizeof address) < 0 || listen(fd, SOMAXCONN) < 0)
        return -1;
    return fd;
}

static void greet(int listener)
{
    int fd = accept(listener, NULL, NULL);

    if (fd >= 0 && send(fd, "hello\n", 6, MSG_NOSIGNAL) == 6)
        shutdown(fd, SHUT_WR);
    close(fd);
}

int main(void)
{
    uint16_t port = 0;
    struct pollfd listeners[2] = { { .events = POLLIN }, { .events = POLLIN } };

    listeners[0].fd = listen_four(&port);
    if (listeners[0].fd < 0)
        return 1;
    listeners[1].fd = listen_six(port);
    printf("listening %d\n", ntohs(port));
    fflush(stdout);
    while (poll(listeners, 2, -1) > 0)
        for (int i = 0; i < 2; i++)
            if (listeners[i].revents)
                greet(listeners[i].fd);
    return 0;
}
