#!/usr/bin/env bats
# Connections that take long, or for ever: an end comes although nobody of ours waits, and nothing of the program's is
# borrowed meanwhile. What the program sees is compared with what it sees natively.

load helpers
load lib/failover

setup_file() {
    start_greeter
    start_scripted --on '*' "to 127.0.0.1:$GREETER_PORT"
    PROXY=127.0.0.1:$SCRIPTED_PORT
    HANGS=$(BATS_TEST_TMPDIR=$BATS_FILE_TMPDIR/hangs && mkdir -p "$BATS_TEST_TMPDIR" && start_scripted --on '*' hang >&2 && echo "127.0.0.1:$SCRIPTED_PORT")
    export PROXY HANGS
}

teardown_file() {
    stop_services "$BATS_FILE_TMPDIR/hangs"
    stop_services "$BATS_FILE_TMPDIR"
}

# start_deaf [one]: a proxy that answers no SYN. $DEAF
start_deaf() {
    local name=deaf$RANDOM

    spawn "$name" "$PROGRAMS/late" deaf "$@"
    wait_until grep -q listening "$(here)/$name.out"
    DEAF=$(sed -n 's/^listening //p' "$(here)/$name.out")
}

# natively VERB [ARGUMENT]...: to the greeter, or to the port of a deaf one if $TO says so
natively() {
    run -0 timeout 30 "$PROGRAMS/late" "$1" "${TO:-$GREETER_PORT}" "${@:2}"
    NATIVE=$output
}

# tunnelled "[OPTION]... PROXY..." VERB [ARGUMENT]...
tunnelled() {
    local word given words=()

    read -ra given <<< "$1"
    for word in "${given[@]}"; do
        [[ $word == -* ]] || words+=(-p)
        words+=("$word")
    done
    run -0 --separate-stderr timeout 30 "$PTUNNEL_RUN" --no-rules --loopback -q "${words[@]}" "$PROGRAMS/late" "$2" "$GREETER_PORT" "${@:3}"
}

@test "a thread that sleeps in epoll_wait() when another one connects is told of the time-out" {
    for how in epoll poll select; do
        tunnelled "--timeout=2 $HANGS" sleep $how
        [[ $output == "told after "[23]" s: Connection timed out" ]]
    done
}

@test "and gets the second proxy when the first one is away" {
    start_deaf
    tunnelled "--attempt=1 $DEAF $PROXY" sleep epoll
    [[ $output == "told after "[12]" s: open" ]]
}

@test "a blocking connect() goes on to the third proxy when two answer no SYN" {
    local first

    start_deaf
    first=$DEAF
    start_deaf
    tunnelled "--attempt=1 --timeout=8 $first $DEAF $PROXY" connect 1
    equal "$output" open
}

@test "a proxy that answered a moment ago is not waited for without end" {
    start_deaf one
    tunnelled "--timeout=2 $DEAF" connect 2
    equal "$output" "open, Connection timed out"
}

@test "a thread that is cancelled in connect() ends at once" {
    start_deaf
    TO=${DEAF##*:} natively cancel
    equal "$NATIVE" "joined at once"
    tunnelled "$DEAF" cancel
    equal "$output" "$NATIVE"
    tunnelled "$HANGS" cancel
    equal "$output" "$NATIVE"
}

@test "a handler that jumps out of connect() finds everything as it was" {
    start_deaf
    TO=${DEAF##*:} natively jump
    tunnelled "$DEAF" jump
    equal "$output" "$NATIVE"
    tunnelled "$HANGS" jump
    equal "$output" "$NATIVE"
}

@test "a handler that interrupts a wait finds the program's own signal mask" {
    start_deaf
    for call in connect poll select epoll; do
        TO=${DEAF##*:} natively handler $call
        contains "$NATIVE" "interrupted, 0 blocked"
        tunnelled "$HANGS" handler $call
        equal "$output" "$NATIVE"
        tunnelled "$DEAF" handler $call
        equal "$output" "$NATIVE"
    done
}

@test "calls that never wait do not wait for the proxy" {
    for call in send recv error; do
        tunnelled "--timeout=20 $HANGS" ask $call
        equal "$output" "no call waited"
    done
}

@test "SO_ERROR tells nothing of a proxy that is replaced by the next one" {
    local good=$PROXY

    another second start_scripted --on '*' 'delay 20; reset'
    for _ in 1 2 3 4 5 6 7 8 9 10; do
        tunnelled "127.0.0.1:$SCRIPTED_PORT $good" error
        equal "$output" open
    done
}

@test "TCP_USER_TIMEOUT stays the program's, and can be set meanwhile" {
    natively timeout
    equal "$NATIVE" "4321, 8765, 8765: open"
    tunnelled "$PROXY" timeout
    equal "$output" "$NATIVE"
    start_deaf
    tunnelled "--attempt=1 $DEAF $PROXY" timeout
    equal "$output" "$NATIVE"
    tunnelled "--timeout=1 $DEAF" timeout
    equal "$output" "4321, 8765, 8765: Connection timed out"
}

@test "the proxy's name is looked up before the program starts, and its addresses handed over" {
    run -0 "$PTUNNEL_RUN" --no-rules -p "localhost:${PROXY##*:}" printenv PTUNNEL_CONFIG
    [[ $output == *$'\naddress localhost 127.0.0.1'* || $output == *$'\naddress localhost ::1'* ]]
}

@test "a connection that is being opened is passed on only by a call that may wait" {
    another slow start_scripted --on '*' "delay 300; to 127.0.0.1:$GREETER_PORT"
    tunnelled "127.0.0.1:$SCRIPTED_PORT" pass
    equal "$output" "Resource temporarily unavailable, then passed"
}
