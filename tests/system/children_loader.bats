#!/usr/bin/env bats
# What a child's loader does with LD_PRELOAD is what counts: whatever stands in the environment, the child is preloaded, or with
# --strict=filter not started.

load helpers

setup_file() {
    start_greeter
    start_scripted_before 7 "$GREETER_PORT" --on '203.0.113.8:*' "to 127.0.0.1:$GREETER_PORT"
    CONNECT=$PROGRAMS/connect
    CHILDREN=$PROGRAMS/children
    export CONNECT CHILDREN
}

CONNECTED='203.0.113.8:7 connected, heard "hello"'

launch() {
    run --separate-stderr timeout -k 5 30 "$PTUNNEL_RUN" -p "$PROXY" "$@"
}

tunnels() {
    grep -c '^CONNECT 203.0.113.8:7 ' "$SCRIPTED_LOG" || true
}

# reached COMMAND... : the connection went through the proxy, and nobody complained
reached() {
    local before

    before=$(tunnels)
    launch "$@"
    succeeds
    equal "$output$stderr" "$CONNECTED"
    equal "$(tunnels)" $((before + 1))
}

# compiled NAME [FLAG]... : tests/programs/connect.c in another way
compiled() {
    gcc -D_GNU_SOURCE -O1 "${@:2}" -o "$BATS_TEST_TMPDIR/$1" "$ROOT/tests/programs/connect.c" 2> "$BATS_TEST_TMPDIR/log"
}

@test "each call that starts a program, with each broken environment" {
    local kind way

    for kind in $("$CHILDREN" --broken); do
        for way in $("$CHILDREN"); do
            [ "$kind" != emptied- ] || continue
            reached "$CHILDREN" "$kind$way" "$CONNECT" 203.0.113.8:7
        done
    done
}

@test "each broken environment in a child of vfork(), and with --strict=filter" {
    local kind

    for kind in $("$CHILDREN" --broken); do
        [ "$kind" != emptied- ] || continue
        reached "$CHILDREN" "${kind}vfork-execve" "$CONNECT" 203.0.113.8:7
        reached --strict=filter "$CHILDREN" "${kind}posix_spawn" "$CONNECT" 203.0.113.8:7
        reached --strict=filter "$CHILDREN" "${kind}system" "$CONNECT" 203.0.113.8:7
    done
}

@test "LD_PRELOAD stands once in the child's environment, as its loader would take it" {
    local print

    print=$(command -v printenv)
    launch "$CHILDREN" around-execve "$print" LD_PRELOAD
    equal "$output" "$LIBRARY:libm.so.6"
    launch "$CHILDREN" twice-execve "$print" LD_PRELOAD
    equal "$output" "$LIBRARY"
    launch "$CHILDREN" bare-execve "$print" LD_PRELOAD
    equal "$output" "$LIBRARY"
    launch env -i "LD_PRELOAD=libm.so.6 ${LIBRARY%/*}/./libptunnel.so" "$print" LD_PRELOAD
    equal "$output" "libm.so.6 ${LIBRARY%/*}/./libptunnel.so"
}

@test "words in front of ptunnel-run that only look like the library" {
    local word

    for word in libptunnel.so /no/such/libptunnel.so "${LIBRARY%/*}/./libptunnel.so" libptunnel.so:libm.so.6; do
        run --separate-stderr env "LD_PRELOAD=$word" "$PTUNNEL_RUN" -p "$PROXY" --strict=filter "$CONNECT" 203.0.113.8:7
        equal "$output" "$CONNECTED"
        lacks "$stderr" "$CONNECT"
    done
}

@test "the library alone, found by a relative path: the children of another folder have it, too" {
    run --separate-stderr env -C "${LIBRARY%/*}" LD_PRELOAD=./libptunnel.so PTUNNEL_PROXY="$PROXY" \
        env -C / env -i "$CONNECT" 203.0.113.8:7
    equal "$output$stderr" "$CONNECTED"
}

@test "many variables: on the least stack, in children of vfork(), and in a program with threads" {
    local how

    for how in spawn spawnp vfork threads; do
        launch "$PROGRAMS/many" "$how" 1500
        succeeds
        equal "${lines[-1]}$stderr" 'done'
    done
    equal "${lines[0]}" 0 # the program's own variables are still there
}

@test "AddressSanitizer: its runtime comes first, for those that need it alone" {
    local runtime

    compiled asan -fsanitize=address || skip 'needs: libasan'
    export ASAN_OPTIONS=detect_leaks=0
    reached "$BATS_TEST_TMPDIR/asan" 203.0.113.8:7
    reached sh -c "exec '$BATS_TEST_TMPDIR/asan' 203.0.113.8:7"
    reached "$CHILDREN" execve "$BATS_TEST_TMPDIR/asan" 203.0.113.8:7
    reached "$CHILDREN" system "$BATS_TEST_TMPDIR/asan" 203.0.113.8:7
    runtime=$(gcc -print-file-name=libasan.so)
    runtime=$(readlink -f "$runtime")
    reached env "LD_PRELOAD=$runtime" "$CONNECT" 203.0.113.8:7
    gcc -fsanitize=address -D_GNU_SOURCE -o "$BATS_TEST_TMPDIR/parent" "$ROOT/tests/programs/children.c"
    launch "$BATS_TEST_TMPDIR/parent" execve "$(command -v printenv)" LD_PRELOAD
    equal "$output" "$LIBRARY"
    reached "$BATS_TEST_TMPDIR/parent" system "$CONNECT" 203.0.113.8:7
    reached "$BATS_TEST_TMPDIR/parent" execve "$BATS_TEST_TMPDIR/asan" 203.0.113.8:7
}

# --- the loader called by hand ---

loader_of() {
    readelf -l "$1" | sed -n 's/.*interpreter: \(.*\)\]/\1/p'
}

@test "the loader called by hand" {
    local loader

    loader=$(loader_of "$CONNECT")
    reached "$loader" "$CONNECT" 203.0.113.8:7
    reached --strict=filter "$loader" --argv0 other --inhibit-cache --preload libm.so.6 "$CONNECT" 203.0.113.8:7
    reached --strict=filter sh -c "exec '$loader' '$CONNECT' 203.0.113.8:7"
    reached --strict=filter "$CHILDREN" execve "$loader" "$CONNECT" 203.0.113.8:7
}

@test "the loader called by hand with what is static" {
    local loader

    need busybox-static
    loader=$(loader_of "$CONNECT")
    launch --no-supervise "$loader" "$(command -v busybox)" echo ran
    fails_with 125
    contains "$stderr" 'statically linked'
}

@test "musl's loader called by hand; its --preload would be instead of ours" {
    need musl-gcc
    musl-gcc -D_GNU_SOURCE -O1 -o "$BATS_TEST_TMPDIR/musl" "$ROOT/tests/programs/connect.c" || skip 'needs: musl'
    loader=$(loader_of "$BATS_TEST_TMPDIR/musl")
    reached "$loader" "$BATS_TEST_TMPDIR/musl" 203.0.113.8:7
    reached "$loader" --argv0=other -- "$BATS_TEST_TMPDIR/musl" 203.0.113.8:7
    launch "$loader" --preload "" "$BATS_TEST_TMPDIR/musl" 203.0.113.8:7
    fails_with 125
}

@test "a static program that starts others: what it starts is tunnelled, and that is said" {
    need busybox-static
    launch --no-supervise busybox sh -c "'$CONNECT' 203.0.113.8:7"
    fails_with 125
    contains "$stderr" 'what it starts is tunnelled' '--force'
    launch --no-supervise --force -q busybox sh -c "'$CONNECT' 203.0.113.8:7"
    equal "$output$stderr" "$CONNECTED"
    launch --no-supervise sh -c "busybox sh -c \"'$CONNECT' 203.0.113.8:7\""
    equal "$output" "$CONNECTED"
    contains "$stderr" 'its own connections do not go through the proxy, those of what it starts do'
    launch sh -c "busybox sh -c \"'$CONNECT' 203.0.113.8:7\"" # supervised
    equal "$output$stderr" "$CONNECTED"
}

# --- system calls of their own ---

# refused REASON : as the command without a supervisor, and with --strict=filter as a child
refused() {
    launch --no-supervise "$BATS_TEST_TMPDIR/own" 203.0.113.8:7
    fails_with 125
    contains "$stderr" "$1" 'let a listener connect for it'
    launch --strict=filter sh -c "'$BATS_TEST_TMPDIR/own' 203.0.113.8:7"
    fails_with 126
    contains "$stderr" "$1" "it is not started, as 'children refuse' says"
}

@test "programs with system calls of their own are refused, though they are dynamic: Free Pascal, Bun, liburing" {
    local section

    for section in .fpcdata .bun .bun_builtins; do
        compiled own -include /dev/stdin <<< "__attribute__((section(\"$section\"), used)) char mark[] = \"FPC 3.2.2\";"
        strip "$BATS_TEST_TMPDIR/own"
        refused "$([ "$section" = .fpcdata ] && echo 'Free Pascal' || echo 'Bun')"
    done
    gcc -shared -x c -Wl,-soname,liburing.so.2 -o "$BATS_TEST_TMPDIR/liburing.so.2" - <<< 'int uring;'
    compiled own -Wl,--no-as-needed "$BATS_TEST_TMPDIR/liburing.so.2" -Wl,-rpath,"$BATS_TEST_TMPDIR"
    refused liburing
}

@test "a command that is not there is not found, as shells say" {
    launch no-such-command
    fails_with 127
    equal "$stderr" 'ptunnel-run: no-such-command: command not found'
    launch /no/such/command
    fails_with 127
    contains "$stderr" 'No such file or directory'
}
