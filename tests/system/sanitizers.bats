#!/usr/bin/env bats
# Eight threads do everything at random (tests/programs/storm) under ThreadSanitizer, AddressSanitizer, valgrind, and with none.
# The seed is printed; SEED=N repeats a run.
#
# takes: 100

load helpers

setup_file() {
    start_targets
    TARGET=127.0.0.1:$(port accept)
    start_scripted --on '*:2' "delay 30; to $TARGET" --on '*:3' 'status 502' --on '*:4' hang --on '*:5' reset \
        --on '*:6' "chunk 3 1; to $TARGET" --on '*' "to $TARGET"
    SEED=${SEED:-$RANDOM}
    export SEED
}

STORM=("127.0.0.1" 1 2 3 4 5 6)

# What is asserted of each run: it ends well, and no byte came to the proxy before its answer.
calm() {
    echo "# $output" >&3
    succeeds
    contains "$output" "seed $SEED:"
    run grep -c ^EARLY "$SCRIPTED_LOG"
    equal "$output" 0
}

# A build of its own, where the compiler has the sanitizer.
built_with() { # SANITIZERS [TARGET...]
    local kind=$1

    echo 'int main(void) { return 0; }' > "$BATS_TEST_TMPDIR/empty.c"
    "${CC:-cc}" -fsanitize="$kind" -o "$BATS_TEST_TMPDIR/empty" "$BATS_TEST_TMPDIR/empty.c" 2> /dev/null &&
        "$BATS_TEST_TMPDIR/empty" || skip "needs: -fsanitize=$kind"
    SANITIZED=$BATS_FILE_TMPDIR/${kind/,/-}
    make -s -C "$ROOT" B="$SANITIZED" SANITIZE="$kind" "$SANITIZED/libptunnel.so" "${@:2}" > "$BATS_TEST_TMPDIR/make.out" 2>&1 || {
        tail -n 20 "$BATS_TEST_TMPDIR/make.out"
        return 1
    }
}

@test "a storm" {
    run timeout 60 "$PTUNNEL_RUN" -q --timeout 2 -p "$PROXY" --loopback -- "$PROGRAMS/storm" 5 "$SEED" "${STORM[@]}"
    calm
}

# A short time-out, or a thread that asks for a hanging connection's error again and again waits for a minute.
environment() {
    export PTUNNEL_PROXY=http://$PROXY PTUNNEL_CONFIG=$'#ptunnel 1\ntimeout 2' PTUNNEL_LOOPBACK=1 PTUNNEL_VERBOSE=-1
}

# The library's objects and the program in one file: so the sanitizer sees both sides of a race.
@test "a storm under ThreadSanitizer" {
    need make
    built_with thread "$BATS_FILE_TMPDIR/thread/obj/tests/programs/storm.o"
    local linked=$BATS_TEST_TMPDIR/storm objects

    mapfile -t objects < <(find "$SANITIZED/obj/preload" -name '*.o' -not -path '*/core/*' -not -name dlsym.o)
    "${CC:-cc}" -fsanitize=thread -o "$linked" "$SANITIZED/obj/tests/programs/storm.o" "${objects[@]}" \
        "$SANITIZED/libptunnel-core.a" -pthread -ldl
    # It takes connect(2) and dup3(2) for what makes a descriptor, so that any other call in another thread would race with them.
    printf 'race_top:%s\n' '^connect$' interceptor_connect '^dup3$' interceptor_dup3 > "$BATS_TEST_TMPDIR/suppressions"
    environment
    TSAN_OPTIONS="suppressions=$BATS_TEST_TMPDIR/suppressions exitcode=66" \
        run timeout 100 "$linked" 12 "$SEED" "${STORM[@]}"
    calm
}

@test "a storm under AddressSanitizer and UBSan" {
    need make
    built_with address,undefined
    local asan

    asan=$("${CC:-cc}" -print-file-name=libasan.so)
    [ -e "$asan" ] || skip "needs: a shared libasan"
    environment
    LD_PRELOAD="$asan $SANITIZED/libptunnel.so" run timeout 100 "$PROGRAMS/storm" 8 "$SEED" "${STORM[@]}"
    calm
}

@test "a storm under valgrind" {
    need valgrind
    environment
    LD_PRELOAD="$LIBRARY" run timeout 100 valgrind -q --error-exitcode=66 --fair-sched=yes "$PROGRAMS/storm" 8 "$SEED" \
        "${STORM[@]}"
    calm
}
