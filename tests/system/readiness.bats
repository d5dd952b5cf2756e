#!/usr/bin/env bats
# What a program sees of a connect() that takes its time is what it sees without us: tests/programs/readiness prints a
# transcript, natively and through the scripted proxy, and the two are compared row by row.

load helpers
load lib/readiness

setup_file() {
    start_targets
}

SOME=('poll: level*' 'epoll_wait: level*' 'select: level*' 'epoll_wait: edge*' 'poll: before*' 'epoll_wait: before*'
    '*: to the next*' 'poll: * waits*' 'epoll_wait: fork*' 'poll: interrupted*' 'poll: connect*' 'epoll_wait: dissolved*'
    'epoll_wait: number used*' 'epoll_wait: shutdown*' 'epoll_wait: duplicate, *' 'poll: made*' 'poll: exec*' 'poll: rights*')

@test "every call, trigger, outcome and order of events is as without a proxy" {
    start_proxy_that 'status 502'
    compares --
    table_is_true "$BATS_TEST_TMPDIR/different"
    nothing_came_early
}

@test "the same with replies in pieces, together with the first bytes, and refusals by 403" {
    start_proxy_that 'status 403' 'interim 103; pad 3000; chunk 700 1'
    compares -b 3000 -- 'epoll_wait: *' 'poll: * waits*' 'poll: *while*' 'poll: level*'
    nothing_came_early
}

@test "IPv6 sockets, IPv6 proxy" {
    need ipv6
    start_proxy_that 'status 502'
    PROXY="[::1]:$SCRIPTED_PORT6"
    compares -6 -- "${SOME[@]}"
    nothing_came_early
}

# Another socket takes the place of the program's. It is unknown to a process that was forked before.
@test "IPv4 sockets, IPv6 proxy" {
    need ipv6
    start_proxy_that 'status 502'
    PROXY="[::1]:$SCRIPTED_PORT6"
    compares -- "${SOME[@]/epoll_wait: fork\*/epoll_wait: fork, [!t]*}"
    nothing_came_early
}

@test "IPv6 sockets, IPv4 proxy" {
    need ipv6
    start_proxy_that 'status 502'
    compares -6 -- "${SOME[@]}"
    nothing_came_early
}

@test "mapped addresses" {
    need ipv6
    start_proxy_that 'status 502'
    compares -a -- "${SOME[@]}"
    nothing_came_early
}

@test "MPTCP sockets" {
    need mptcp
    start_proxy_that 'status 502'
    # not those that end in "timeout": the native one does not heed TCP_USER_TIMEOUT
    compares -m -- "${SOME[@]/%\*/*[!u]?}"
    nothing_came_early
}

@test "select writes the time that is left where the program's libc does" {
    local compiler libc=(gcc musl-gcc) says=(written kept) i

    need gcc musl-gcc
    cat > "$BATS_TEST_TMPDIR/left.c" << 'END'
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <unistd.h>

/* left [PORT] : select() on a pipe, or on a socket that is being connected to this port of loopback */
int main(int argc, char **argv)
{
    struct timeval time = { 0, 30000 };
    struct sockaddr_in target = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    int ends[2], fd;
    fd_set set;

    if (pipe(ends) < 0)
        return 1;
    fd = ends[0];
    if (argc > 1) {
        fd = socket(AF_INET, SOCK_STREAM, 0);
        fcntl(fd, F_SETFL, O_NONBLOCK);
        target.sin_port = htons(atoi(argv[1]));
        connect(fd, (struct sockaddr *)&target, sizeof target);
    }
    FD_ZERO(&set);
    FD_SET(fd, &set);
    printf("%d", select(fd + 1, &set, NULL, NULL, &time));
    puts(time.tv_usec == 30000 ? " kept" : " written");
    return 0;
}
END
    start_scripted --on '*:9' hang
    PROXY=127.0.0.1:$SCRIPTED_PORT
    for i in 0 1; do
        compiler=${libc[i]}
        "$compiler" -o "$BATS_TEST_TMPDIR/left" "$BATS_TEST_TMPDIR/left.c"
        equal "$("$BATS_TEST_TMPDIR/left")" "0 ${says[i]}"
        equal "$(tunnelled "$BATS_TEST_TMPDIR/left" 9)" "0 ${says[i]}"
    done
}
