#!/usr/bin/env bats
# `make demo`, the first command of the README: it works, it says what it waits for in vain, and leaves nothing behind.

load helpers

# Every shell that may be the /bin/sh of a machine, as words.
shells() {
    local shell

    for shell in dash bash 'busybox sh'; do
        ! command -v "${shell%% *}" > /dev/null || echo "$shell"
    done
}

# A build folder with the real things, but for FILE, which is a script with these lines.
build_with() { # FILE LINE...
    FAKE=$BATS_TEST_TMPDIR/build
    rm -rf "$FAKE"
    mkdir -p "$FAKE/programs" "$FAKE/tests"
    ln -s "$BUILD"/programs/demo "$FAKE/programs"
    ln -s "$BUILD"/tests/proxy "$FAKE/tests"
    ln -s "$BUILD"/ptunnel-run "$BUILD"/libptunnel.so "$FAKE"
    rm "$FAKE/$1"
    printf '%s\n' '#!/bin/sh' "${@:2}" > "$FAKE/$1"
    chmod +x "$FAKE/$1"
}

# start_demo SHELL BUILD [SECONDS]: in a session of its own, with signals as at a terminal; its pid is $SPAWNED
start_demo() {
    local shell

    read -ra shell <<< "$1"
    mkdir -p "$BATS_TEST_TMPDIR/tmp"
    : > "$BATS_TEST_TMPDIR/demo.out"
    spawn demo env --default-signal=INT TMPDIR="$BATS_TEST_TMPDIR/tmp" setsid "${shell[@]}" "$ROOT/tests/demo" "${@:2}"
}

# The processes of a session.
session() { # PID
    local stat line fields

    for stat in /proc/[0-9]*/stat; do
        { read -r line < "$stat"; } 2> /dev/null || continue
        read -ra fields <<< "${line##*) }" # state, parent, group, session
        [ "${fields[3]}" != "$1" ] || echo "$line"
    done
}

# ended STATUS: the demo did, with that, and left no process and no folder
ended() {
    local status=0

    wait "$SPAWNED" || status=$?
    rm "$BATS_TEST_TMPDIR/pids/$SPAWNED"
    fails_with "$1" || {
        said
        return 1
    }
    equal "$(session "$SPAWNED")" ''
    equal "$(ls -A "$BATS_TEST_TMPDIR/tmp")" ''
}

said() {
    cat "$BATS_TEST_TMPDIR/demo.out"
}

has_said() { # TEXT
    grep -qF -- "$1" "$BATS_TEST_TMPDIR/demo.out"
}

@test "it works in every shell, whatever the settings of whoever tries it" {
    local shell

    echo 'direct *' > "$BATS_TEST_TMPDIR/rules"
    export no_proxy='*' PTUNNEL_PROXY=127.0.0.1:1 PTUNNEL_RULES=$BATS_TEST_TMPDIR/rules
    while read -r shell; do
        start_demo "$shell" "$BUILD"
        ended 0
        contains "$(said)" 'client:  connect: Connection refused' 'hello, this is the target speaking' \
            'client:  connect: Permission denied' 'its own socket went through the proxy'
    done < <(shells)
}

@test "it gives up what takes too long, and says in one line what that was" {
    local shell hang='exec sleep 600' row

    while read -r shell; do
        for row in 'tests/proxy: the proxy' 'ptunnel-run: the client that goes through the proxy'; do
            build_with "${row%%: *}" "$hang"
            start_demo "$shell" "$FAKE" 1
            ended 1
            equal "$(said | grep -v '^target\|^proxy\|^client\|^ \|^[123]\.\|^$')" \
                "demo: gave up after 1 seconds of waiting for ${row#*: }"
        done
    done < <(shells)
}

@test "it fails at once when something does not start" {
    build_with tests/proxy 'exit 1'
    start_demo sh "$FAKE" 600
    ended 1
    equal "$(said | tail -n 1)" 'demo: the proxy did not start'
}

@test "it leaves nothing behind when it is interrupted" {
    local shell row

    build_with ptunnel-run 'exec sleep 600'
    while read -r shell; do
        for row in INT:130 TERM:143 HUP:129; do
            start_demo "$shell" "$FAKE" 600
            wait_until has_said '2. The same program'
            kill "-${row%:*}" -- "-$SPAWNED"
            ended "${row#*:}"
        done
    done < <(shells)
}
