#!/usr/bin/env bats
# SO_PEEK_OFF is the program's, though the library peeks at the proxy's reply on the same socket.

load helpers

setup_file() {
    start_greeter
    start_scripted --on '203.0.113.7:*' "delay 100; to 127.0.0.1:$GREETER_PORT; join" \
        --on '203.0.113.8:*' "to 127.0.0.1:$GREETER_PORT; chunk 7 5"
    export PROXY
}

@test "what a program peeks at is the same as without a proxy" {
    local native

    native=$(timeout 30 "$PROGRAMS/peeks" 127.0.0.1 "$GREETER_PORT")
    # Linux has it of TCP from 6.9 on
    [[ $native != *'set: Operation not supported'* ]] || skip "needs SO_PEEK_OFF of TCP"
    contains "$native" 'further on: 2 2 2 ll'
    for host in 203.0.113.7 203.0.113.8; do
        run timeout 30 "$PTUNNEL_RUN" -q -p "$PROXY" "$PROGRAMS/peeks" "$host" "$GREETER_PORT"
        equal "$output" "$native"
    done
}
