#!/usr/bin/env bats
# The probe under AddressSanitizer, UndefinedBehaviorSanitizer and valgrind: not a word from them.
#
# takes: 100

load helpers

setup_file() {
    start_scripted
}

# The names of the probe's rows, but for some.
rows_without() { # PATTERN
    mapfile -t ROWS < <("$PROGRAMS/probe" -l | grep -vE "$1")
    [ "${#ROWS[@]}" -gt 50 ]
}

came_through() { # FILE LINES : no row was cut short, and the proxy saw them
    lacks "$(cat "$1")" 'the probe itself failed' 'ended by' 'ended with exit'
    echo "$(wc -l < "$1") lines"
    [ "$(wc -l < "$1")" -gt "$2" ]
    [ "$(grep -c '^CONNECT' "$SCRIPTED_LOG")" -gt 500 ]
}

# Left out: the sanitizer's own getpeername() reads through bad pointers, it takes the stack of a cancelled thread for an
# overflow, natively too, and a small stack is too small for it.
@test "AddressSanitizer and UndefinedBehaviorSanitizer" {
    local sanitized=$BUILD-address-undefined runtimes name options=() found
    need gcc make

    for name in libasan.so libubsan.so; do
        found=$(gcc -print-file-name="$name")
        [ -e "$found" ] || skip "needs: $name"
        runtimes+="$found "
    done
    PROXY=127.0.0.1:$SCRIPTED_PORT
    make -s -C "$ROOT" CC=gcc SANITIZE=address,undefined B="$sanitized" "$sanitized/libptunnel.so" > /dev/null
    rows_without '^peer: pointers|^(not to be )?cancelled|^small stacks'
    ! has ipv6 || options=(-6)
    for options in '' "${options[@]}"; do
        # shellcheck disable=SC2086 # one option or none
        env ASAN_OPTIONS=detect_leaks=0:log_path="$BATS_TEST_TMPDIR/asan" \
            UBSAN_OPTIONS=log_path="$BATS_TEST_TMPDIR/ubsan":print_stacktrace=1 \
            LD_PRELOAD="$runtimes$sanitized/libptunnel.so" PTUNNEL_PROXY="$PROXY" PTUNNEL_LOOPBACK=1 PTUNNEL_VERBOSE=-1 \
            timeout 90 "$PROGRAMS/probe" $options "${ROWS[@]}" > "$BATS_TEST_TMPDIR/seen" 2> "$BATS_TEST_TMPDIR/said"
        equal "$(cat "$BATS_TEST_TMPDIR"/asan.* "$BATS_TEST_TMPDIR"/ubsan.* 2> /dev/null)" ''
        equal "$(cat "$BATS_TEST_TMPDIR/said")" ''
        came_through "$BATS_TEST_TMPDIR/seen" 2000
    done
}

# Left out: what valgrind itself objects to (bad pointers, small stacks), does not let happen (limits, numbers it keeps for itself) or does in another
# way (vfork, raw forks), and what a program that is ten times slower is too late for.
@test "valgrind" {
    need valgrind

    PROXY=127.0.0.1:$SCRIPTED_PORT
    rows_without 'pointers|sizes|already|page|descriptor|limit|streams|vfork|SYS_|ranges|recycled|often|16 threads|fork in a threaded|options one|many|odd |beyond|ask for nothing|small stacks'
    LD_PRELOAD="$LIBRARY" PTUNNEL_PROXY="$PROXY" PTUNNEL_LOOPBACK=1 PTUNNEL_VERBOSE=-1 timeout 200 \
        valgrind -q --log-file="$BATS_TEST_TMPDIR/valgrind.%p" --child-silent-after-fork=no \
        --fair-sched=yes "$PROGRAMS/probe" "${ROWS[@]}" > "$BATS_TEST_TMPDIR/seen"
    equal "$(cat "$BATS_TEST_TMPDIR"/valgrind.*)" ''
    came_through "$BATS_TEST_TMPDIR/seen" 1000
}
