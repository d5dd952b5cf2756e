#!/usr/bin/env bats
# What the kernel refuses, a call with a bad pointer for instance, the library leaves to it: it looks at nothing that the
# program did not make readable, whether or not a connection is being made.

load helpers

setup_file() {
    start_greeter
    start_scripted --on '*:7' hang
    export PROXY
}

@test "bad pointers and counts while a connection is being made: as natively" {
    local native seen

    # whatever is pending natively is not ready either: nobody is there to answer
    native=$("$PROGRAMS/pointers" 127.0.0.1 "$GREETER_PORT")
    seen=$(tunnelled "$PROGRAMS/pointers" 203.0.113.7 7)
    contains "$native" 'poll_bad: -1 Bad address'
    contains "$native" 'sendmmsg_past_the_wall: 1 Success'
    equal "$(wc -l <<< "$native")" 26
    equal "$(diff <(echo "$native") <(echo "$seen"))" ''
}

@test "the same when nothing is tunnelled" {
    local native

    native=$("$PROGRAMS/pointers" 127.0.0.1 "$GREETER_PORT")
    run timeout 30 "$PTUNNEL_RUN" -p "$PROXY" "$PROGRAMS/pointers" 127.0.0.1 "$GREETER_PORT"
    succeeds
    equal "$(diff <(echo "$native") <(echo "$output"))" ''
}
