#!/usr/bin/env bats
# A dead proxy costs a moment: the next one is tried on the same descriptor, of whatever address family, and each is told
# its own credentials only. `fallback direct` comes after all of them. Hosts are addresses: 203.0.113.7 and 2001:db8::7 are
# the greeter for who asks the scripted proxy, and nobody else.

load helpers
load lib/failover

setup_file() {
    start_greeter
    start_scripted --on '203.0.113.9:403' 'status 403' --on '203.0.113.7:7' "to 127.0.0.1:$GREETER_PORT" --on '\[2001:db8::7\]:7' "to 127.0.0.1:$GREETER_PORT"
    V4=127.0.0.1:$SCRIPTED_PORT
    V6="[::1]:$SCRIPTED_PORT6"
    export V4 V6
}

# route "[OPTION]... PROXY..." COMMAND... : the options need a "=" for their values
route() {
    local word given words=()

    read -ra given <<< "$1"
    shift
    for word in "${given[@]}"; do
        [[ $word == -* ]] || words+=(-p)
        words+=("$word")
    done
    run --separate-stderr timeout -k 5 60 "$PTUNNEL_RUN" --no-rules "${words[@]}" "$@"
}

# opens ROUTE OPTION... TARGET : the socket is connected, and is the one that it was
opens() {
    ends_with '' "$@"
}

# ... and another stands in its place, with the same flags and options
opens_anew() { # ROUTE OPTION... TARGET
    ends_with ', another socket' "$@"
}

ends_with() { # TEXT ROUTE OPTION... TARGET
    route "$2" "$PROGRAMS/connect" "${@:3}"
    equal "$output" "${*: -1} connected, heard \"hello\"$1" || {
        echo "route $2, ${*:3}: $stderr"
        return 1
    }
}

# Each kind of socket: TCP and MPTCP, blocking and not.
each_socket() { # "COMMAND..." ROUTE [OPTION]... TARGET
    local protocol mode

    for protocol in '' -m; do
        [ -z "$protocol" ] || has mptcp || continue
        for mode in '' -n; do
            # shellcheck disable=SC2086 # words
            $1 "$2" $protocol $mode "${@:3}"
        done
    done
}

# The number of lines with TEXT that the last `route` said.
said() { # TEXT
    grep -cF -- "$1" <<< "$stderr" || true
}

# --- families ---

@test "a dead IPv4 proxy, then one of IPv6" {
    need ipv6
    each_socket opens "127.0.0.1:1 $V6" '[2001:db8::7]:7'
    each_socket opens "127.0.0.1:1 $V6" -6 203.0.113.7:7
}

@test "a dead IPv6 proxy, then one of IPv4" {
    need ipv6
    each_socket opens "[::1]:1 $V4" '[2001:db8::7]:7'
    each_socket opens "[::1]:1 $V4" -6 203.0.113.7:7
    each_socket opens_anew "[::1]:1 $V4" 203.0.113.7:7
}

@test "several dead ones of both families" {
    need ipv6
    each_socket opens "127.0.0.1:1 [::1]:1 127.0.0.1:2 [::1]:2 $V6" '[2001:db8::7]:7'
    each_socket opens_anew "[::1]:1 127.0.0.1:1 [::1]:2 127.0.0.1:2 $V4" 203.0.113.7:7
}

@test "a proxy that takes connections and is silent, of the one and of the other family" {
    need ipv6
    another silent start_scripted --on-accept hang
    each_socket opens "--attempt=1 127.0.0.1:$SCRIPTED_PORT $V6" '[2001:db8::7]:7'
    each_socket opens "--attempt=1 [::1]:$SCRIPTED_PORT6 $V4" '[2001:db8::7]:7'
    each_socket opens "--attempt=1 127.0.0.1:$SCRIPTED_PORT $V4" 203.0.113.7:7
}

@test "a proxy that ends or resets before it has answered" {
    local way

    for way in close reset; do
        another "$way" start_scripted --on-accept "$way"
        each_socket opens "127.0.0.1:$SCRIPTED_PORT $V4" 203.0.113.7:7
    done
}

@test "a proxy whose name does not resolve" {
    opens "nosuch.invalid:3128 $V4" 203.0.113.7:7
    opens "nosuch.invalid:3128 $V4" -n 203.0.113.7:7
}

# --- a socket that cannot reach the proxy's only address family ---

@test "an IPv4 socket and an IPv6 proxy: another takes its place" {
    need ipv6
    each_socket opens_anew "$V6" 203.0.113.7:7
    equal "$(said 'a new one takes its place')" 0
    opens_anew "-v 127.0.0.1:1 $V6" 203.0.113.7:7
    equal "$(said "203.0.113.7:7: the program's socket cannot reach the proxy's address family: a new one takes its place")" 1
}

@test "in its place: a failed tunnel, and then a direct connection, on a socket of the old family" {
    need ipv6
    route "$V6" "$PROGRAMS/connect" 203.0.113.9:403 "127.0.0.1:$GREETER_PORT"
    equal "${lines[0]%%,*} ${lines[1]}" "203.0.113.9:403 EACCES 127.0.0.1:$GREETER_PORT connected, heard \"hello\""
    route "$V6" "$PROGRAMS/connect" -n 203.0.113.9:403 "127.0.0.1:$GREETER_PORT" "127.0.0.1:$GREETER_PORT"
    equal "${lines[0]%%,*} ${lines[2]}" "203.0.113.9:403 EACCES 127.0.0.1:$GREETER_PORT connected, heard \"hello\""
}

# Bound to an address of the one kind, to a proxy of the other; a port that was chosen stays.
@test "a socket bound to an address of the other family" {
    local bound

    need ipv6 python3
    for bound in "::1 $V4" "::ffff:127.0.0.1 $V6"; do
        route "${bound#* }" "$(python)" -c '
import socket, sys
with socket.socket(socket.AF_INET6) as client:
    client.bind((sys.argv[1], int(sys.argv[2])))
    before = client.getsockname()
    client.connect(("2001:db8::7", 7))
    print(client.recv(5).decode(), client.getsockname() == before, client.getpeername()[:2])' "${bound% *}" "$(free_port)"
        equal "$output" "hello True ('2001:db8::7', 7)"
    done
}

@test "in its place: options, flags, epoll registrations, duplicates, and what the program is told" {
    need ipv6 python3
    cat > "$BATS_TEST_TMPDIR/in-its-place.py" << 'END'
import fcntl, os, select, struct
from socket import *

OPTIONS = [(SOL_SOCKET, SO_KEEPALIVE, 1), (SOL_SOCKET, SO_RCVBUF, 40000), (SOL_SOCKET, SO_RCVLOWAT, 3), (SOL_SOCKET, SO_PRIORITY, 3),
           (IPPROTO_TCP, TCP_NODELAY, 1), (IPPROTO_TCP, TCP_KEEPIDLE, 77), (IPPROTO_TCP, TCP_USER_TIMEOUT, 9000),
           (IPPROTO_TCP, TCP_SYNCNT, 3), (IPPROTO_IP, IP_TOS, 16), (IPPROTO_IP, IP_TTL, 33)]
PEER = ("203.0.113.7", 7)

def look(fd):
    with socket(fileno=os.dup(fd)) as s:
        return [s.family] + [s.getsockopt(*option[:2]) for option in OPTIONS] + [
            s.getsockopt(SOL_SOCKET, SO_SNDTIMEO, 16), fcntl.fcntl(fd, fcntl.F_GETFL), fcntl.fcntl(fd, fcntl.F_GETSIG)]

client = socket()
for option in OPTIONS:
    client.setsockopt(*option)
client.setsockopt(SOL_SOCKET, SO_SNDTIMEO, struct.pack("ll", 7, 0))
client.setblocking(False)
fcntl.fcntl(client, fcntl.F_SETSIG, 34)
twin = os.dup(client.fileno())
os.set_inheritable(twin, True)
before = look(client.fileno())
sets = [select.epoll() for flags in (0, select.EPOLLET, select.EPOLLEXCLUSIVE)]
for events, watch in zip((0, select.EPOLLET, select.EPOLLEXCLUSIVE), sets):
    watch.register(client, select.EPOLLOUT | events)
    watch.poll(0)
sets[0].register(twin, select.EPOLLOUT)

print(errno := client.connect_ex(PEER))
for watch in sets:
    print(sorted((("client" if fd == client.fileno() else "twin"), events) for fd, events in watch.poll(5)))
print(client.getsockopt(SOL_SOCKET, SO_ERROR), client.connect_ex(PEER), client.connect_ex(PEER))
print(look(client.fileno()) == before, look(twin) == before, os.get_inheritable(twin), client.get_inheritable())
print(client.getpeername() == PEER, client.getsockname()[1] > 0, len(client.getsockname()))
other = socket(fileno=twin)
print(other.getpeername() == PEER, select.select([other], [], [], 5)[0] == [other], os.read(twin, 5))
END
    route "$V6" "$(python)" "$BATS_TEST_TMPDIR/in-its-place.py"
    equal "$output" "115
[('client', 4), ('twin', 4)]
[('client', 4)]
[('client', 4)]
0 0 106
True True True False
True True 2
True True b'hello'"
}

@test "in its place: where there is no descriptor for another a line says what to do" {
    need ipv6
    route "$V6" "$PROGRAMS/connect" -f 203.0.113.7:7
    fails_with 1
    contains "$output" EAFNOSUPPORT
    contains "$stderr" "via $V6: the proxy has IPv6 addresses only, and the program's socket is of IPv4: name an IPv4 address"
}

# direct OPENS ROUTE OPTION... TARGET : after all proxies, said in one line
direct() {
    "$@"
    equal "$(said 'no proxy could be reached, going direct as fallback says')" 1
    equal "$(wc -l <<< "$stderr")" 1
}

@test "fallback direct, after dead proxies of both families, in either order" {
    local proxies

    need ipv6
    for proxies in '127.0.0.1:1 [::1]:1' '[::1]:1 127.0.0.1:1'; do
        each_socket "direct opens_anew" "--loopback --fallback=direct $proxies" "127.0.0.1:$GREETER_PORT"
        each_socket "direct opens" "--loopback --fallback=direct $proxies" -6 "127.0.0.1:$GREETER_PORT"
        each_socket "direct opens" "--loopback --fallback=direct $proxies" "[::1]:$GREETER_PORT"
    done
}

@test "fallback direct: connect() again says 0 once, then EISCONN, and the connection stays" {
    cat > "$BATS_TEST_TMPDIR/again.py" <<END
import select, socket
client = socket.socket()
client.setblocking(False)
print(client.connect_ex(("127.0.0.1", $GREETER_PORT)))
select.select([], [client], [], 10)
print([client.connect_ex(("127.0.0.1", $GREETER_PORT)) for i in range(3)], client.getpeername())
select.select([client], [], [], 10)
print(client.recv(5))
END
    route "--loopback --fallback=direct 127.0.0.1:1" "$(python)" "$BATS_TEST_TMPDIR/again.py"
    equal "$output" "115
[0, 106, 106] ('127.0.0.1', $GREETER_PORT)
b'hello'"
    equal "$(said 'no proxy could be reached, going direct as fallback says')" 1
}

# not_direct ACTIONS ERROR : a proxy that takes the connection and does this
not_direct() {
    another "${1%% *}" start_scripted --on '*' "$1"
    for option in -q -n; do
        route "--loopback --fallback=direct --attempt=1 --timeout=2 127.0.0.1:$SCRIPTED_PORT" \
            "$PROGRAMS/connect" "$option" "127.0.0.1:$GREETER_PORT"
        fails_with 1
        contains "$output" "$2"
        contains "$stderr" "via 127.0.0.1:$SCRIPTED_PORT: " "(a proxy was reached: no fallback)"
    done
}

@test "no fallback once a proxy was asked, whatever becomes of it: silent, closed, reset, half an answer" {
    not_direct hang ETIMEDOUT
    not_direct close ECONNRESET
    not_direct reset ECONNRESET
    not_direct 'raw "HTTP/1.1 5"; close' ECONNRESET
}

@test "no fallback unless it is asked for, and none once a proxy has answered" {
    route '--loopback 127.0.0.1:1' "$PROGRAMS/connect" "127.0.0.1:$GREETER_PORT"
    fails_with 1
    contains "$output" ECONNREFUSED
    another answers start_scripted --on '*' 'status 503'
    route "--loopback --fallback=direct 127.0.0.1:$SCRIPTED_PORT" "$PROGRAMS/connect" "127.0.0.1:$GREETER_PORT"
    fails_with 1
    contains "$output" ECONNREFUSED
    another ill start_scripted --on '*' 'status 503; header "Proxy-Status: gate; error=proxy_internal_error"'
    route "--loopback --fallback=direct 127.0.0.1:$SCRIPTED_PORT" "$PROGRAMS/connect" "127.0.0.1:$GREETER_PORT"
    fails_with 1
    contains "$output" ECONNREFUSED
}

# --- which answers go on ---

@test "a bare 502, 503 or 504 speaks of the target: nobody else is asked" {
    local code before

    before=$(wc -l < "$SCRIPTED_LOG")
    for code in 502 503 504; do
        another "bare$code" start_scripted --on '*' "status $code"
        route "127.0.0.1:$SCRIPTED_PORT $V4" "$PROGRAMS/connect" 203.0.113.7:7
        fails_with 1
        contains "$stderr" ": $code "
    done
    equal "$(wc -l < "$BATS_FILE_TMPDIR/scripted.log")" "$before"
}

@test "a Proxy-Status that blames the proxy itself goes on to the next" {
    another ill start_scripted --on '*' 'status 503; header "Proxy-Status: gate; error=proxy_internal_error"'
    each_socket opens "127.0.0.1:$SCRIPTED_PORT $V4" 203.0.113.7:7
    another alone start_scripted --on '*' 'status 503; header "Proxy-Status: gate; error=proxy_internal_error"'
    route "127.0.0.1:$SCRIPTED_PORT" "$PROGRAMS/connect" 203.0.113.7:7
    fails_with 1
    contains "$output" ECONNREFUSED
}

@test "each candidate is told its own credentials and no other's" {
    local first

    another first start_scripted --on '*' 'status 503; header "Proxy-Status: gate; error=proxy_internal_error"'
    first=$SCRIPTED_LOG
    another second start_scripted --on '*' 'status 503; header "Proxy-Status: gate; error=proxy_internal_error"'
    : > "$BATS_FILE_TMPDIR/scripted.log"
    route "one:secret1@127.0.0.1:$(port_of "$first") two:secret2@127.0.0.1:$SCRIPTED_PORT $V4" \
        "$PROGRAMS/connect" 203.0.113.7:7
    succeeds
    equal "$(authorized "$first")" one:secret1
    equal "$(authorized "$SCRIPTED_LOG")" two:secret2
    equal "$(authorized "$BATS_FILE_TMPDIR/scripted.log")" ''
    lacks "$output$stderr" secret
}

port_of() { # LOG
    sed -n 's/^listening 127.0.0.1://p' "${1%.log}.out"
}

authorized() { # LOG
    sed -n 's/^HEADER Proxy-Authorization: Basic //p' "$1" | base64 -d
}

# --- what is learnt ---

@test "a candidate that failed is tried last for a while: a program pays once" {
    local line

    route "-vv 127.0.0.1:1 $V4" "$PROGRAMS/connects" 20 203.0.113.7 7
    succeeds
    equal "$(said 'via 127.0.0.1:1: connecting to')" 1
    equal "$(said "via $V4: connecting to")" 20
    another silent start_scripted --on-accept hang
    line=$SECONDS
    route "--attempt=2 -vv 127.0.0.1:$SCRIPTED_PORT $V4" "$PROGRAMS/connects" 20 203.0.113.7 7
    succeeds
    equal "$(said "via 127.0.0.1:$SCRIPTED_PORT: connecting to")" 1
    [ $((SECONDS - line)) -lt 10 ]
}

@test "a proxy's name is looked up again after a failure" {
    local hosts=$BATS_TEST_TMPDIR/hosts

    need root mountns python3
    echo '127.0.0.2 moves.test' > "$hosts" # where nobody listens
    run --separate-stderr timeout -k 5 60 unshare --mount sh -c 'mount --bind "$0" /etc/hosts && exec "$@"' "$hosts" \
        "$PTUNNEL_RUN" --no-rules -p "moves.test:$SCRIPTED_PORT" "$(python)" -c '
import socket, sys, time
hosts, failed, end = sys.argv[1], 0, time.monotonic() + 30
while time.monotonic() < end:
    with socket.socket() as client:
        if client.connect_ex(("203.0.113.7", 7)) == 0:
            print(failed > 0, client.recv(5).decode())
            break
    if failed == 0:
        with open(hosts, "w") as file:
            file.write("127.0.0.1 moves.test\n")
    failed += 1
    time.sleep(0.2)' "$hosts"
    succeeds
    equal "$output" 'True hello'
}
