#include "real.h"

#include <dlfcn.h>
#include <unistd.h>

struct real real_functions;

void real_find_all(void)
{
#define FIND(type, name, parameters) real_functions.name = (type(*) parameters)dlsym(RTLD_NEXT, #name);
    REAL_FUNCTIONS(FIND)
#undef FIND
}

static int next_connect(int fd, const struct sockaddr *address, socklen_t size)
{
    return real()->connect(fd, address, size);
}

const struct net real_net = {
    .connect = next_connect,
    .send = send,
    .recv = recv,
    .poll = poll,
    .getsockopt = getsockopt,
    .setsockopt = setsockopt,
    .read = read,
    .write = write,
    .close = close,
    .getaddrinfo = getaddrinfo,
};
