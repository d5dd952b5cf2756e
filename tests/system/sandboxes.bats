#!/usr/bin/env bats
# Sandboxes that refuse a system call with an error: what the library then cannot find out never means "not ours".

load helpers
load lib/sandbox

ERRORS=(1 13 38 95) # EPERM, EACCES, ENOSYS, EOPNOTSUPP

# Without these it can do: the program is served as ever.
SPARE=(setsockopt poll shutdown futex rt_sigprocmask rt_sigaction rt_sigpending epoll_ctl gettid getpid tkill madvise
    munmap fcntl "fcntl,openat" dup3 ioctl pread64 pwrite64 getuid)

setup_file() {
    start_greeter
    start_scripted --on '127.0.0.1:*' 'status 403' --on 'a.test:*' "to 127.0.0.1:$GREETER_PORT"
}

setup() {
    "$PROGRAMS/sandbox" getuid 1 exec true || skip 'needs: seccomp'
}

# sandboxed CALLS ERRNO HOW TARGET... : closed after the look-ups
sandboxed() {
    timeout -k 5 20 "$PTUNNEL_RUN" --no-rules --loopback --resolvers refuse --timeout 3 -p "$PROXY" "$PROGRAMS/sandbox" "$@"
}

@test "nothing goes direct, whatever system call is refused, and however" {
    local here=127.0.0.1:$GREETER_PORT call error

    for call in "${CALLS[@]}"; do
        for error in "${ERRORS[@]}"; do
            echo "$call $error: $(sandboxed "$call" "$error" tcp "$here" asking "$here" udp a.test:9 to a.test:9 \
                udp 127.0.0.1:53 to 127.0.0.1:53 2> /dev/null | paste -sd ,)"
        done
    done > "$BATS_TEST_TMPDIR/said"
    cat "$BATS_TEST_TMPDIR/said"
    equal "$(grep -c '\(,.*\)\{5\}' "$BATS_TEST_TMPDIR/said")" $((${#CALLS[@]} * ${#ERRORS[@]}))
    lacks "$(cat "$BATS_TEST_TMPDIR/said")" heard sent
}

@test "these are all that the library makes" {
    local here=127.0.0.1:$GREETER_PORT own=" socket connect write exit_group " calls

    need ptrace
    strace -f -o "$BATS_TEST_TMPDIR/trace" "$PTUNNEL_RUN" --no-rules --loopback --resolvers refuse -p "$PROXY" \
        "$PROGRAMS/sandbox" getppid 1 tcp "$here" asking "$here" fast "$here" tcp a.test:7 udp a.test:9 to a.test:9 > /dev/null 2>&1
    calls=$(sed '1,/PR_SET_SECCOMP/d' "$BATS_TEST_TMPDIR/trace" | sed -n 's/^[0-9]* *\([a-z0-9_]*\)(.*/\1/p' | sort -u)
    contains "$calls" setsockopt sendto
    for call in $calls; do
        contains " ${CALLS[*]//,/ } mmap$own" " $call "
    done
}

@test "the same natively reaches the target, so the test could see it" {
    run "$PROGRAMS/sandbox" getuid 1 tcp "127.0.0.1:$GREETER_PORT" asking "127.0.0.1:$GREETER_PORT" to 127.0.0.1:53
    equal "$output" "heard hello${NEWLINE}heard hello${NEWLINE}sent"
}

@test "what the library can do without does not change what the program sees" {
    for call in "${SPARE[@]}"; do
        for error in "${ERRORS[@]}"; do
            run --separate-stderr sandboxed "$call" "$error" tcp "a.test:$GREETER_PORT"
            equal "$call $error: $output" "$call $error: heard hello"
        done
    done
}

@test "fcntl() refused: a blocking connect() waits, one that does not block does not" {
    start_scripted --on '*' "delay 200; to 127.0.0.1:$GREETER_PORT"
    for calls in fcntl fcntl,openat; do
        run sandboxed "$calls" 1 tcp a.test:1 asking a.test:2
        equal "$calls: $output" "$calls: heard hello${NEWLINE}heard hello"
    done
}

@test "a program that is in its sandbox from the start" {
    for call in setsockopt fcntl gettid madvise; do
        run --separate-stderr tunnelled "$PROGRAMS/sandbox" "$call" 1 exec "$PROGRAMS/connect" "127.0.0.1:$GREETER_PORT"
        contains "$call: $output" EACCES
    done
}

@test "a socket that tells nothing: EACCES, and one line for each target in ten seconds" {
    run --separate-stderr sandboxed setsockopt,getsockopt 1 tcp 203.0.113.7:80 tcp 203.0.113.7:80 tcp 203.0.113.7:81 \
        udp 203.0.113.7:82
    equal "$output" "$(yes 'Permission denied' | head -4)"
    equal "${#stderr_lines[@]}" 3
    contains "$stderr" '203.0.113.7:80: not let out' '203.0.113.7:81: not let out' '203.0.113.7:82: not let out' sandbox
}

@test "a socket that tells nothing still reaches what is direct" {
    run --separate-stderr "$PTUNNEL_RUN" --no-rules -p "$PROXY" "$PROGRAMS/sandbox" setsockopt,getsockopt 1 \
        tcp "127.0.0.1:$GREETER_PORT" udp 127.0.0.1:9
    equal "$output" "heard hello${NEWLINE}sent"
    run --separate-stderr "$PTUNNEL_RUN" --no-rules --loopback -n 127.0.0.0/8 -p "$PROXY" --default tunnel \
        "$PROGRAMS/sandbox" setsockopt,getsockopt 1 tcp "127.0.0.1:$GREETER_PORT"
    equal "$output" 'heard hello'
}
