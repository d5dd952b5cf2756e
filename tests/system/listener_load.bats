#!/usr/bin/env bats
# ptunnel with thousands of clients, and with few descriptors: nobody is lost, nothing is left behind, nothing is in vain.

load helpers
load lib/listener

setup_file() {
    start_http
    start_crowd
    # shellcheck disable=SC2086 # the ports that are there
    start_scripted_before ${HTTP_PORT:-} "$CROWD_PORT"
}

@test "ends and resets of 3000 clients reach the target, and leave nothing behind" {
    local before

    start_crowd
    start_scripted_before "$CROWD_PORT"
    listen_for_crowd
    "$PROGRAMS/crowd" churn "$LISTEN_PORT" 300 20 > /dev/null
    wait_until at_rest
    before=$(resident "$LISTENER")
    run "$PROGRAMS/crowd" churn "$LISTEN_PORT" 2700 20
    equal "$output" 'done 2700'
    wait_until at_rest
    grown_at_most "$before" 256
    kill "$CROWD"
    wait_until gone "$CROWD"
    contains "$(cat "$BATS_TEST_TMPDIR/crowd.out")" 'connections 3000 ends 2100 resets 900'
}

@test "5000 connections by ab leave descriptors and memory as they were" {
    local before

    need ab nginx
    listen_through scripted 4 "$HTTP_PORT"
    ab -q -n 500 -c 20 "http://127.0.0.1:$LISTEN_PORT/hello" > /dev/null
    wait_until at_rest
    before=$(resident "$LISTENER")
    run ab -q -n 5000 -c 20 "http://127.0.0.1:$LISTEN_PORT/hello"
    contains "$output" 'Complete requests:      5000' 'Failed requests:        0'
    wait_until at_rest
    grown_at_most "$before" 256
}

@test "100 idle tunnels cost no system call in five seconds" {
    need ptrace
    listen_for_crowd
    hold 100
    timeout 5 strace -f -o "$BATS_TEST_TMPDIR/calls" -p "$LISTENER" 2> /dev/null || true
    # the one that it waits in
    run cat "$BATS_TEST_TMPDIR/calls"
    [ "${#lines[@]}" -eq 1 ]
    contains "$output" epoll_wait detached
    release
}

# accept4 socket setsockopt*2 connect send epoll_ctl*2 recv; read and write each way; both ends read, one passed on; close*2
@test "a request and its answer cost 18 calls and the waiting, none of them in vain" {
    need ptrace ab nginx
    listen_through scripted 4 "$HTTP_PORT"
    ab -q -n 1 "http://127.0.0.1:$LISTEN_PORT/hello" > /dev/null
    wait_until at_rest
    spawn strace strace -e 'trace=%network,read,write,close,epoll_ctl' -o "$BATS_TEST_TMPDIR/calls" -p "$LISTENER"
    wait_until grep -qs attached "$BATS_TEST_TMPDIR/strace.out"
    ab -q -n 1 "http://127.0.0.1:$LISTEN_PORT/hello" > /dev/null
    wait_until at_rest
    kill "$SPAWNED"
    wait_until gone "$SPAWNED"
    run cat "$BATS_TEST_TMPDIR/calls"
    lacks "$output" EAGAIN
    equal "$(grep -c '(.* = ' "$BATS_TEST_TMPDIR/calls")" 18
}

@test "2000 open tunnels, all alive" {
    local before

    listen_for_crowd
    before=$(resident "$LISTENER")
    hold 2000
    [ "$(descriptors "$LISTENER")" -ge 4000 ]
    grown_at_most "$before" 1000
    release
    wait_until at_rest
}

@test "without descriptors nobody is lost and nothing spins" {
    local used

    PTUNNEL_UNDER='prlimit --nofile=64' listen_for_crowd
    hold 20
    # These wait for room: 64 descriptors are enough for 28 tunnels.
    "$PROGRAMS/crowd" churn "$LISTEN_PORT" 100 50 > "$BATS_TEST_TMPDIR/churned" 3>&- 7>&- &
    wait_until listener_has_said 'accepting no more until a tunnel ends: '
    used=$(ticks "$LISTENER")
    release
    wait_until grep -qs 'done 100' "$BATS_TEST_TMPDIR/churned"
    [ $(($(ticks "$LISTENER") - used)) -lt 100 ]
    "$PROGRAMS/crowd" churn "$LISTEN_PORT" 10 5
}

@test "with no descriptors for long, no time is used" {
    local used

    PTUNNEL_UNDER='prlimit --nofile=64' listen_for_crowd
    mkfifo "$BATS_TEST_TMPDIR/more"
    "$PROGRAMS/crowd" hold "$LISTEN_PORT" 40 < "$BATS_TEST_TMPDIR/more" > "$BATS_TEST_TMPDIR/out" 3>&- &
    exec 8> "$BATS_TEST_TMPDIR/more"
    wait_until listener_has_said 'accepting no more until a tunnel ends: '
    # who loops without need makes thousands of calls; some of the 40 may still be on their way
    run timeout 3 strace -f -c -o "$BATS_TEST_TMPDIR/calls" -p "$LISTENER"
    used=$(awk '$NF == "total" { print $3 }' "$BATS_TEST_TMPDIR/calls")
    echo "calls in three seconds: ${used:-0}"
    [ "${used:-0}" -lt 300 ]
    kill $!
    exec 8>&-
}

@test "a slow target holds its own tunnel up, and nobody else's" {
    local slow

    need nc
    slow=$(free_port)
    start_scripted --on '203.0.113.9:*' "to 127.0.0.1:$slow" --on '203.0.113.7:*' "to 127.0.0.1:$CROWD_PORT"
    mkfifo "$BATS_TEST_TMPDIR/unread"
    exec 8<> "$BATS_TEST_TMPDIR/unread"
    nc -l 127.0.0.1 "$slow" >&8 3>&- 8>&- &
    : > "$BATS_TEST_TMPDIR/pids/$!"
    wait_until listening "$slow"
    start_ptunnel -p "$PROXY" "0:203.0.113.9:$slow" "0:203.0.113.7:$CROWD_PORT"
    nc 127.0.0.1 "${LISTEN_PORTS[0]}" < /dev/zero > /dev/null 3>&- &
    : > "$BATS_TEST_TMPDIR/pids/$!"
    run timeout 20 "$PROGRAMS/crowd" churn "${LISTEN_PORTS[1]}" 100 10
    equal "$output" 'done 100'
    [ "$(resident "$LISTENER")" -lt 16384 ]
}

@test "valgrind finds nothing" {
    need valgrind
    ! grep -q __asan_init "$PTUNNEL" || skip 'needs: a build without a sanitizer'
    start_crowd
    start_scripted_before "$CROWD_PORT"
    PTUNNEL_UNDER="valgrind -q --error-exitcode=99 --leak-check=full --track-fds=yes --log-file=$BATS_TEST_TMPDIR/valgrind" \
        listen_for_crowd --grace 5
    "$PROGRAMS/crowd" churn "$LISTEN_PORT" 60 20
    "$PROGRAMS/crowd" reset "$LISTEN_PORT"
    kill "$LISTENER"
    wait_until gone "$LISTENER"
    run cat "$BATS_TEST_TMPDIR/valgrind"
    lacks "$output" 'Invalid' 'uninitialised' 'definitely lost' 'ERROR'
}
