#!/usr/bin/env bats
# A version of ptunnel is installed over another one while programs run: what outlives a process is read by both, or by
# neither. The other version here is this one, built with other numbers for its formats.

load helpers
load lib/tree

setup_file() {
    local tree=$BATS_FILE_TMPDIR/tree

    unset MAKEFLAGS MAKELEVEL MFLAGS
    start_greeter
    start_scripted --on "*:$GREETER_PORT" "to 127.0.0.1:$GREETER_PORT"
    export OTHER=$BATS_FILE_TMPDIR/other
    has "${CC:-cc}" || return 0
    copy_tree "$tree"
    sed -i 's/^#define NAMES_FORMAT .*/#define NAMES_FORMAT 3/' "$tree/preload/core/names/slots.c"
    sed -i 's/^#define CONFIG_FORMAT .*/#define CONFIG_FORMAT 2/' "$tree/include/ptunnel/config.h"
    make -s -C "$tree" build/libptunnel.so build/ptunnel-run > /dev/null
    mkdir "$OTHER"
    mv "$tree/build/libptunnel.so" "$tree/build/ptunnel-run" "$OTHER"
    rm -r "$tree"
}

setup() {
    need "${CC:-cc}"
    export XDG_RUNTIME_DIR=$BATS_TEST_TMPDIR/run
    MAP=$XDG_RUNTIME_DIR/ptunnel-names
    mkdir -m 700 "$XDG_RUNTIME_DIR"
    : > "$SCRIPTED_LOG"
}

# by LIBRARY COMMAND... : preloaded without ptunnel-run
by() {
    timeout -k 5 30 env LD_PRELOAD="$1" PTUNNEL_PROXY="$PROXY" "${@:2}"
}

# The stand-in that a library gives for a name.
stand_in() { # LIBRARY NAME
    by "$1" getent ahostsv4 "$2" | awk 'NR == 1 { print $1 }'
}

connects() { # LIBRARY ADDRESS
    run --separate-stderr by "$1" "$PROGRAMS/connect" "$2:$GREETER_PORT"
}

# One process that looks a name up and connects to it; its map may be its own.
looks_up_and_connects() { # LIBRARY NAME
    # shellcheck disable=SC2016 # the inner shell's
    run --separate-stderr by "$1" bash -c 'exec 3<> "/dev/tcp/$0/$1" && read -r -N 5 -u 3 && echo "$REPLY"' "$2" "$GREETER_PORT"
    equal "$output" hello
}

asked_for() { # NAME : and nothing else
    equal "$(grep ^CONNECT "$SCRIPTED_LOG")" "CONNECT $1:$GREETER_PORT 200"
}

OTHERS=$BATS_FILE_TMPDIR/other/libptunnel.so

@test "both versions find the formats that they write" {
    contains "$(strings -n 8 "$LIBRARY")" 'ptunnel names 2' '#ptunnel 1'
    contains "$(strings -n 8 "$OTHERS")" 'ptunnel names 3' '#ptunnel 2'
    connects "$OTHERS" "$(stand_in "$OTHERS" new.example)"
    succeeds
    asked_for new.example
    equal "$(head -n 1 "$MAP" | tr -d '\0')" 'ptunnel names 3'
}

@test "programs go on with the names that they know, and the new version has its own" {
    local old

    old=$(stand_in "$LIBRARY" old.example)
    [[ $old == 198.18.* || $old == 198.19.* ]]
    cp "$MAP" "$BATS_TEST_TMPDIR/before"
    PTUNNEL_VERBOSE=1 looks_up_and_connects "$OTHERS" new.example
    asked_for new.example
    contains "$stderr" "$MAP is in use by another version of ptunnel"
    cmp "$MAP" "$BATS_TEST_TMPDIR/before"
    : > "$SCRIPTED_LOG"
    connects "$LIBRARY" "$old"
    succeeds
    asked_for old.example
}

@test "an address of the other version means no name, and goes nowhere" {
    local old

    old=$(stand_in "$LIBRARY" old.example)
    connects "$OTHERS" "$old"
    contains "$output" "$old:$GREETER_PORT EHOSTUNREACH"
    contains "$stderr" 'no name is known that this stand-in address means'
    equal "$(cat "$SCRIPTED_LOG")" ''
}

@test "the two never give one address to two names" {
    local i names=() first second

    for ((i = 0; i < 200; i++)); do names+=("n$i.example"); done
    first=$(by "$LIBRARY" getent ahostsv4 "${names[@]}" | awk '{ print $1 }' | sort -u)
    second=$(by "$OTHERS" getent ahostsv4 "${names[@]}" 2> /dev/null | awk '{ print $1 }' | sort -u)
    equal "$(wc -l <<< "$first") $(wc -l <<< "$second")" '200 200'
    equal "$(comm -12 <(echo "$first") <(echo "$second"))" ''
}

@test "a map that nobody has used for a day is taken over" {
    stand_in "$LIBRARY" old.example
    touch -d '25 hours ago' "$MAP"
    looks_up_and_connects "$OTHERS" new.example
    equal "$stderr" ''
    equal "$(head -n 1 "$MAP" | tr -d '\0')" 'ptunnel names 3'
}

@test "what a ptunnel-run of another version handed over lets nothing out, and says what to do" {
    # a shell that was started by the old one; the library under its path is now the new one
    mkdir "$BATS_TEST_TMPDIR/installed"
    cp "$PTUNNEL_RUN" "$LIBRARY" "$BATS_TEST_TMPDIR/installed"
    # shellcheck disable=SC2016 # the inner shell's
    run --separate-stderr timeout -k 5 30 "$BATS_TEST_TMPDIR/installed/ptunnel-run" -p "$PROXY" -x 203.0.113.9 bash -c '
        cp "$1/libptunnel.so" "$2/new" && mv "$2/new" "$2/libptunnel.so"
        "$3" "203.0.113.7:$4"
        "$1/ptunnel-run" -p "$5" "$3" "203.0.113.7:$4"' - \
        "$OTHER" "$BATS_TEST_TMPDIR/installed" "$PROGRAMS/connect" "$GREETER_PORT" "$PROXY"
    succeeds
    contains "${lines[0]}" "203.0.113.7:$GREETER_PORT EACCES"
    contains "$stderr" 'PTUNNEL_CONFIG: another version of ptunnel-run has set it: start the command again; nothing is let out'
    equal "${#stderr_lines[@]}" 1
    equal "${lines[1]}" "203.0.113.7:$GREETER_PORT connected, heard \"hello\""
    asked_for 203.0.113.7
}

@test "a version with the same formats serves what the one before it started" {
    mkdir "$BATS_TEST_TMPDIR/installed"
    cp "$PTUNNEL_RUN" "$LIBRARY" "$BATS_TEST_TMPDIR/installed"
    # shellcheck disable=SC2016 # the inner shell's
    run --separate-stderr timeout -k 5 30 "$BATS_TEST_TMPDIR/installed/ptunnel-run" -p "$PROXY" bash -c '
        address=$(getent ahostsv4 kept.example | { read -r address rest; echo "$address"; })
        cp "$1" "$2/new" && mv "$2/new" "$2/libptunnel.so"
        "$3" "$address:$4"' - "$LIBRARY" "$BATS_TEST_TMPDIR/installed" "$PROGRAMS/connect" "$GREETER_PORT"
    succeeds
    asked_for kept.example
}
