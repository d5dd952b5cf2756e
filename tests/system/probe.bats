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
46mMxy ^options not set: (failed|open): SO_SNDBUF -- grown for a connection, here the proxy's; one that the program set stays
46mMxyz ^peer: passed, the other closed: -- who gets a descriptor by SCM_RIGHTS alone has no record of what it was connected to
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

setup_file() {
    TIMING_OUT=$(free_port)
    export TIMING_OUT
    start_scripted --on "*:$TIMING_OUT" 'delay 300; status 504'
}

# What the table does not explain, and rows of the table that explain nothing. The lines that differ are on stdin.
unexplained() { # KINDS
    local differences kinds line match explained=()

    differences=$(cat)
    while read -r kinds line; do
        match=${line%% -- *}
        [[ $1 == *["$kinds"] ]] || continue
        grep -qE "$match" <<< "$differences" || echo "no difference any more: $match"
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
    local kinds=$1 options=() native=$BATS_FILE_TMPDIR/native-$1 seen=$BATS_TEST_TMPDIR/seen before

    need ipv6
    [[ $1 != *M* ]] || need mptcp
    [[ $1 != *6* ]] || options+=(-6)
    [[ $1 != *m* ]] || options+=(-m)
    [[ $1 != *M* ]] || options+=(-M)
    PROXY=127.0.0.1:$SCRIPTED_PORT
    [ "$2" = 4 ] || PROXY="[::1]:$SCRIPTED_PORT6"
    [ "$1$2" != 64 ] || kinds=x
    [ "$1$2" != m6 ] || kinds=y
    [ "$1$2" != 46 ] || kinds=z
    [ -e "$native" ] || "$PROGRAMS/probe" "${options[@]}" -t "$TIMING_OUT" > "$native"
    before=$(wc -l < "$SCRIPTED_LOG")
    LIMIT=120 tunnelled "$PROGRAMS/probe" "${options[@]}" -t "$TIMING_OUT" > "$seen" 2> "$seen.log"
    [ $(($(wc -l < "$SCRIPTED_LOG") - before)) -gt 500 ] # they went through the proxy
    [ "$(wc -l < "$native")" -gt 3000 ]
    lacks "$(cat "$native")" 'the probe itself failed' 'ended by' 'ended with exit'
    equal "$(differing "$native" "$seen" | unexplained "$kinds")" ''
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
