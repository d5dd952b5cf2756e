#!/usr/bin/env bash
# What takes too long for `make check`: a storm of eight threads, static, under the supervisor for five minutes; then a Go program
# that dials 300 at once, 1,000 times. Ends with 1 if a connection was lost, or the supervisor.
#
# takes: 540
set -eu
cd "$(dirname "$0")/../.."
B=${B:-build}
DIR=$(mktemp -d)
# shellcheck disable=SC2034 # lib/services.bash uses it
BATS_TEST_TMPDIR=$DIR
. tests/system/lib/services.bash
trap 'stop_services "$DIR"; rm -rf "$DIR"' EXIT

wait_until() {
    until "$@"; do sleep 0.02; done
}

: > "$DIR/greeter.out"
spawn greeter "$B/programs/greeter"
wait_until grep -qs . "$DIR/greeter.out"
greeter=$(sed -n 's/.*[ :]\([0-9][0-9]*\)$/\1/p' "$DIR/greeter.out" | head -n 1)
: > "$DIR/proxy.out"
spawn proxy "$B/tests/proxy" --listen 127.0.0.1:0 --on '*:99' 'status 403' --on '*:98' reset --on '*:200' "delay 200; to 127.0.0.1:$greeter" \
    --on '*' "to 127.0.0.1:$greeter"
wait_until grep -qs ^listening "$DIR/proxy.out"
run=("$B/ptunnel-run" -q --no-rules -p "$(sed -n 's/^listening //p' "$DIR/proxy.out")")

gcc -O1 -w -std=gnu11 -D_GNU_SOURCE -Iinclude -static -pthread -o "$DIR/storm" tests/programs/storm.c
timeout 400 "${run[@]}" "$DIR/storm" 300 1 203.0.113.7 7 99 98 200

env CGO_ENABLED=0 GO111MODULE=off GOTOOLCHAIN=local GOCACHE="$PWD/$B/go" go build -o "$DIR/go" tests/programs/supervised/main.go
# shellcheck disable=SC2016 # the command's
timeout 400 "${run[@]}" "$(command -v busybox)" sh -c \
    'i=0; while [ $i -lt 1000 ]; do set -- "$1" $("$1" many 203.0.113.7:7 300); [ "$2" = 300 ] || exit 1; i=$((i + 1)); done; echo done $i' sh "$DIR/go"
