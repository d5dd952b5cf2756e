#!/usr/bin/env bats
# --strict: the command has a network of its own, with no way out but the supervisor's. What leaks is in strict_leaks.

load helpers
load lib/supervise
load lib/strict

setup_file() {
    start_greeter
    start_scripted --on '*:99' 'status 403' --on '*:98' 'status 502' --on '*:97' hang \
        --on '*:200' "delay 200; to 127.0.0.1:$GREETER_PORT" --on '*' "to 127.0.0.1:$GREETER_PORT"
    static_programs
    open_to_all
}

@test "dynamically linked and static programs, blocking and not" {
    local program target='203.0.113.8:7'

    need_strict gcc
    for program in "$PROGRAMS/connect" "$STATIC"/connect-*[cl]; do
        for options in '' -n; do
            # shellcheck disable=SC2086 # words
            strict "$program" $options "$target"
            succeeds
            equal "$output" "$target connected, heard \"hello\""
            equal "$stderr" ''
            equal "$(tail -n 1 "$SCRIPTED_LOG")" "CONNECT $target 200"
        done
    done
}

@test "errors are those of the supervisor without it" {
    local options target

    need_strict gcc
    for options in '' -n '-6' '-6 -n'; do
        for target in 203.0.113.8:99 203.0.113.8:98; do
            # shellcheck disable=SC2086 # words
            supervised -q "$STATIC/connect-glibc" $options "$target"
            without=$output
            # shellcheck disable=SC2086
            strict -q "$STATIC/connect-glibc" $options "$target"
            equal "$output" "$without"
        done
    done
    strict -q --timeout 1 "$STATIC/connect-glibc" -n 203.0.113.8:97
    contains "$output" ETIMEDOUT
    strict -q -x 203.0.113.8 "$STATIC/connect-glibc" 203.0.113.8:7
    contains "$output" ECONNREFUSED
    strict "$STATIC/connect-glibc" -a 60 203.0.113.8:200 203.0.113.8:200
    contains "${lines[0]}" EINTR
    contains "${lines[1]}" 'connected, heard "hello"'
}

@test "an ordinary user" {
    need_strict root setpriv
    as_nobody "$OPEN/ptunnel-run" --no-rules -p "$PROXY" --strict "$OPEN/connect" 203.0.113.8:7
    succeeds
    equal "$output" '203.0.113.8:7 connected, heard "hello"'
    as_nobody "$OPEN/ptunnel-run" --no-rules -p "$PROXY" --strict "$OPEN/connect" -n 203.0.113.8:98
    contains "$output" '203.0.113.8:98 ECONNREFUSED'
    as_nobody "$OPEN/ptunnel-run" --no-rules -p "$PROXY" --strict id -u
    equal "$output" 65534
}

# Each connects by a name that nobody knows but the proxy.
by_name() { # COMMAND...
    strict "$@"
    contains "$output" hello
    equal "$(tail -n 1 "$SCRIPTED_LOG")" "CONNECT only.example:7 200"
}

@test "programs that are preloaded otherwise look names up, and connect" {
    need_strict curl
    by_name curl -s --http0.9 --max-time 10 http://only.example:7/
    # shellcheck disable=SC2016 # the command's
    by_name bash -c 'read -r line < /dev/tcp/only.example/7; echo "$line"'
    ! has python3 || by_name "$(python)" -c 'import socket; print(socket.create_connection(("only.example", 7)).recv(9))'
    ! has node || by_name node -e 'require("net").connect(7, "only.example").on("data", d => console.log(String(d)))'
}

@test "static programs and Go's look names up, and connect" {
    need_strict busybox-static
    by_name busybox nc only.example 7
    need go
    go_program
    by_name "$GO" dial only.example:7
}

@test "Go: a thousand at once, as nobody would have it" {
    need_strict go
    go_program
    LIMIT=60 strict "$GO" many 203.0.113.8:200 1000
    succeeds
    equal "${output%% *}" 1000
}

@test "a network with loopback, and nothing else" {
    need_strict ip busybox-static
    strict ip -oneline link
    equal "${#lines[@]}" 1
    contains "$output" ': lo:'
    strict ip -4 -oneline address
    equal "${#lines[@]}" 2
    strict ip route
    equal "$output" ''
    strict bash -c 'echo x > /dev/udp/203.0.113.8/9'
    fails_with 1
}

@test "this machine is the command's own network, unless a rule names it" {
    need_strict python3
    strict "$PROGRAMS/connect" "127.0.0.1:$GREETER_PORT"
    contains "$output" ECONNREFUSED
    strict -n 127.0.0.1 "$PROGRAMS/connect" "127.0.0.1:$GREETER_PORT"
    contains "$output" 'connected, heard "hello"'
    strict -n 127.0.0.1 "$PROGRAMS/connect" -n "127.0.0.1:$GREETER_PORT"
    contains "$output" 'connected, heard "hello"'
    lacks "$(cat "$SCRIPTED_LOG")" "CONNECT 127.0.0.1:$GREETER_PORT"
    strict --loopback "$PROGRAMS/connect" "127.0.0.1:$GREETER_PORT"
    contains "$output" 'connected, heard "hello"'
    equal "$(tail -n 1 "$SCRIPTED_LOG")" "CONNECT 127.0.0.1:$GREETER_PORT 200"
    strict "$(python)" -c '
import socket
server = socket.create_server(("127.0.0.1", 0))
client = socket.create_connection(server.getsockname())
server.accept()[0].sendall(b"inside")
print(client.recv(9))'
    equal "$output" "b'inside'"
}

@test "process, exit status and children are those of the command" {
    need_strict
    # shellcheck disable=SC2016 # the command's
    run bash -c 'echo $$; exec "$@"' bash "$PTUNNEL_RUN" --no-rules -p "$PROXY" --strict sh -c 'echo $$; exit 7'
    fails_with 7
    equal "${lines[0]}" "${lines[1]}"
    strict sh -c 'wait; echo no child'
    equal "$output" 'no child'
    # shellcheck disable=SC2016
    strict sh -c 'kill -TERM $$'
    fails_with 143
}

none_left() {
    ! pgrep -f -- "-p $PROXY --strict sh -c.*this one" > /dev/null
}

@test "the supervisor and what makes its sockets end with the command" {
    need_strict
    strict sh -c "'$PROGRAMS/connect' 203.0.113.8:7; : this one"
    contains "$output" connected
    wait_until none_left
}

@test "a socket that came from outside cannot be connected" {
    need_strict python3
    run --separate-stderr timeout 30 "$(python)" -c '
import os, socket, sys
s = socket.socket()
os.dup2(s.fileno(), 9)
os.execv(sys.argv[1], sys.argv[1:])' "$PTUNNEL_RUN" --no-rules -p "$PROXY" --strict "$(python)" -c '
import os, socket
print(os.strerror(socket.socket(fileno=9).connect_ex(("203.0.113.8", 7))))'
    equal "$output" 'Network is unreachable'
}

@test "without namespaces it does not start, says why, and names --strict=filter" {
    need_strict
    run --separate-stderr "$PROGRAMS/sandbox" unshare 1 exec "$PTUNNEL_RUN" --no-rules -p "$PROXY" --strict sh -c 'echo ran'
    fails_with 125
    equal "$output" ''
    contains "$stderr" '--strict cannot be kept' 'needs a user namespace' '--strict=filter promises less'
    run --separate-stderr unshare --user --map-root-user sh -c '
        echo 0 > /proc/sys/user/max_user_namespaces
        echo 0 > /proc/sys/user/max_net_namespaces
        exec "$@"' sh "$PTUNNEL_RUN" --no-rules -p "$PROXY" --strict sh -c 'echo ran'
    fails_with 125
    equal "$output" ''
    contains "$stderr" 'no more namespaces (user.max_user_namespaces' '--strict=filter promises less'
}

@test "what it excludes, --show, and set-user-ID programs" {
    need_strict
    strict --force true
    fails_with 125
    contains "$stderr" '--force runs what --strict refuses: say one of them'
    strict --no-supervise true
    fails_with 125
    contains "$stderr" '--no-supervise forbids what --strict needs: say one of them'
    run --separate-stderr "$PTUNNEL_RUN" --no-rules -p "$PROXY" --strict=most true
    fails_with 125
    contains "$stderr" "--strict 'most': expected nothing or filter"
    strict --show cat
    contains "${lines[0]}" 'is tunnelled by a supervisor, in a network of its own'
    strict /nonexistent/command
    fails_with 127
    cp "$PROGRAMS/connect" "$BATS_TEST_TMPDIR/changes"
    need root
    chown 65534 "$BATS_TEST_TMPDIR/changes"
    chmod 4755 "$BATS_TEST_TMPDIR/changes"
    strict "$BATS_TEST_TMPDIR/changes" 203.0.113.8:7
    fails_with 125
    contains "$stderr" 'changes its user'
    lacks "$stderr" --force
}
