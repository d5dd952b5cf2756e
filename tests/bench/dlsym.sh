#!/usr/bin/env bash
# dlsym(3) of names that the library does not stand in front of: natively, and with the library; the best of five runs each. Exit
# status 1 if it takes more than LIMIT percent (110) of the native time.
#
#   tests/bench/dlsym.sh [N]      N look-ups (1000000); B: the build's folder
set -eu
cd "$(dirname "$0")/../.."
B=${B:-build}
N=${1:-1000000}
LIMIT=${LIMIT:-110}
library=$(realpath "$B/libptunnel.so")

best() { # LIBRARY
    for _ in 1 2 3 4 5; do
        LD_PRELOAD=$1 PTUNNEL_PROXY=127.0.0.1:1 "$B/bench/dlsym" "$N"
    done | sort -n | head -n 1
}

native=$(best '')
ours=$(best "$library")
printf '| dlsym(3), names of others | native | ptunnel | ratio |\n| --- | ---: | ---: | ---: |\n'
printf '| ns a call, %s calls | %s | %s | %d.%02d |\n' "$N" "$native" "$ours" $((ours / native)) $((ours * 100 / native % 100))
[ $((ours * 100)) -le $((native * LIMIT)) ]
