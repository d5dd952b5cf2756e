#!/usr/bin/env bats
# System calls by syscall(2), instead of the functions of their names: the same holds for them.

load helpers

@test "a connection by system calls alone: nothing is written too early, waits end when it is there" {
    start_greeter
    start_scripted --on '203.0.113.7:7' "delay 200; to 127.0.0.1:$GREETER_PORT"
    run --separate-stderr "$PTUNNEL_RUN" -p "$PROXY" "$PROGRAMS/raw" 203.0.113.7 7
    equal "$output$stderr" "$(printf '%s: EAGAIN\n' write writev pwritev2 sendto sendmsg sendmmsg sendfile splice read readv \
        preadv2 recvfrom recvmsg recvmmsg)
getpeername: ENOTCONN
ioctl: done
bytes to read: 0
read of dup: EAGAIN
dup3: done
read of dup3: EAGAIN
close: done
read of F_DUPFD_CLOEXEC: EAGAIN
close_range: done
read of what is closed: EBADF
shutdown: done
$(printf '%s: done\nheard hello\n' poll ppoll select pselect6 epoll_pwait)"
    run grep -c EARLY "$SCRIPTED_LOG"
    equal "$output" 0
}
