#!/usr/bin/env bats
# The probe, and the rows of readiness, under AddressSanitizer, UndefinedBehaviorSanitizer and valgrind: not a word from them.
#
# takes: 130

load helpers
load lib/readiness

setup_file() {
    start_scripted
    start_targets
}

# The names of the probe's rows, but for some.
rows_without() { # PATTERN
    mapfile -t ROWS < <("$PROGRAMS/probe" -l | grep -vE "$1")
    [ "${#ROWS[@]}" -gt 50 ]
}

came_through() { # FILE LINES : no row was cut short, and the proxy saw them
    lacks "$(cat "$1")" 'the probe itself failed' 'ended by' 'ended with exit'
    echo "$(wc -l < "$1") lines"
    [ "$(wc -l < "$1")" -gt "$2" ]
    [ "$(grep -c '^CONNECT' "$SCRIPTED_LOG")" -gt 500 ]
}

# sanitized: sets $PRELOADED, a library with both and their runtimes; what they say goes to asan.* and ubsan.*
sanitized() {
    local build=$BUILD-address-undefined name found

    need gcc make
    PRELOADED=
    for name in libasan.so libubsan.so; do
        found=$(gcc -print-file-name="$name")
        [ -e "$found" ] || skip "needs: $name"
        PRELOADED+="$found "
    done
    make -s -C "$ROOT" CC=gcc SANITIZE=address,undefined B="$build" "$build/libptunnel.so" > /dev/null
    PRELOADED+=$build/libptunnel.so
    export ASAN_OPTIONS=detect_leaks=0:log_path="$BATS_TEST_TMPDIR/asan"
    export UBSAN_OPTIONS=log_path="$BATS_TEST_TMPDIR/ubsan":print_stacktrace=1
}

nothing_found() {
    equal "$(cat "$BATS_TEST_TMPDIR"/{asan,ubsan,valgrind}.* 2> /dev/null)" ''
}

# preloaded COMMAND... : with $PRELOADED
preloaded() {
    LD_PRELOAD=$PRELOADED PTUNNEL_PROXY=$PROXY PTUNNEL_LOOPBACK=1 PTUNNEL_VERBOSE=-1 timeout "${LIMIT:-90}" "$@"
}

# A sanitizer stands in front of dlsym() itself, and asks ours for the functions that it watches.
@test "functions that are found by name in libc are in the tunnel, under AddressSanitizer, too" {
    local how

    start_greeter
    start_scripted --on '203.0.113.7:7' "to 127.0.0.1:$GREETER_PORT"
    sanitized
    for how in handle next default; do
        run --separate-stderr preloaded "$PROGRAMS/asks" "$how" libc.so.6 203.0.113.7 7
        equal "$how: $output" "$how: hello"
    done
    nothing_found
}

# Left out: the sanitizer's own getpeername() reads through bad pointers, it takes the stack of a cancelled thread for an
# overflow, natively too, and a small stack is too small for it.
@test "AddressSanitizer and UndefinedBehaviorSanitizer" {
    local options=()

    sanitized
    PROXY=127.0.0.1:$SCRIPTED_PORT
    rows_without '^peer: pointers|^(not to be )?cancelled|^small stacks'
    ! has ipv6 || options=(-6)
    for options in '' "${options[@]}"; do
        # shellcheck disable=SC2086 # one option or none
        preloaded "$PROGRAMS/probe" $options "${ROWS[@]}" > "$BATS_TEST_TMPDIR/seen" 2> "$BATS_TEST_TMPDIR/said"
        nothing_found
        equal "$(cat "$BATS_TEST_TMPDIR/said")" ''
        came_through "$BATS_TEST_TMPDIR/seen" 2000
    done
}

@test "AddressSanitizer and UndefinedBehaviorSanitizer, the rows of readiness" {
    sanitized
    start_proxy_that 'status 502'
    TUNNELLED=preloaded compares --
    nothing_found
    nothing_came_early
}

# Left out: what valgrind itself objects to (bad pointers, small stacks), does not let happen (limits, numbers it keeps for itself) or does in another
# way (vfork, raw forks), and what a program that is ten times slower is too late for.
@test "valgrind" {
    need valgrind

    PROXY=127.0.0.1:$SCRIPTED_PORT
    rows_without 'pointers|sizes|already|page|descriptor|limit|streams|vfork|SYS_|ranges|recycled|often|16 threads|fork in a threaded|options one|many|odd |beyond|ask for nothing|small stacks'
    LD_PRELOAD="$LIBRARY" PTUNNEL_PROXY="$PROXY" PTUNNEL_LOOPBACK=1 PTUNNEL_VERBOSE=-1 timeout 200 \
        valgrind -q --log-file="$BATS_TEST_TMPDIR/valgrind.%p" --child-silent-after-fork=no \
        --fair-sched=yes "$PROGRAMS/probe" "${ROWS[@]}" > "$BATS_TEST_TMPDIR/seen"
    equal "$(cat "$BATS_TEST_TMPDIR"/valgrind.*)" ''
    came_through "$BATS_TEST_TMPDIR/seen" 1000
}

under_valgrind() {
    PRELOADED=$LIBRARY preloaded valgrind -q --log-file="$BATS_TEST_TMPDIR/valgrind.%p" --fair-sched=yes "$@"
}

# Those of one call, with fewer at a time: valgrind needs memory, and is ten times slower.
@test "valgrind, the rows of readiness" {
    need valgrind

    start_proxy_that 'status 502'
    TUNNELLED=under_valgrind compares -j 24 -- 'epoll_wait: *'
    nothing_found
    nothing_came_early
}
