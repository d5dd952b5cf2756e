#!/usr/bin/env bash
# What takes too long for `make check`: ptunnel with 1 GiB each way at once, 100,000 connections, 5,000 open tunnels.
# Prints what it measured; ends with 1 if something is not as it was or not what was sent.
#
# takes: 240
set -eu
cd "$(dirname "$0")/../.."
B=${B:-build}
DIR=$(mktemp -d)
PIDS=()
BAD=0
# shellcheck disable=SC2034 # lib/listener.bash and lib/services.bash use these
BUILD=$B PROGRAMS=$B/programs BATS_TEST_TMPDIR=$DIR
. tests/system/lib/services.bash
. tests/system/lib/listener.bash

wait_until() {
    local i

    for ((i = 0; i < 3000; i++)); do
        "$@" && return 0
        sleep 0.02
    done
    echo "not in a minute: $*"
    return 1
}

finish() {
    stop_services "$DIR"
    for pid in "${PIDS[@]}"; do
        kill "$pid" 2> /dev/null || true
    done
    rm -rf "$DIR"
}
trap finish EXIT

start_proxy() { # [--on PATTERN ACTIONS]...
    : > "$DIR/proxy.out"
    spawn proxy "$B/tests/proxy" --listen 127.0.0.1:0 "$@"
    wait_until grep -qs ^listening "$DIR/proxy.out"
    PROXY=$(sed -n 's/^listening //p' "$DIR/proxy.out")
}

check() { # WHAT COMMAND...
    local what=$1

    shift
    if "$@"; then
        echo "ok      $what"
    else
        echo "NOT OK  $what"
        BAD=1
    fi
}

one_gigabyte_each_way() {
    local port there

    random 1 | tee >(sha256sum > "$DIR/sent-there") | "$PROGRAMS/crowd" wait 2> "$DIR/waits" |
        sha256sum > "$DIR/heard-there" &
    there=$!
    wait_until grep -qs listening "$DIR/waits"
    port=$(sed -n 's/^listening //p' "$DIR/waits")
    start_proxy
    start_ptunnel -p "$PROXY" "0:127.0.0.1:$port"
    time random 2 | tee >(sha256sum > "$DIR/sent-here") | "$PROGRAMS/crowd" pipe "$LISTEN_PORT" |
        sha256sum > "$DIR/heard-here"
    wait "$there"
    wait_until test -s "$DIR/sent-there"
    wait_until test -s "$DIR/sent-here"
    check "1 GiB from the target: $(cat "$DIR/sent-there")" cmp "$DIR/sent-there" "$DIR/heard-here"
    check "1 GiB to the target: $(cat "$DIR/sent-here")" cmp "$DIR/sent-here" "$DIR/heard-there"
    echo "CPU of ptunnel: $(ticks "$LISTENER") hundredths of a second"
    stop_services "$DIR"
}

random() { # SEED: 1 GiB, the same each time
    openssl enc -aes-128-ctr -nosalt -pass "pass:$1" -md sha256 < /dev/zero 2> /dev/null | head -c 1073741824
}

hundred_thousand_connections() {
    local before

    start_crowd
    start_proxy
    start_ptunnel -p "$PROXY" "0:127.0.0.1:$CROWD_PORT"
    "$PROGRAMS/crowd" churn "$LISTEN_PORT" 1000 50 > /dev/null
    wait_until at_rest
    before=$(resident "$LISTENER")
    time "$PROGRAMS/crowd" churn "$LISTEN_PORT" 99000 50
    check '100,000 connections: descriptors as before' wait_until at_rest
    check "100,000 connections: $before KiB before, $(resident "$LISTENER") KiB now" grown_at_most "$before" 256
    stop_services "$DIR"
}

five_thousand_tunnels() {
    local before held holder

    start_crowd
    start_proxy
    start_ptunnel -p "$PROXY" "0:127.0.0.1:$CROWD_PORT"
    before=$(resident "$LISTENER")
    mkfifo "$DIR/hold"
    "$PROGRAMS/crowd" hold "$LISTEN_PORT" 5000 < "$DIR/hold" > "$DIR/held" &
    holder=$!
    PIDS+=("$holder")
    exec 7> "$DIR/hold"
    wait_until grep -qs 'open 5000' "$DIR/held"
    held=$(resident "$LISTENER")
    echo "5,000 open tunnels: $(descriptors "$LISTENER") descriptors, $(((held - before) * 1024 / 5000)) bytes each"
    check '5,000 open tunnels: at most 512 bytes each' grown_at_most "$before" 2500
    exec 7>&-
    check 'and each was alive to the end' wait "$holder"
    check 'and its descriptors are closed' wait_until at_rest
    stop_services "$DIR"
}

one_gigabyte_each_way
hundred_thousand_connections
five_thousand_tunnels
exit "$BAD"
