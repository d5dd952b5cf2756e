#!/usr/bin/env bats
# The rows of readiness and probe, built static, natively and under the supervisor, compared. What differs all the same is in the
# tables, with the reason.

load ../system/helpers
load ../system/lib/readiness
load ../system/lib/supervise

setup_file() {
    start_targets
    static_programs
    need_supervisor || return 0
    built glibc readiness "$ROOT"/tests/programs/readiness/*.c
    built glibc probe "$ROOT"/tests/programs/probe/*.c
}

known_differences() {
    cat << 'END'
*: ring                                              | an io_uring would connect where nobody sees it: ENOSYS
*refuse                                              | a thread that looks in the microseconds of a refusal sees the hang-up first
*: edge, *                                           | when the tunnel's socket takes the place, an edge-triggered set tells that it is writable once more
*: *edge*                                            | likewise
END
}

# Of the probe's lines.
known() {
    cat << 'END'
^[^:]*: .*: SIOCOUTQ 0 [0-9]+$ -- an unconnected socket still counts what its last connection left, here the gate's
^unreachable: .*: name -- where there is no way the kernel does not take a port; on the way to the gate it had to
^(refused|port 0|unreachable): shutdown first: (open|exchange): -- shut down for good: so is what comes from the tunnel
^options .*: TCP_(MAXSEG|WINDOW_CLAMP) -- the gate's; the tunnel's own where its socket takes the place
^options (not )?set: (the same|another) socket -- it is
^bound sources: .*: (another|the same) (port|address) -- the program's is bound, and the tunnel's another
^bound sources: .*: name -- likewise
^SA_RESTART and SO_SNDTIMEO: -- the kernel starts the call anew, which then finds that somebody has asked already
^closed by another thread: the thread: -- no descriptor of ours holds the socket: connect() has to end
^fork, the parent ends it: exchange: -- who never asks for the result hears the first byte up to 100 ms later
END
}

supervised_row() { # PROGRAM ARGUMENT... : its static build, through the proxy
    timeout -k 5 "${LIMIT:-30}" "$PTUNNEL_RUN" --no-rules -q -p "$PROXY" --loopback -- "$STATIC/${1##*/}-glibc" "${@:2}"
}

@test "readiness: every call, trigger, outcome and order of events" {
    need_supervised gcc
    start_proxy_that 'status 502'
    TUNNELLED=supervised_row compares -j 24 --
    nothing_came_early
}

@test "readiness: IPv6 sockets" {
    need_supervised gcc ipv6
    start_proxy_that 'status 502'
    TUNNELLED=supervised_row compares -6 -- 'poll: level*' 'epoll_wait: level*' 'select: level*' 'epoll_wait: edge*' '*: fork*'
}

@test "the probe" {
    local port explained=() line

    need_supervised gcc
    port=$(free_port)
    start_scripted --on "*:$port" 'delay 300; status 504'
    timeout 100 "$STATIC/probe-glibc" -t "$port" > "$BATS_TEST_TMPDIR/native"
    LIMIT=200 supervised_row probe -t "$port" > "$BATS_TEST_TMPDIR/through"
    while read -r line; do explained+=(-e "${line%% -- *}"); done < <(known)
    [ "$(wc -l < "$BATS_TEST_TMPDIR/through")" -gt 3000 ]
    run diff "$BATS_TEST_TMPDIR/native" "$BATS_TEST_TMPDIR/through"
    equal "$(sed -n 's/^[<>] //p' <<< "$output" | grep -vE "${explained[@]}")" ''
}
