#!/usr/bin/env bats
# Programs under another clock than the machine's: time-outs hold, and end neither early nor never.

load helpers

setup_file() {
    start_greeter
    start_scripted --on '203.0.113.1:7' 'hang' --on '203.0.113.2:7' "delay 400; to 127.0.0.1:$GREETER_PORT"
    export PROXY
    build_clock
    build_waits
}

# A preloaded library whose clocks run CLOCK times as fast; 0: they stand still, and so does who sleeps by them.
build_clock() {
    CLOCK_LIBRARY=$BATS_FILE_TMPDIR/clock.so
    export CLOCK_LIBRARY
    ${CC:-cc} -shared -fPIC -o "$CLOCK_LIBRARY" -xc - << 'END'
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static long speed(void)
{
    return getenv("CLOCK") ? atol(getenv("CLOCK")) : 1;
}

int clock_gettime(clockid_t clock, struct timespec *out)
{
    static struct timespec start[16];
    struct timespec now;
    long long passed;

    if (syscall(SYS_clock_gettime, clock, &now) < 0)
        return -1;
    if (clock < 0 || clock >= 16) {
        *out = now;
        return 0;
    }
    if (start[clock].tv_sec == 0)
        start[clock] = now;
    passed = ((now.tv_sec - start[clock].tv_sec) * 1000000000LL + now.tv_nsec - start[clock].tv_nsec) * speed();
    *out = (struct timespec){ start[clock].tv_sec + passed / 1000000000, passed % 1000000000 };
    return 0;
}

int ppoll(struct pollfd *fds, nfds_t count, const struct timespec *time, const sigset_t *mask)
{
    struct timespec faked = { 0 };

    if (time && speed() > 0)
        faked.tv_sec = time->tv_sec / speed();
    return (int)syscall(SYS_ppoll, fds, count, time && speed() > 0 ? &faked : NULL, mask, 8L);
}

int poll(struct pollfd *fds, nfds_t count, int milliseconds)
{
    struct timespec time = { milliseconds / 1000, milliseconds % 1000 * 1000000 };

    return ppoll(fds, count, milliseconds < 0 ? NULL : &time, NULL);
}
END
}

# waits CALL : a connection to one that never answers is waited for by that call, for 700 ms of the machine's time.
build_waits() {
    ${CC:-cc} -o "$BATS_FILE_TMPDIR/waits" -xc - << 'END'
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static int wait_by(const char *call, int fd)
{
    struct pollfd ready = { fd, POLLOUT };
    struct timespec time = { 0, 700000000 };
    struct timeval micro = { 0, 700000 };
    struct epoll_event event = { EPOLLOUT };
    int set = epoll_create1(0);
    fd_set writes;

    FD_ZERO(&writes);
    FD_SET(fd, &writes);
    epoll_ctl(set, EPOLL_CTL_ADD, fd, &event);
    if (strcmp(call, "poll") == 0)
        return poll(&ready, 1, 700);
    if (strcmp(call, "ppoll") == 0)
        return ppoll(&ready, 1, &time, NULL);
    if (strcmp(call, "select") == 0)
        return select(fd + 1, NULL, &writes, NULL, &micro);
    if (strcmp(call, "pselect") == 0)
        return pselect(fd + 1, NULL, &writes, NULL, &time, NULL);
    return epoll_wait(set, &event, 1, 700);
}

int main(int argc, char **argv)
{
    struct sockaddr_in target = { .sin_family = AF_INET, .sin_port = htons(7) };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), result;
    struct timespec before, after;
    long passed;

    inet_pton(AF_INET, "203.0.113.1", &target.sin_addr);
    connect(fd, (struct sockaddr *)&target, sizeof target);
    syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &before);
    result = wait_by(argv[1], fd);
    syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &after);
    passed = (after.tv_sec - before.tv_sec) * 1000 + (after.tv_nsec - before.tv_nsec) / 1000000;
    printf("%d%s\n", result, passed < 699 ? " early" : "");
    return argc != 2;
}
END
}

# under SPEED COMMAND... : for ten seconds at most; a tunnel may take TIMEOUT
under() {
    run --separate-stderr timeout -k 1 10 env LD_PRELOAD="$CLOCK_LIBRARY" CLOCK="$1" \
        "$PTUNNEL_RUN" -q -p "$PROXY" --timeout "${TIMEOUT:-60}" "${@:2}"
    [ "$status" -ne 124 ] || fails_with 0
}

@test "under a clock that stands still a connect() ends by its time-out" {
    TIMEOUT=1 under 0 "$PROGRAMS/connect" 203.0.113.1:7
    contains "$output" '203.0.113.1:7 ETIMEDOUT'
}

@test "under a clock that stands still waits for a connection end when they should" {
    for call in poll ppoll select pselect epoll; do
        under 0 "$BATS_FILE_TMPDIR/waits" "$call"
        equal "$call $output" "$call 0"
    done
}

@test "under a clock that runs a thousand times as fast a connect() has its time" {
    TIMEOUT=60 under 1000 "$PROGRAMS/connect" -q 203.0.113.2:7
    equal "$output" "203.0.113.2:7 connected"
}

@test "under a clock that runs a thousand times as fast waits for a connection end no earlier" {
    for call in poll ppoll select pselect epoll; do
        under 1000 "$BATS_FILE_TMPDIR/waits" "$call"
        equal "$call $output" "$call 0"
    done
}

@test "under faketime a connect() takes its time, and ends" {
    need faketime
    run --separate-stderr timeout -k 1 10 faketime -f '@2000-01-01 00:00:00 x1000' \
        "$PTUNNEL_RUN" -p "$PROXY" --timeout 60 "$PROGRAMS/connect" -q 203.0.113.2:7
    equal "$output$stderr" "203.0.113.2:7 connected"
    run --separate-stderr timeout -k 1 10 faketime -f '@2000-01-01 00:00:00 x0.001' \
        "$PTUNNEL_RUN" -p "$PROXY" --timeout 1 "$PROGRAMS/connect" 203.0.113.1:7
    contains "$output" '203.0.113.1:7 ETIMEDOUT'
}
