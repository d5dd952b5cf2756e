#!/usr/bin/env bats
# Programs that nothing can be preloaded into are tunnelled by a supervisor: static ones of either libc, and Go's.

load helpers
load lib/supervise

setup_file() {
    start_greeter
    start_scripted --on '*:99' 'status 403' --on '*:98' 'delay 200; status 502' --on '*:97' hang \
        --on '*:200' "delay 200; to 127.0.0.1:$GREETER_PORT" --on '*' "to 127.0.0.1:$GREETER_PORT"
    static_programs
}

@test "a static program is tunnelled, and -v says how" {
    local libc

    need_supervised gcc
    for libc in $(libcs); do
        supervised "$STATIC/connect-$libc" 203.0.113.8:7
        succeeds
        equal "$output" '203.0.113.8:7 connected, heard "hello", another socket'
        equal "$stderr" ''
        equal "$(tail -n 1 "$SCRIPTED_LOG")" 'CONNECT 203.0.113.8:7 200'
    done
    supervised -v "$STATIC/connect-glibc" 203.0.113.8:7
    contains "${stderr_lines[0]}" 'statically linked' 'it is supervised'
    contains "$stderr" "203.0.113.8:7 via $PROXY: open"
}

@test "--no-supervise refuses it, --show says which way" {
    need_supervised gcc
    supervised --no-supervise "$STATIC/connect-glibc" 203.0.113.8:7
    fails_with 125
    contains "$stderr" 'statically linked' 'ptunnel -p'
    supervised --show "$STATIC/connect-glibc"
    contains "${lines[0]}" 'is tunnelled by a supervisor' 'statically linked'
    supervised --show "$PROGRAMS/connect"
    contains "${lines[0]}" 'is tunnelled by preloading'
    supervised --no-supervise --show "$STATIC/connect-glibc"
    contains "${lines[0]}" 'is not run'
}

@test "what could be preloaded, too" {
    need_supervised
    supervised --supervise "$PROGRAMS/connect" 203.0.113.8:7
    succeeds
    equal "$(tail -n 1 "$SCRIPTED_LOG")" 'CONNECT 203.0.113.8:7 200'
}

# A socket after a failure, as the kernel leaves it: the same program natively, where nobody listens.
@test "refused: blocking and not, as natively" {
    local libc options native port

    need_supervised gcc
    port=$(free_port)
    for libc in $(libcs); do
        for options in '' -n -6 '-6 -n'; do
            # shellcheck disable=SC2086 # words
            native=$("$STATIC/connect-$libc" $options "127.0.0.1:$port" || true)
            # shellcheck disable=SC2086
            supervised -q "$STATIC/connect-$libc" $options 203.0.113.8:98
            fails_with 1
            equal "${output#203.0.113.8:98 }" "${native#127.0.0.1:"$port" }"
        done
    done
}

@test "the errno is that of the answer, and a tunnel's own deadline" {
    need_supervised gcc
    supervised "$STATIC/connect-glibc" -n 203.0.113.8:99
    contains "$output" '203.0.113.8:99 EACCES'
    supervised "$STATIC/connect-glibc" 203.0.113.8:99
    contains "$output" '203.0.113.8:99 EACCES'
    supervised --timeout 1 "$STATIC/connect-glibc" -n 203.0.113.8:97
    contains "$output" '203.0.113.8:97 ETIMEDOUT'
    supervised --timeout 1 "$STATIC/connect-glibc" 203.0.113.8:97
    contains "$output" '203.0.113.8:97 ETIMEDOUT'
}

@test "one socket: refused, then connected; IPv6 and mapped addresses" {
    need_supervised gcc ipv6
    supervised -q "$STATIC/connect-glibc" 203.0.113.8:98 203.0.113.8:7
    contains "$output" '203.0.113.8:7 connected, heard "hello"'
    supervised "$STATIC/connect-glibc" -n '[2001:db8::1]:7'
    contains "$output" 'connected, heard "hello"'
    supervised -q "$STATIC/connect-glibc" -6 203.0.113.8:98 '[2001:db8::1]:7'
    contains "$output" '[2001:db8::1]:7 connected, heard "hello"'
}

@test "direct and rejected targets" {
    need_supervised gcc
    supervised -n 127.0.0.1 "$STATIC/connect-glibc" "127.0.0.1:$GREETER_PORT"
    contains "$output" 'connected, heard "hello"'
    lacks "$(cat "$SCRIPTED_LOG")" "CONNECT 127.0.0.1:$GREETER_PORT"
    supervised -x 203.0.113.8 "$STATIC/connect-glibc" 203.0.113.8:7
    contains "$output" '203.0.113.8:7 ECONNREFUSED'
    supervised -x 203.0.113.8 "$STATIC/connect-glibc" -n 203.0.113.8:7
    contains "$output" '203.0.113.8:7 ECONNREFUSED'
}

@test "SO_SNDTIMEO, a signal's handler, and one with SA_RESTART" {
    local native

    need_supervised gcc
    supervised "$STATIC/connect-glibc" -s 100 203.0.113.8:200 203.0.113.8:200
    contains "${lines[0]}" '203.0.113.8:200 EINPROGRESS'
    supervised "$STATIC/connect-glibc" -a 60 203.0.113.8:200 203.0.113.8:200
    contains "${lines[0]}" '203.0.113.8:200 EINTR'
    contains "${lines[1]}" 'connected, heard "hello"'
    supervised "$STATIC/connect-glibc" -a 60 -r 203.0.113.8:200
    contains "${lines[0]}" 'connected, heard "hello"'
}

# --- processes ---

@test "the command keeps ptunnel-run's process, its exit status and how it was ended" {
    need_supervised busybox-static
    # shellcheck disable=SC2016 # the command's
    run bash -c 'echo $$; exec "$@"' bash "$PTUNNEL_RUN" -p "$PROXY" busybox sh -c 'echo $$; exit 7'
    fails_with 7
    equal "${lines[0]}" "${lines[1]}"
    # shellcheck disable=SC2016
    supervised busybox sh -c 'kill -TERM $$'
    fails_with 143
    supervised busybox sh -c 'wait; echo no child'
    equal "$output" 'no child'
}

@test "children, threads and exec chains" {
    need_supervised gcc busybox-static
    supervised busybox sh -c "'$STATIC/connect-glibc' 203.0.113.8:7 & wait; exec '$STATIC/connect-glibc' -n 203.0.113.8:7"
    succeeds
    equal "${#lines[@]}" 2
    contains "${lines[0]}" connected
    contains "${lines[1]}" connected
}

@test "what outlives the command is tunnelled, the supervisor ends with it, and keeps nobody waiting for standard error" {
    local out before

    need_supervised gcc busybox-static
    # the last line comes from a daemon, which has let go of standard output and error
    mkfifo "$BATS_TEST_TMPDIR/go"
    out=$(timeout 20 "$PTUNNEL_RUN" -p "$PROXY" busybox sh -c \
        "(busybox cat '$BATS_TEST_TMPDIR/go'; exec '$STATIC/connect-glibc' 203.0.113.8:7) > '$BATS_TEST_TMPDIR/late' 2>&1 < /dev/null & echo started" 2>&1)
    equal "$out" started
    echo > "$BATS_TEST_TMPDIR/go"
    wait_until grep -q connected "$BATS_TEST_TMPDIR/late"
    wait_until no_supervisor "$PROXY"
}

no_supervisor() { # PROXY: none of those that were started with it
    ! pgrep -f -- "-p $1 busybox sh" > /dev/null
}

@test "without its supervisor a command fails closed" {
    need_supervised gcc busybox-static
    mkfifo "$BATS_TEST_TMPDIR/go"
    # shellcheck disable=SC2016
    spawn closed "$PTUNNEL_RUN" -p "$PROXY" busybox sh -c \
        'cat "$1"; "$2" 203.0.113.8:7; echo ended' sh "$BATS_TEST_TMPDIR/go" "$STATIC/connect-glibc"
    wait_until supervisor_of "$SPAWNED"
    kill -9 "$SUPERVISOR"
    wait_until gone "$SUPERVISOR"
    echo > "$BATS_TEST_TMPDIR/go"
    wait_until grep -q ended "$BATS_TEST_TMPDIR/closed.out"
    lacks "$(cat "$BATS_TEST_TMPDIR/closed.out")" connected
}

# The one with the same command line, in a session of its own.
supervisor_of() { # PID -> SUPERVISOR
    local pid line

    line=$(tr '\0' ' ' < "/proc/$1/cmdline")
    [[ $line == busybox* ]] || return 1 # not yet
    for pid in $(pgrep -f -- "ptunnel-run -p $PROXY busybox sh"); do
        [ "$pid" = "$1" ] || { SUPERVISOR=$pid && return; }
    done
    return 1
}

@test "a program that cannot be looked into" {
    need_supervised busybox-static gcc
    need root python3
    cp "$STATIC/connect-glibc" "$BATS_TEST_TMPDIR/hidden"
    chmod 111 "$BATS_TEST_TMPDIR/hidden"
    chmod a+x "$BATS_RUN_TMPDIR" "$BATS_FILE_TMPDIR" "$BATS_TEST_TMPDIR" "$BATS_RUN_TMPDIR"/*/
    run --separate-stderr "$(python)" -c 'import os, sys; os.setgroups([]); os.setgid(65534); os.setuid(65534); os.execv(sys.argv[1], sys.argv[1:])' \
        "$PTUNNEL_RUN" -p "$PROXY" busybox sh -c "'$BATS_TEST_TMPDIR/hidden' 203.0.113.8:7"
    contains "$output" 'EACCES'
    contains "$stderr" 'does not let us look into it'
}

@test "io_uring, TCP Fast Open and 32-bit calls do not go past it" {
    need_supervised
    [ "$("$PROGRAMS/uring")" = ring ] || skip 'needs: io_uring'
    supervised --supervise "$PROGRAMS/uring"
    equal "$output" ENOSYS
}

only_the_door() { # PID: of all sockets, and what fills it
    [ "$(find "/proc/$1/fd" -lname 'socket:*' | wc -l)" -eq 2 ]
}

# --- Go ---

@test "Go: banners, errors, addresses, names" {
    need_supervised go
    go_program
    supervised -q "$GO" dial 203.0.113.8:7 203.0.113.8:99 203.0.113.8:98 203.0.113.9:7
    succeeds
    equal "$output" "203.0.113.8:7 hello${NEWLINE}permission denied${NEWLINE}connection refused${NEWLINE}203.0.113.9:7 hello"
    supervised "$GO" timeout 203.0.113.8:97
    equal "$output" "timeout true${NEWLINE}cancelled true"
}

@test "Go: a thousand at once, each 200 ms, in few threads" {
    need_supervised go
    go_program
    LIMIT=60 supervised "$GO" many 203.0.113.8:200 1000
    succeeds
    equal "${output%% *}" 1000
    set -- $output
    [ "$2" -lt 150 ]
}

@test "Go: three hundred at once, twenty times" {
    local round

    need_supervised go
    go_program
    for round in {1..20}; do
        LIMIT=60 supervised "$GO" many 203.0.113.8:7 300
        equal "${output%% *}" 300
    done
}

@test "the supervisor does not grow with the number of connections" {
    local before after

    need_supervised go busybox-static
    go_program
    mkfifo "$BATS_TEST_TMPDIR/go1" "$BATS_TEST_TMPDIR/go2"
    # shellcheck disable=SC2016
    spawn grows "$PTUNNEL_RUN" -p "$PROXY" busybox sh -c \
        '"$1" many 203.0.113.8:7 500; cat "$2"; for i in 1 2 3 4 5 6 7 8; do "$1" many 203.0.113.8:7 500; done; echo done; cat "$3"' \
        sh "$GO" "$BATS_TEST_TMPDIR/go1" "$BATS_TEST_TMPDIR/go2"
    wait_until supervisor_of "$SPAWNED"
    wait_until grep -q '^500' "$BATS_TEST_TMPDIR/grows.out"
    before=$(awk '/^VmRSS/ { print $2 }' "/proc/$SUPERVISOR/status")
    echo > "$BATS_TEST_TMPDIR/go1"
    wait_until grep -q 'done' "$BATS_TEST_TMPDIR/grows.out"
    after=$(awk '/^VmRSS/ { print $2 }' "/proc/$SUPERVISOR/status")
    echo "$before kB, then $after kB"
    [ $((after - before)) -le 2048 ]
    wait_until only_the_door "$SUPERVISOR"
    echo > "$BATS_TEST_TMPDIR/go2"
}
