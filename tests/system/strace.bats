#!/usr/bin/env bats
# What the kernel sees of a tunnelled connection: the proxy's address, the program's own socket, few calls.

load helpers

setup_file() {
    start_greeter
    start_http
    start_sshd
    # shellcheck disable=SC2086 # the ports that are there
    start_scripted_before "$GREETER_PORT" ${HTTP_PORT:-} ${SSH_PORT:-} --on '203.0.113.7:1' 'status 403'
}

setup() {
    need ptrace
    TRACE=$BATS_TEST_TMPDIR/trace
}

traced() {
    run --separate-stderr timeout -k 5 30 strace -f -qq -s 300 -o "$TRACE" -e trace=network,dup,dup2,dup3,fcntl \
        "$PTUNNEL_RUN" -p "$PROXY" "$@"
}

# Every connect() for an internet address is one to the proxy; the target's is nowhere.
only_the_proxy() {
    local connects

    connects=$(grep -E 'connect\([0-9]+, \{sa_family=AF_INET6?,' "$TRACE" | grep -v UDP)
    contains "$connects" "htons($SCRIPTED_PORT)"
    run grep -v "sin6\?_port=htons($SCRIPTED_PORT)" <<< "$connects"
    fails_with 1
    lacks "$(grep -E '(connect|sendto|sendmsg|sendmmsg)\(.*sa_family' "$TRACE")" '203.0.113.7' '2001:db8::7'
}

@test "ssh: only the proxy's address reaches the kernel" {
    need ssh sshd login-shell
    traced ssh -F "$SSH_CONFIG" 203.0.113.7 echo hello
    equal "$output" hello
    only_the_proxy
}

@test "curl: only the proxy's address reaches the kernel" {
    need curl nginx
    traced curl -sS "http://203.0.113.7:$HTTP_PORT/hello"
    equal "$output" 'hello from the target'
    only_the_proxy
}

@test "curl, IPv6: only the proxy's address reaches the kernel" {
    need curl nginx ipv6
    traced curl -sS "http://[2001:db8::7]:$HTTP_PORT/hello"
    equal "$output" 'hello from the target'
    only_the_proxy
}

@test "a refused target is not tried in another way" {
    traced "$PROGRAMS/connect" 203.0.113.7:1
    fails_with 1
    only_the_proxy
}

@test "the tunnel is on the program's own descriptor, and no other is opened" {
    local fd

    traced "$PROGRAMS/connect" "203.0.113.7:$GREETER_PORT"
    equal "$output" "203.0.113.7:$GREETER_PORT connected, heard \"hello\""
    equal "$(grep -c 'socket(AF_INET' "$TRACE")" 1
    fd=$(sed -n 's/.*socket(AF_INET.* = //p' "$TRACE")
    grep -qE "connect\($fd, .*htons\($SCRIPTED_PORT\)" "$TRACE"
    grep -qE "sendto\($fd, \"CONNECT 203.0.113.7:$GREETER_PORT HTTP/1.1\\\\r\\\\n" "$TRACE"
    run grep -E 'dup[23]?\(|socketpair|F_SETFL|F_DUPFD' "$TRACE"
    fails_with 1
}

@test "the request is one send, with the fields that are due" {
    traced "$PROGRAMS/connect" "203.0.113.7:$GREETER_PORT"
    equal "$(grep -c 'sendto(' "$TRACE")" 1
    grep -qF "sendto(3, \"CONNECT 203.0.113.7:$GREETER_PORT HTTP/1.1\\r\\nHost: 203.0.113.7:$GREETER_PORT\\r\\n" \
        <(sed 's/sendto([0-9]*/sendto(3/' "$TRACE") || {
        grep sendto "$TRACE"
        return 1
    }
    traced "$PROGRAMS/connect" -q "[2001:db8::7]:$GREETER_PORT"
    contains "$(grep sendto "$TRACE")" "\"CONNECT [2001:db8::7]:"
}

# System calls from socket() to close(), the median of 51 connections: the first one has more to do, and one that
# waits long for the proxy looks at the time once more.
calls_of_a_connection() { # COMMAND-BEFORE-THE-PROGRAM... ADDRESS PORT
    strace -qq -o "$TRACE" "${@:1:$#-2}" "$PROGRAMS/connects" 51 "${@: -2}"
    CALLS=$(sed -n '/^socket(AF_INET/,$p' "$TRACE" |
        awk '/^socket\(AF_INET/ { n = 0 } { n++ } /^close\(/ { print n }' | sort -n | sed -n 26p)
}

@test "a tunnelled connection costs at most eight system calls more" {
    calls_of_a_connection 127.0.0.1 "$GREETER_PORT"
    equal "$CALLS" 3
    calls_of_a_connection "$PTUNNEL_RUN" -p "$PROXY" 203.0.113.7 "$GREETER_PORT"
    echo "$CALLS calls"
    [ "$CALLS" -gt 3 ] && [ "$CALLS" -le 11 ]
}

@test "a program that makes no connection makes no call on the network" {
    traced true
    succeeds
    run grep -E 'socket|connect' "$TRACE"
    fails_with 1
}
