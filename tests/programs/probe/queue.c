#include "queue.h"

#include <fcntl.h>
#include <sys/time.h>

int full;
struct address slow;

int before_a_queue(void)
{
    full = full_listener();
    slow = address_of(full);
    return tcp();
}

void limit(int fd, int name, int milliseconds)
{
    struct timeval time = { milliseconds / 1000, milliseconds % 1000 * 1000 };

    setsockopt(fd, SOL_SOCKET, name, &time, sizeof time);
}

void say_limit(int fd, int name, const char *what)
{
    struct timeval time = { 0 };
    socklen_t size = sizeof time;

    getsockopt(fd, SOL_SOCKET, name, &time, &size);
    say("%s %d.%03d", what, (int)time.tv_sec, (int)time.tv_usec / 1000);
}

void say_in_progress(int fd)
{
    say("in progress: SO_ERROR %d", option(fd, SOL_SOCKET, SO_ERROR));
    say("in progress: peer %s", peer_is(fd, &slow));
    say("in progress: poll %s", poll_bits(fd, 0));
    say("in progress: flags %x", fcntl(fd, F_GETFL));
}

void make_room(void)
{
    drain(full);
}

void say_end(int fd)
{
    make_room();
    say("then: %s", connected(fd, &slow));
    say("and then: %s", connected(fd, &slow));
    say_exchange(fd, full);
}
