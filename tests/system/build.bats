#!/usr/bin/env bats
# The Makefile: what a change makes again, and what it leaves alone. In a copy of the tree.

load helpers
load lib/tree

setup_file() {
    unset MAKEFLAGS MAKELEVEL MFLAGS STRICT
    export TREE=$BATS_FILE_TMPDIR/tree
    copy_tree "$TREE"
    compiled -j2 > "$BATS_FILE_TMPDIR/compiled"
}

made() {
    make --no-print-directory -C "$TREE" CFLAGS=-O0 "$@"
}

# The sources that are compiled, a line each.
compiled() {
    made "$@" | sed -n 's/^[ echo"]*CC *\([^"]*\).*/\1/p'
}

# all_sources NAME... : a list of them has every source of the library and the helpers
all_sources() {
    equal "$(sort <<< "$1")" "$(cd "$TREE" && find preload helper -name '*.c' | sort)"
}

@test "nothing has changed: nothing is made" {
    equal "$(made)" "make: Nothing to be done for 'all'."
    equal "$(made B="$TREE/build")" "make: Nothing to be done for 'all'."
}

@test "CFLAGS, CC, LDFLAGS, SANITIZE: everything is compiled again, once" {
    all_sources "$(cat "$BATS_FILE_TMPDIR/compiled")"
    equal "$(compiled)" ''
    cp -a "$TREE/build/flags" "$BATS_TEST_TMPDIR"
    all_sources "$(compiled -n CFLAGS=-O1)"
    all_sources "$(compiled -n CC='gcc -m64')"
    all_sources "$(compiled -n LDFLAGS=-Wl,-O1)"
    all_sources "$(compiled -n SANITIZE=undefined B=build)"
    all_sources "$(compiled -n)"
    cp -a "$BATS_TEST_TMPDIR/flags" "$TREE/build"
    equal "$(compiled)" ''
}

@test "VERSION, PREFIX, LIBDIR: what knows of them is compiled again" {
    made VERSION=9.8.7 > /dev/null
    equal "$("$TREE/build/ptunnel-run" -V)" 'ptunnel-run 9.8.7'
    equal "$("$TREE/build/ptunnel" -V)" 'ptunnel 9.8.7'
    contains "$(compiled PREFIX=/opt/tunnel)" helper/run/library.c
    grep -q /opt/tunnel/lib "$TREE/build/ptunnel-run"
    contains "$(compiled LIBDIR=/opt/elsewhere)" helper/run/library.c
    grep -q /opt/elsewhere "$TREE/build/ptunnel-run"
    run -0 compiled
    [ "${#lines[@]}" -lt 5 ]
}

@test "a header: what includes it is compiled again, by whatever name the folder goes" {
    touch "$TREE/helper/run/library.h"
    contains "$(compiled -n)" helper/run/library.c helper/ptunnel-run.c
    contains "$(compiled B="$TREE/build")" helper/run/library.c helper/ptunnel-run.c
    equal "$(compiled)" ''
}

@test "a source that is gone leaves the archive and the library" {
    local folder=preload/hooks

    printf 'extern int extra_core;\nint extra_core = 1;\n' > "$TREE/$(core_folder)/extra.c"
    printf 'extern int extra_hook;\nint extra_hook = 1;\n' > "$TREE/$folder/extra.c"
    made > /dev/null
    contains "$(nm "$TREE/build/libptunnel-core.a")" extra_core
    contains "$(nm "$TREE/build/libptunnel.so")" extra_hook
    rm "$TREE/$(core_folder)/extra.c" "$TREE/$folder/extra.c"
    made > /dev/null
    lacks "$(nm "$TREE/build/libptunnel-core.a")" extra_core
    lacks "$(nm "$TREE/build/libptunnel.so")" extra_hook
    equal "$(find "$TREE/build" -name 'extra*')" ''
}

# One of those whose sources are in the archive.
core_folder() {
    dirname "$(cd "$TREE" && find preload/core -name '*.c' | head -n 1)"
}

@test "a warning is an error only where STRICT=1 says so" {
    printf 'extern int warned;\nint warned(int x);\nint warned(int x)\n{\n    int unused;\n    return x;\n}\n' |
        sed '1d' > "$TREE/preload/hooks/warned.c"
    run made build/obj/preload/hooks/warned.o
    succeeds
    contains "$output" 'unused variable'
    run made STRICT=1 build/obj/preload/hooks/warned.o
    [ "$status" -ne 0 ]
    rm "$TREE/preload/hooks/warned.c"
}

@test "compile_commands.json names every source, and its commands compile" {
    need python3
    made -s compile_commands.json
    run -0 python3 - "$TREE/compile_commands.json" << 'END'
import json, shlex, subprocess, sys
entries = json.load(open(sys.argv[1]))
for entry in entries:
    print(entry["file"])
for name in "helper/run/library.c", "preload/real.c":
    entry = next(e for e in entries if e["file"] == name)
    subprocess.run(shlex.split(entry["command"]) + ["-fsyntax-only"], cwd=entry["directory"], check=True)
END
    all_sources "$output"
}

@test "make lint finds nothing" {
    need cppcheck clang-tidy shellcheck mandoc codespell
    run make --no-print-directory -s -C "$ROOT" B="$BATS_TEST_TMPDIR/build" lint
    succeeds
    equal "$output" ''
}

# Where a hook has to end in a jump the compiler does not make one by itself.
@test "without optimisation functions that are found by name in libc are in the tunnel, too" {
    local how

    start_greeter
    start_scripted --on '203.0.113.7:7' "to 127.0.0.1:$GREETER_PORT"
    for how in handle next default; do
        run --separate-stderr "$TREE/build/ptunnel-run" -p "$PROXY" "$PROGRAMS/asks" "$how" libc.so.6 203.0.113.7 7
        equal "$how: $output$stderr" "$how: hello"
    done
}

@test "print-hooked prints the replaced functions" {
    contains " $(made -s print-hooked) " ' connect ' ' __read_chk ' ' res_nsend '
}

@test "clean leaves nothing" {
    made -s compile_commands.json
    made clean > /dev/null
    equal "$(cd "$TREE" && find . -maxdepth 1 | sort | paste -sd ' ')" '. ./CHANGELOG.md ./Makefile ./helper ./include ./preload'
}
