#!/usr/bin/env bats
# getpeername(2) names the target: where the connection was made, and wherever it goes from there.

load helpers

setup_file() {
    start_greeter
    start_scripted --on '203.0.113.*:*' "to 127.0.0.1:$GREETER_PORT"
    export PROXY
}

peer() { # STORY WANTED
    run --separate-stderr tunnelled "$PROGRAMS/peer" "$1" 203.0.113.7 "$GREETER_PORT" 203.0.113.8
    succeeds
    equal "$output$stderr" "$2"
}

@test "in the process that connected, by every duplicate, and as much as there is room for" {
    local native

    for story in blocking nonblocking; do
        native=$("$PROGRAMS/peer" $story 127.0.0.1 "$GREETER_PORT")
        contains "$native" 'one that was not seen: the target'
        peer $story "$native"
    done
}

@test "in a program that gets the connection by exec" {
    for story in executed forked vforked spawned shell; do
        peer $story 'in another program: the target'
    done
}

@test "in a process that gets the connection by SCM_RIGHTS" {
    peer passed 'passed on: the target'
}

@test "of the connection that has the number now, not of one that had it before" {
    peer old_target "the same number 1${NEWLINE}the other: the target"
}

@test "nothing is written down for connections that stay in their process" {
    rm -f "$XDG_RUNTIME_DIR/ptunnel-peers"
    run --separate-stderr tunnelled "$PROGRAMS/peer" blocking 203.0.113.7 "$GREETER_PORT"
    succeeds
    [ ! -e "$XDG_RUNTIME_DIR/ptunnel-peers" ]
    peer passed 'passed on: the target'
    equal "$(stat -c %a "$XDG_RUNTIME_DIR/ptunnel-peers")" 600
    equal "$(find /proc/self/fd -lname "*ptunnel-peers*" | wc -l)" 0
}

@test "of another connection it costs two system calls at most, however many tunnels are open" {
    need ptrace
    timeout 30 strace -qq -o "$BATS_TEST_TMPDIR/trace" "$PTUNNEL_RUN" -q -p "$PROXY" \
        "$PROGRAMS/peer" cost 203.0.113.7 "$GREETER_PORT"
    equal "$(grep -c '^connect(' "$BATS_TEST_TMPDIR/trace")" 51
    sed '1,/getpeername(-7/d' "$BATS_TEST_TMPDIR/trace" > "$BATS_TEST_TMPDIR/calls"
    equal "$(grep -c '^getpeername(' "$BATS_TEST_TMPDIR/calls")" 20
    [ "$(grep -vc '^exit' "$BATS_TEST_TMPDIR/calls")" -le 40 ]
}
