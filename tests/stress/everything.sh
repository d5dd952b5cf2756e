#!/usr/bin/env bash
# Eight threads do everything to their sockets at random (tests/programs/stress), through 14 kinds of proxies; every byte is compared.
# Prints what was done; ends with 1 if anything was not as it is natively, or a byte came to a proxy before its answer.
#
#   tests/stress/everything.sh [KIND] [SECONDS]     KIND: plain, or what SANITIZE is: thread, address,undefined; SEED=N repeats a run
#
# Not in the minute of make check: of 24 rounds of 18 s on two processors three found something, twice that a forked child's
# epoll_wait() gave data that nobody registered, once that getpeername() told the proxy. Who mends these puts 40 below again.
#
# takes: 45
set -eu
cd "$(dirname "$0")/../.."
B=${B:-build} KIND=${1:-plain} SECONDS_ALL=${2:-36} ROUND=18
SEED=${SEED:-$RANDOM}
DIR=$(mktemp -d)
# shellcheck disable=SC2034 # lib/services.bash uses these
BUILD=$B PROGRAMS=$B/programs BATS_TEST_TMPDIR=$DIR
. tests/system/lib/services.bash

wait_until() {
    local tries

    for ((tries = 0; tries < 3000; tries++)); do
        "$@" && return 0
        sleep 0.02
    done
    echo "not in a minute: $*"
    return 1
}

finish() {
    stop_services "$DIR"
    rm -rf "$DIR"
}
trap finish EXIT

# Ports 1 to 8 open, each in its way; 9 to 14 do not.
start_proxy() { # NAME
    spawn "$1" "$B/tests/proxy" --log "$DIR/$1.log" --listen 127.0.0.1:0 --listen '[::1]:0' \
        --on '*:1' "to $TARGET" --on '*:2' "delay 20; to $TARGET" --on '*:3' "chunk 3 1; to $TARGET" --on '*:4' "join; to $TARGET" \
        --on '*:5' "interim 100; header \"X: y\"; to $TARGET" --on '*:6' "pad 3000; to $TARGET" --on '*:7' "http10; lf; to $TARGET" \
        --on '*:8' "hold; delay 200; noreason; to $TARGET" --on '*:9' 'status 502' --on '*:10' 'status 403; delay 30' --on '*:11' close \
        --on '*:12' reset --on '*:13' 'cut 7' --on '*:14' hang
    wait_until grep -qs '^listening \[' "$DIR/$1.out"
}

address() { # NAME FAMILY(4|6)
    sed -n "$([ "$2" = 4 ] && echo 's/^listening \(127.*\)/\1/p' || echo 's/^listening \(\[.*\)/\1/p')" "$DIR/$1.out"
}

# What runs the program: $B's library, or one built with a sanitizer. The library's objects and the program are one file for
# ThreadSanitizer, so that it sees both sides of a race; without dlsym(), which it calls itself before it can do anything.
RUN=("$B/programs/stress")
prepare() {
    local built=$B/stress/${KIND/,/-}

    [ "$KIND" != plain ] || { export LD_PRELOAD_OURS=$B/libptunnel.so; return; }
    make -s B="$built" SANITIZE="$KIND" "$built/libptunnel.so" "$built/programs/stress" > "$DIR/make.out" 2>&1 || { tail "$DIR/make.out"; exit 1; }
    if [ "$KIND" = thread ]; then
        # shellcheck disable=SC2046 # many words
        "${CC:-cc}" -fsanitize=thread -o "$built/stress" "$built"/obj/tests/programs/stress/*.o \
            $(find "$built/obj/preload" -name '*.o' -not -path '*/core/*' -not -name dlsym.o) "$built/libptunnel-core.a" -pthread -ldl
        RUN=("$built/stress")
        # It takes connect(2) and dup3(2) for what makes a descriptor, so that any other call in another thread would race with them.
        printf 'race_top:%s\n' '^connect$' interceptor_connect '^dup3$' interceptor_dup3 > "$DIR/suppressions"
        export TSAN_OPTIONS="exitcode=66 die_after_fork=0 suppressions=$DIR/suppressions" LD_PRELOAD_OURS=
    else
        LD_PRELOAD_OURS="$("${CC:-cc}" -print-file-name=libasan.so) $built/libptunnel.so"
        export LD_PRELOAD_OURS
    fi
}

# One round: the kind of socket that reaches a proxy differs with the proxies' family.
round() { # SEED PROXY...
    local seed=$1

    shift
    LD_PRELOAD=$LD_PRELOAD_OURS PTUNNEL_PROXY="$*" PTUNNEL_CONFIG=$'#ptunnel 1\ntimeout 6\nattempt 3' PTUNNEL_VERBOSE=-1 \
        timeout -s ABRT $((ROUND + 60)) "${RUN[@]}" "$ROUND" "$seed"
}

prepare
spawn target "$B/programs/stress" target
wait_until grep -qs ^listening "$DIR/target.out"
TARGET=127.0.0.1:$(sed -n 's/^listening //p' "$DIR/target.out")
start_proxy one
start_proxy other
bad=0
for ((done_for = 0; done_for < SECONDS_ALL; done_for += ROUND, SEED++)); do
    case $((SEED % 3)) in
    0) proxies=("$(address one 4)") ;;
    1) proxies=("$(address one 6)") ;;
    2) proxies=("$(address one 4)" "$(address other 6)") ;;
    esac
    round "$SEED" "${proxies[@]}" || { bad=1; echo "seed $SEED: ended with $?"; }
done
if grep -h ^EARLY "$DIR"/*.log; then
    bad=1
fi
echo "done: $KIND, $SECONDS_ALL s, $(cat "$DIR"/*.log | grep -c ^CONNECT) CONNECTs"
exit $bad
