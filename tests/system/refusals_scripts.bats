#!/usr/bin/env bats
# Scripts, env lines, links and names along PATH: what counts is the program that they lead to.

load helpers
load lib/refusals

script() { # NAME LINE...
    local file=$BATS_TEST_TMPDIR/$1

    shift
    printf '%s\n' "$@" > "$file"
    chmod 755 "$file"
}

@test "a script of the static busybox" {
    need busybox-static
    script one "#!$(command -v busybox) sh" 'echo true'
    launch "$BATS_TEST_TMPDIR/one"
    refused "$BATS_TEST_TMPDIR/one" busybox 'statically linked'
    script two "#!$BATS_TEST_TMPDIR/one"
    launch "$BATS_TEST_TMPDIR/two"
    refused "$BATS_TEST_TMPDIR/two" busybox
    launch --force "$BATS_TEST_TMPDIR/one"
    forced busybox
    equal "$output" true
}

@test "a script that env finds an interpreter for" {
    need busybox-static
    script plain '#! /usr/bin/env busybox'
    script split '#!/usr/bin/env -S busybox sh -e'
    script assign '#!/usr/bin/env -S -u LANG A=b busybox sh'
    for name in plain split assign; do
        launch "$BATS_TEST_TMPDIR/$name"
        refused "$BATS_TEST_TMPDIR/$name" busybox 'statically linked'
    done
}

@test "scripts of programs that can be reached are run" {
    need python3
    script python '#! /usr/bin/env python3' 'print("true")'
    # shellcheck disable=SC2016
    script split '#!/usr/bin/env -S A=true sh -e' 'echo $A'
    script plain '#!/bin/sh' 'echo true'
    script none 'echo true'
    for name in python split plain none; do
        launch "$BATS_TEST_TMPDIR/$name"
        succeeds
        equal "$output$stderr" true
    done
}

@test "env on the command line" {
    need busybox-static
    launch env A=b busybox true
    refused env busybox 'statically linked'
    launch env -i -S 'C=d busybox' true
    succeeds_or_refused
    launch env -u X "$(command -v busybox)" true
    refused env busybox
    # shellcheck disable=SC2016
    launch env A=true sh -c 'echo $A'
    succeeds
    equal "$output$stderr" true
}

# Without a PATH env looks in /bin and /usr/bin alone.
succeeds_or_refused() {
    if [ -x /bin/busybox ] || [ -x /usr/bin/busybox ]; then
        refused busybox
    else
        fails_with 127
    fi
}

@test "symbolic links, and names along PATH" {
    need busybox-static
    ln -s "$(command -v busybox)" "$BATS_TEST_TMPDIR/linked"
    ln -s linked "$BATS_TEST_TMPDIR/again"
    launch "$BATS_TEST_TMPDIR/again" true
    refused "$BATS_TEST_TMPDIR/again" 'statically linked'
    PATH=$BATS_TEST_TMPDIR:$PATH launch linked true
    refused linked "$BATS_TEST_TMPDIR/linked" 'statically linked'
    cd "$BATS_TEST_TMPDIR"
    launch ./linked true
    refused ./linked 'statically linked'
}

@test "the file that execvp() would take is looked at, not another of its name" {
    need busybox-static
    cd "$BATS_TEST_TMPDIR"
    mkdir -p first/thing no yes
    cp "$(command -v busybox)" "$BATS_TEST_TMPDIR/no/thing"
    chmod -x "$BATS_TEST_TMPDIR/no/thing"
    script yes/thing '#!/bin/sh' 'echo true'
    PATH=$BATS_TEST_TMPDIR/first:$BATS_TEST_TMPDIR/no:$BATS_TEST_TMPDIR/yes:$PATH launch thing
    succeeds
    equal "$output$stderr" true
    chmod +x "$BATS_TEST_TMPDIR/no/thing"
    PATH=$BATS_TEST_TMPDIR/first:$BATS_TEST_TMPDIR/no:$BATS_TEST_TMPDIR/yes:$PATH launch thing
    refused "$BATS_TEST_TMPDIR/no/thing"
}

@test "what cannot be run is the kernel's to refuse" {
    run -127 --separate-stderr "$PTUNNEL_RUN" -p "$PROXY" no-such-command-anywhere
    script nobody '#!/no/such/interpreter'
    run -127 --separate-stderr "$PTUNNEL_RUN" -p "$PROXY" "$BATS_TEST_TMPDIR/nobody"
    launch "$BATS_TEST_TMPDIR"
    fails_with 126
}
