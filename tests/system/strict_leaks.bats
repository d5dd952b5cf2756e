#!/usr/bin/env bats
# Whatever way out a program tries, with --strict nothing of it arrives outside: no connection, no datagram, no packet.
# tests/programs/supervised/leaks.c has the ways, lib/outside.py the network that they would come to.

load helpers
load lib/supervise
load lib/strict

setup_file() {
    static_programs
    open_to_all
    need_supervisor || return 0
    built glibc leaks "$ROOT/tests/programs/supervised/leaks.c"
    cp "$STATIC/leaks-glibc" "$BUILD/tests/proxy" "$OPEN"
    chmod a+rx "$OPEN"/*
}

HERE=198.51.100.7
NOTHING='tcp 0 udp 0 unix 0 packets 0'

# outside USER [--kill] COMMAND... : as `run` does, in a network where all is counted
outside() {
    run --separate-stderr timeout -k 5 120 unshare --net --mount "$(python)" "$ROOT/tests/system/lib/outside.py" "$OPEN/proxy" "$@"
}

need_outside() {
    need root netns mountns ip python3 gcc
    need_strict
}

kept() { # USER [--kill] : nothing arrives of what the ways of leaks.c try, but what a rule tunnels
    local user=$1

    shift
    outside "$user" "$@" "$OPEN/ptunnel-run" -q --no-rules -p 127.0.0.1:3128 -x "$HERE:9" --strict \
        bash -c 'echo ready; read -r; exec "$@"' bash "$OPEN/leaks-glibc" "$HERE" 9 7
    contains "$output" "${NEWLINE}all${NEWLINE}"
    equal "${lines[-1]}" "status 0 $NOTHING"
}

@test "natively they arrive, so the test can see it" {
    need_outside
    outside 0 "$OPEN/leaks-glibc" "$HERE" 9 7
    [[ ${lines[-1]} =~ ^status\ 0\ tcp\ ([0-9]+)\ udp\ ([0-9]+)\ unix\ 2\ packets\ ([0-9]+)$ ]]
    [ "${BASH_REMATCH[1]}" -ge 10 ]
    [ "${BASH_REMATCH[2]}" -ge 7 ]
    [ "${BASH_REMATCH[3]}" -ge 50 ]
}

@test "an ordinary user: nothing arrives" {
    need_outside
    kept 65534
    contains "$output" 'again_on_a_tunnel: ECONNREFUSED' 'datagram: ENETUNREACH' 'nscd: ENOENT' 'machine: EAFNOSUPPORT'
}

@test "root: nothing arrives" {
    need_outside
    kept 0
    contains "$output" 'again_on_a_tunnel: ECONNREFUSED' 'raw: ENETUNREACH'
}

@test "an ordinary user, and the supervisor was killed: nothing arrives" {
    need_outside
    kept 65534 --kill
    contains "$output" 'killed 2' 'blocking: ENOSYS' 'again_on_a_tunnel: ENOSYS'
}

@test "root, and the supervisor was killed: nothing arrives" {
    need_outside
    kept 0 --kill
    contains "$output" 'killed 2' 'blocking: ENOSYS'
}

@test "an open tunnel ends with the supervisor" {
    need_outside
    outside 65534 --kill "$OPEN/ptunnel-run" -q --no-rules -p 127.0.0.1:3128 --strict bash -c "
        exec 3<> /dev/tcp/$HERE/7
        read -r word <&3
        echo ready
        read -r
        read -r -t 20 more <&3
        echo \"\$word, then \$?\""
    contains "$output" 'killed 2' 'hello, then 1'
    equal "${lines[-1]}" "status 0 $NOTHING"
}
