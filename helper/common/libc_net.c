#include "libc_net.h"

#include <unistd.h>

const struct net libc_net = {
    .connect = connect,
    .send = send,
    .recv = recv,
    .getpeername = getpeername,
    .poll = poll,
    .getsockopt = getsockopt,
    .setsockopt = setsockopt,
    .read = read,
    .write = write,
    .close = close,
    .getaddrinfo = getaddrinfo,
    .freeaddrinfo = freeaddrinfo,
};
