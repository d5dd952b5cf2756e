#!/usr/bin/env bats
# A blocking connect() through a proxy is the kernel's own, in everything that a program can observe: the probe's lines
# are the same natively and through a proxy that has to reach the very same targets.

load helpers

# What differs all the same, and why. A row holds for the sockets named first (4, 6, m: IPv6 sockets with mapped
# addresses, M: MPTCP; x: IPv6 through an IPv4 proxy, y: mapped addresses through an IPv6 proxy, z: IPv4 through an IPv6
# proxy, on a socket that takes the place of the program's), and for the lines that match. One that holds for no line any more is to be taken out.
known() {
    cat << 'END'
46mMxyz ^[^:]*: .*: SIOCOUTQ 0 [0-9]+$ -- an unconnected socket still counts what its last connection left, here the proxy's
46mMxy ^unreachable: .*: name -- where there is no way the kernel does not take a port; on the way to the proxy it had to
46mMxyz ^(refused|unreachable|port 0): shutdown first: (a good target afterwards|open|exchange): -- shut down for good: not even CONNECT can be sent
46mMxyz ^options .*: TCP_MAXSEG -- a former connection's, here the proxy's; set by the program it is lost with a failed one
46mMxyz ^options not set: (failed|open): SO_SNDBUF -- grown for a connection, here the proxy's; one that the program set stays
46mMxyz ^closed by another thread: the thread: -- no descriptor of our own holds the socket: connect() has to end
M      ^EINTR, then given up: nothing -- MPTCP's recv() of no bytes is 0 while it connects, TCP's EAGAIN, which is what we say
M      ^shut down by another thread: the thread: -- MPTCP forgets the reset, TCP does not
xy     : name -- getsockname() shows the way that was taken (see the manual)
x      ^IPV6_V6ONLY: [01]$ -- has to be off while an IPv6 socket goes to an IPv4 proxy; back when that fails
xyz    ^bound sources: .*: (another|the same) (port|address|name) -- as above, and the address that is bound cannot be
z      : (failed|then): name -- a socket that was put back for a failed tunnel never had a port
z      ^options .*: IPV6_ -- a socket of IPv6 has them
z      ^options (not )?set: (the same|another) socket -- it is
z      ^(no spare descriptor|limit below): -- without a free descriptor there is no new socket
END
}

# Sockets and the proxy's family. They mostly wait, so all are started at once; each has a proxy and a port of its own.
RUNS=(4-4 6-6 m-4 6-4 m-6 4-6 M-4 6M-6)

setup_file() {
    local run

    for run in "${RUNS[@]}"; do
        possible "$run" || continue
        mkdir "$BATS_FILE_TMPDIR/$run"
        [ -d "$BATS_FILE_TMPDIR/${run%-*}" ] || native "${run%-*}"
        BATS_TEST_TMPDIR=$BATS_FILE_TMPDIR/$run through_proxy "$run"
    done
}

teardown_file() {
    local run

    for run in "${RUNS[@]}" .; do
        stop_services "$BATS_FILE_TMPDIR/$run"
    done
}

possible() { # RUN
    [ "$1" = 4-4 ] || { has ipv6 && { [[ $1 != *M* ]] || has mptcp; }; }
}

options() { # KINDS
    [[ $1 != *6* ]] || echo -6
    [[ $1 != *m* ]] || echo -m
    [[ $1 != *M* ]] || echo -M
}

native() { # KINDS
    mkdir "$BATS_FILE_TMPDIR/$1"
    # shellcheck disable=SC2046 # words
    spawn "native-$1" keep "$BATS_FILE_TMPDIR/$1/seen" "$PROGRAMS/probe" $(options "$1") -t "$(free_port)"
}

through_proxy() { # RUN
    local timing_out

    timing_out=$(free_port)
    start_scripted --on "*:$timing_out" 'delay 300; status 504'
    [ "${1#*-}" = 4 ] || PROXY="[::1]:$SCRIPTED_PORT6"
    # shellcheck disable=SC2046 # words
    LIMIT=120 spawn probe keep "$BATS_TEST_TMPDIR/seen" tunnelled "$PROGRAMS/probe" $(options "${1%-*}") -t "$timing_out"
}

keep() { # FILE COMMAND...
    "${@:2}" > "$1" 2> "$1.log"
    echo $? > "$1.status"
}

ended_well() { # FILE
    local i

    for ((i = 0; i < 1300; i++)); do
        [ ! -s "$1.status" ] || break
        sleep 0.1
    done
    equal "$(cat "$1.status")" 0
}

# Rows that a kernel answers otherwise natively. Where AF_UNSPEC and shutdown(2) are EBUSY while a thread sleeps on the socket it
# sleeps on, to the limit of the probe; ours is as on other kernels.
kernels_own() {
    case $(uname -r) in
    5.10.* | 6.4.* | 6.5.*) echo '(shut down|dissolved) by another thread' ;;
    *) echo 'no such row' ;;
    esac
}

# A difference that is none on this kernel: SIOCOUTQ of an unconnected MPTCP socket is 0 on 6.1.
none_here() { # MATCH
    [[ $(uname -r) == 6.1.* && $1 == *SIOCOUTQ* ]]
}

# What the table does not explain, and rows of the table that explain nothing. The lines that differ are on stdin.
unexplained() { # KINDS
    local differences kinds line match explained=()

    differences=$(cat)
    while read -r kinds line; do
        match=${line%% -- *}
        [[ $1 == *["$kinds"] ]] || continue
        grep -qE "$match" <<< "$differences" || none_here "$match" || echo "no difference any more: $match"
        explained+=(-e "$match")
    done < <(known)
    grep -vE "${explained[@]}" <<< "$differences"
    return 0
}

# Those of either side, without diff's marks.
differing() { # FILE FILE
    diff --changed-group-format='%<%>' --unchanged-group-format='' "$1" "$2"
}

# same 4|6|m|M|6M PROXYFAMILY
same() {
    local kinds=$1 native=$BATS_FILE_TMPDIR/$1/seen seen=$BATS_FILE_TMPDIR/$1-$2/seen

    [ "$1" = 4 ] || need ipv6
    [[ $1 != *M* ]] || need mptcp
    [ "$1$2" != 64 ] || kinds=x
    [ "$1$2" != m6 ] || kinds=y
    [ "$1$2" != 46 ] || kinds=z
    ended_well "$native"
    ended_well "$seen"
    [ "$(wc -l < "${seen%/*}/scripted.log")" -gt 500 ] # they went through the proxy
    [ "$(wc -l < "$native")" -gt 3000 ]
    run grep -E 'ended by|ended with exit' "$seen"
    equal "$output" ''
    grep -vE "^$(kernels_own): " "$native" > "$native.own"
    grep -vE "^$(kernels_own): " "$seen" > "$seen.own"
    run grep -E 'the probe itself failed|ended by|ended with exit' "$native.own"
    equal "$output" ''
    equal "$(differing "$native.own" "$seen.own" | unexplained "$kinds")" ''
}

@test "IPv4" { same 4 4; }
@test "IPv6" { same 6 6; }
@test "mapped IPv4 addresses" { same m 4; }
@test "IPv6 through an IPv4 proxy" { same 6 4; }
@test "mapped IPv4 addresses through an IPv6 proxy" { same m 6; }
@test "IPv4 through an IPv6 proxy" { same 4 6; }
@test "MPTCP" { same M 4; }
@test "MPTCP, IPv6" { same 6M 6; }

# In a network of its own: what has no way to go has none from the proxy either.
# shellcheck disable=SC2016 # for the other bash
in_a_network() { # PROBE-OPTION PROXY
    unshare --net bash -c '
        ip link set lo up
        "$1" --listen "$4:3128" > /dev/null 3>&- &
        until grep -qi ":0C38 [0-9A-F]*:0000 0A" /proc/net/tcp /proc/net/tcp6; do sleep 0.02; done
        "$3" -r $5 "no route" > "$6/native"
        "$2" -p "$4:3128" --loopback -- "$3" -r $5 "no route" > "$6/seen" 2> /dev/null
        kill $!
    ' bash "$BUILD/tests/proxy" "$PTUNNEL_RUN" "$PROGRAMS/probe" "$2" "$1" "$BATS_TEST_TMPDIR"
    contains "$(cat "$BATS_TEST_TMPDIR/native")" 'no route: ENETUNREACH'
    equal "$(differing "$BATS_TEST_TMPDIR/native" "$BATS_TEST_TMPDIR/seen" |
        grep -vE ': (SIOCOUTQ|name) |: shutdown first: (a good target afterwards|open|exchange): ')" ''
}

@test "no route, IPv4" {
    need root netns ip
    in_a_network '' 127.0.0.1
}

@test "no route, IPv6" {
    need root netns ip ipv6
    in_a_network -6 '[::1]'
}
