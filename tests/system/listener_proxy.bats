#!/usr/bin/env bats
# ptunnel behind a proxy that goes away, moves, misbehaves or has strange manners.

load helpers
load lib/listener

setup_file() {
    start_crowd
    start_greeter
    start_scripted_before "$CROWD_PORT" "$GREETER_PORT"
}

@test "the proxy is killed and comes again" {
    local port proxy

    start_crowd
    start_scripted_before "$CROWD_PORT"
    proxy=$SPAWNED
    port=$SCRIPTED_PORT
    listen_for_crowd
    hold 20
    kill -9 "$proxy"
    wait_until gone "$proxy"
    exec 7>&-
    run ! wait "$HOLDER"
    wait_until at_rest
    run timeout 10 "$PROGRAMS/crowd" hold "$LISTEN_PORT" 1 < /dev/null
    fails_with 1
    contains "$(listener_says)" "203.0.113.7:$CROWD_PORT via $PROXY: cannot connect to the proxy: connection refused"
    spawn again "$BUILD/tests/proxy" --listen "127.0.0.1:$port" --on '*' "to 127.0.0.1:$CROWD_PORT"
    wait_until listening "$port"
    run timeout 10 "$PROGRAMS/crowd" hold "$LISTEN_PORT" 1 < /dev/null
    succeeds
}

has_had() { # COUNT : so many CONNECTs in the scripted proxy's log
    [ "$(grep -c '^CONNECT .* 200$' "$SCRIPTED_LOG")" -ge "$1" ]
}

@test "the proxy is killed under load, and the load goes on when it is there again" {
    local load port proxy

    start_crowd
    start_scripted_before "$CROWD_PORT"
    proxy=$SPAWNED port=$SCRIPTED_PORT
    listen_for_crowd
    spawn load bash -c 'while :; do "$0" churn "$1" 100 10; done' "$PROGRAMS/crowd" "$LISTEN_PORT"
    load=$SPAWNED
    wait_until has_had 200
    kill -9 "$proxy"
    wait_until gone "$proxy"
    wait_until listener_has_said "203.0.113.7:$CROWD_PORT via $PROXY: "
    SCRIPTED_LOG=$BATS_TEST_TMPDIR/again.log
    : > "$SCRIPTED_LOG"
    spawn again "$BUILD/tests/proxy" --log "$SCRIPTED_LOG" --listen "127.0.0.1:$port" --on '*' "to 127.0.0.1:$CROWD_PORT"
    wait_until has_had 200
    kill "$load"
    wait_until at_rest
}

@test "the proxy's name is looked up again when it failed" {
    local hosts=$BATS_TEST_TMPDIR/hosts

    need root mountns nc
    through scripted 4
    echo '127.0.0.2 moves.test' > "$hosts" # where nobody listens
    PTUNNEL_UNDER="unshare --mount $BATS_TEST_TMPDIR/under"
    printf '#!/bin/sh\nmount --bind %s /etc/hosts && exec "$@"\n' "$hosts" > "$BATS_TEST_TMPDIR/under"
    chmod +x "$BATS_TEST_TMPDIR/under"
    start_ptunnel -p "moves.test:$SCRIPTED_PORT" "0:203.0.113.7:$GREETER_PORT"
    equal "$(nc -N 127.0.0.1 "$LISTEN_PORT" < /dev/null)" ''
    echo '127.0.0.1 moves.test' > "$hosts"
    wait_until greets
    contains "$(listener_says)" "via moves.test:$SCRIPTED_PORT: cannot connect to the proxy: connection refused"
}

greets() {
    [ "$(nc -N 127.0.0.1 "$LISTEN_PORT" < /dev/null)" = hello ]
}

@test "a proxy that does not take what it accepts costs its client the connection" {
    local word

    for word in close reset hang; do
        start_scripted --on-accept "$word"
        start_ptunnel --timeout 1 -p "$PROXY" 0:203.0.113.7:7
        run timeout 10 "$PROGRAMS/crowd" hold "$LISTEN_PORT" 1 < /dev/null
        fails_with 1
        contains "$output" 'Connection reset by peer'
        wait_until at_rest
    done
}

@test "a second proxy is tried when the first says nothing, or leaves" {
    local first word

    for word in hang close reset; do
        start_scripted --on '*' "$word"
        first=$PROXY
        start_scripted --on '*' "to 127.0.0.1:$CROWD_PORT"
        start_ptunnel --attempt 1 -p "$first" -p "$PROXY" 0:203.0.113.7:7
        run timeout 10 "$PROGRAMS/crowd" hold "$LISTEN_PORT" 1 < /dev/null
        succeeds
        wait_until at_rest
    done
}

@test "a second proxy is tried when the first is away" {
    local away

    away=$(free_port)
    through scripted 4
    start_ptunnel -p "127.0.0.1:$away" -p "$PROXY" "0:203.0.113.7:$CROWD_PORT"
    run "$PROGRAMS/crowd" hold "$LISTEN_PORT" 1 < /dev/null
    succeeds
}

# For each row of stdin the client of a tunnel through a proxy that does this is reset, and the log says why.
rows_fail() {
    local line count=0 bad=0 arguments=() operands=()

    while IFS= read -r line; do
        count=$((count + 1))
        arguments+=(--on "203.0.113.9:$count" "$line")
        operands+=("0:203.0.113.9:$count")
    done
    start_scripted "${arguments[@]}"
    start_ptunnel --timeout 1 -v -p "$PROXY" "${operands[@]}"
    for ((line = 1; line <= count; line++)); do
        run timeout 10 "$PROGRAMS/crowd" hold "${LISTEN_PORTS[line - 1]}" 1 < /dev/null
        [ "$status" -eq 1 ] && [[ $output == *'Connection reset by peer' ]] &&
            listener_has_said "203.0.113.9:$line via $PROXY: " && continue
        printf '%s\n' "row $line: ${arguments[line * 3 - 1]}" "status $status" "$output"
        bad=$((bad + 1))
    done
    listener_says
    [ "$count" -gt 0 ] && [ "$bad" -eq 0 ]
    wait_until at_rest
}

@test "a proxy that misbehaves costs its client the connection, and nobody else anything" {
    rows_fail << 'END'
close
reset
hang
delay 5000
status 403 Forbidden
status 407
auth somebody:else
status 502
status 403; keep
status 403; end reset
status 403; end hang
status 302; header "Location: http://127.0.0.1/"
status 502; header "Proxy-Status: p; error=connection_timeout"
to 127.0.0.1:1
to 127.0.0.1:1; plain-errors
lf; http10; status 500; chunk 1
status 200; raw "HTTP/9.9 200 OK\r\n\r\n"; end close
raw "220 smtp.example.org ESMTP\r\n"; end close
raw "\0\0\0\0"; end hang
raw "HTTP/1.1 200 OK\r\nX: \0\r\n\r\n"; end close
raw ""; end close
endless
pad 70000
cut 5; end close
cut 5; end reset
cut 5; end hang
chunk 1 400
interim 100; hang
END
}

@test "a proxy with strange manners is understood" {
    local line count=0 arguments=() operands=()

    while IFS= read -r line; do
        count=$((count + 1))
        arguments+=(--on "203.0.113.9:$count" "$line; to 127.0.0.1:$GREETER_PORT")
        operands+=("0:203.0.113.9:$count")
    done << 'END'
http10
lf
noreason
interim 100
interim 102; interim 103
join
chunk 1
delay 300
pad 60000
status 299 Anything
header "Content-Length: 5"
raw "HTTP/1.1 200 OK\r\n\r\n"; relay
lf; http10; noreason; chunk 1
pad 2048; join
pad 4096; chunk 2048 20
END
    start_scripted "${arguments[@]}"
    start_ptunnel -p "$PROXY" "${operands[@]}"
    for ((line = 0; line < count; line++)); do
        run nc -N 127.0.0.1 "${LISTEN_PORTS[line]}" < /dev/null
        equal "$output" hello
    done
}

@test "a client that leaves during the handshake leaves nothing behind" {
    local python

    start_scripted --on '*' hang
    start_ptunnel -v -p "$PROXY" 0:203.0.113.7:7
    python=$(python)
    "$python" - "$LISTEN_PORT" << 'END'
import socket, struct, sys
for i in range(20):
    s = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    s.close()
END
    wait_until at_rest
    contains "$(listener_says)" '203.0.113.7:7: given up: the client has gone'
}

holds_more_than() { # COUNT descriptors
    [ "$(descriptors "$LISTENER")" -gt "$1" ]
}

@test "what a client of a UNIX socket sent arrives though it closed during the handshake" {
    local socket=$BATS_TEST_TMPDIR/a.sock python proxy

    python=$(python)
    spawn target "$PROGRAMS/crowd" wait
    wait_until grep -qs ^listening "$BATS_TEST_TMPDIR/target.out"
    start_scripted --on '*' "to 127.0.0.1:$(sed -n 's/^listening //p' "$BATS_TEST_TMPDIR/target.out")"
    proxy=$SPAWNED
    start_ptunnel -v -p "$PROXY" "$socket:203.0.113.7:7"
    wait_until test -S "$socket"
    AT_START=$(descriptors "$LISTENER")
    kill -STOP "$proxy" # so that the handshake lasts
    "$python" - "$socket" << 'END'
import socket, sys
s = socket.socket(socket.AF_UNIX)
s.connect(sys.argv[1])
s.sendall(b"all that I have to say\n")
s.close()
END
    wait_until holds_more_than $((AT_START + 1))
    kill -CONT "$proxy"
    wait_until grep -qsx 'all that I have to say' "$BATS_TEST_TMPDIR/target.out"
    wait_until at_rest
}
