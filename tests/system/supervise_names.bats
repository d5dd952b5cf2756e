#!/usr/bin/env bats
# Names that only the proxy knows, asked for by programs that nothing can be preloaded into: the supervisor is their
# resolver. Names that rules make direct go to the resolver that the program has asked.

load helpers
load lib/supervise

NAME=only-proxy.example

setup_file() {
    start_greeter
    start_scripted --on "*:$GREETER_PORT" "to 127.0.0.1:$GREETER_PORT"
    static_programs
    need_supervisor || return 0
    built glibc lookup "$ROOT/tests/programs/supervised/lookup.c"
    ! has musl-gcc || built musl lookup "$ROOT/tests/programs/supervised/lookup.c"
}

stand_in='^198\.1[89]\.[0-9]+\.[0-9]+$'

@test "getaddrinfo of both libcs, static" {
    local libc

    need_supervised gcc
    for libc in $(libcs); do
        supervised "$STATIC/lookup-$libc" "$NAME"
        succeeds
        [[ ${lines[0]} =~ $stand_in ]]
        equal "${#lines[@]}" 1
    done
}

@test "one map with what is preloaded" {
    local preloaded

    need_supervised gcc getent
    preloaded=$("$PTUNNEL_RUN" --no-rules -p "$PROXY" getent ahostsv4 "$NAME" | awk '{ print $1; exit }')
    supervised "$STATIC/lookup-glibc" "$NAME"
    equal "${lines[0]}" "$preloaded"
}

@test "Go and busybox connect by name, and the proxy is told the name" {
    need_supervised go busybox-static
    go_program
    supervised "$GO" dial "$NAME:$GREETER_PORT"
    contains "$output" ":$GREETER_PORT hello"
    equal "$(tail -n 1 "$SCRIPTED_LOG")" "CONNECT $NAME:$GREETER_PORT 200"
    supervised busybox nc "other.$NAME" "$GREETER_PORT"
    equal "$output" hello
    equal "$(tail -n 1 "$SCRIPTED_LOG")" "CONNECT other.$NAME:$GREETER_PORT 200"
}

@test "the answer comes from the resolver that was asked, also by recvmsg on a socket that waits" {
    need_supervised gcc
    supervised "$STATIC/lookup-glibc" "$NAME" 192.0.2.53
    equal "$output" '192.0.2.53:53 code 0 answers 1'
    for how in sendmsg sendmmsg; do
        supervised "$STATIC/lookup-glibc" "$NAME" 192.0.2.53 "$how"
        equal "$how $output" "$how 192.0.2.53:53 code 0 answers 1"
    done
}

@test "resolvers refuse: nobody is asked, but stand-ins are told" {
    need_supervised gcc
    supervised --resolvers refuse -n .direct.example "$STATIC/lookup-glibc" www.direct.example 192.0.2.53
    equal "$output" '192.0.2.53:53 code 5 answers 0'
    supervised --resolvers refuse -n .direct.example "$STATIC/lookup-glibc" "$NAME" 192.0.2.53
    equal "$output" '192.0.2.53:53 code 0 answers 1'
}

@test "nothing can be sent to a stand-in by UDP" {
    need_supervised busybox-static gcc
    supervised busybox sh -c "'$STATIC/lookup-glibc' $NAME > '$BATS_TEST_TMPDIR/address'; read -r address < '$BATS_TEST_TMPDIR/address'
        exec '$STATIC/lookup-glibc' x.example \$address"
    [[ $(cat "$BATS_TEST_TMPDIR/address") =~ $stand_in ]]
    contains "$stderr" 'Network is unreachable' "$NAME:53: only TCP can be tunnelled"
}

# A resolver that knows one name, in a network of its own.
@test "direct names go to the resolver that was asked, and no other" {
    need_supervised root netns ip python3 gcc
    cat > "$BATS_TEST_TMPDIR/resolver.py" << 'END'
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("127.0.0.1", 53))
print("ready", flush=True)
while True:
    query, asker = s.recvfrom(512)
    print(query[13:13 + query[12]].decode(), flush=True)
    s.sendto(query[:2] + b"\x81\x80\0\1\0\1\0\0\0\0" + query[12:] + b"\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4\xc0\0\2\x01", asker)
END
    # shellcheck disable=SC2016 # for the other bash
    run --separate-stderr unshare --net bash -c '
        ip link set lo up
        "$1" "$2/resolver.py" > "$2/asked" 3>&- & resolver=$!
        until grep -q ready "$2/asked"; do sleep 0.02; done
        "$3" --no-rules -p 127.0.0.1:1 -n .direct.example "$4" www.direct.example 127.0.0.1
        "$3" --no-rules -p 127.0.0.1:1 -n .direct.example "$4" only-proxy.example 127.0.0.1
        kill "$resolver"
    ' bash "$(python)" "$BATS_TEST_TMPDIR" "$PTUNNEL_RUN" "$STATIC/lookup-glibc"
    equal "$output" "127.0.0.1:53 code 0 answers 1${NEWLINE}127.0.0.1:53 code 0 answers 1"
    equal "$(cat "$BATS_TEST_TMPDIR/asked")" "ready${NEWLINE}www"
}
