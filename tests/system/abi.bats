#!/usr/bin/env bats
# Other compilers, C libraries and machines: each builds without a warning, exports what that C library calls by its names, and where
# such a program can run here, it is tunnelled. tests/abi builds, into folders that are kept.

load helpers
. "$ROOT/tests/system/lib/symbols.bash"

# built NAME PACKAGE -> ABI, the folder with the library, the helpers and programs/connect
built() {
    run --separate-stderr "$ROOT/tests/abi" "$1"
    [ "$status" -ne 77 ] || skip "needs: $2"
    fails_with 0 || { echo "$stderr" && return 1; }
    equal "$(sed '/^ *CC  /d' <<< "$stderr")" ''
    ABI=$output
}

# exports_all LIBC : the library exports what preload/real.h lists, no relative of it is missing, and LIBC has all that it wants
exports_all() {
    contains "$NEWLINE$(defined "$1")$NEWLINE" "${NEWLINE}connect$NEWLINE"
    equal "$(defined "$ABI/libptunnel.so")" "$(sort "$ABI/hooked")"
    equal "$(relatives_missed "$ABI/libptunnel.so" "$1")" ''
    equal "$(comm -23 <(undefined -D "$ABI/libptunnel.so") <(defined "$1"))" ''
}

# The libc.so.6 that a compiler links with.
glibc_of() {
    $("$ROOT/tests/abi" --compiler "$1") -print-file-name=libc.so.6
}

# runs COMMAND... : the client is tunnelled, and one that the proxy refuses is told why
runs() {
    start_greeter
    start_scripted --on '203.0.113.7:7' "to 127.0.0.1:$GREETER_PORT" --on '203.0.113.9:403' 'status 403'
    run --separate-stderr timeout -k 5 60 env https_proxy="$PROXY" "$@" 203.0.113.9:403 203.0.113.7:7
    succeeds || [ "$status" -eq 1 ]
    contains "${lines[0]}" '203.0.113.9:403 EACCES, poll OUT HUP, SO_ERROR 0, recv ENOTCONN'
    equal "${lines[1]}" '203.0.113.7:7 connected, heard "hello"'
    contains "$stderr" 'ptunnel: connect[' "203.0.113.9:403 via $PROXY: 403 "
    LOG=$SCRIPTED_LOG LOGGED=0 logged 'CONNECT 203.0.113.7:7 200'
}

# waits COMMAND... : connections that are not there at once are there, for each of the calls that wait, when their tunnel is
waits() {
    start_greeter
    start_scripted --on '203.0.113.7:7' "delay 100; to 127.0.0.1:$GREETER_PORT"
    run -0 timeout -k 5 60 env https_proxy="$PROXY" "$@" 203.0.113.7 7
    equal "$output" "ppoll: hello
select: hello
pselect: hello
epoll_pwait2: ${PWAIT2:-hello}
syscall: ${PWAIT2:-hello}
recvmsg: hello
recvmmsg: hello${SOCKETCALL:+${NEWLINE}socketcall: hello}"
}

# found_by_name LIBC COMMAND... : connect() that a program finds at run time, in libc too, is in the tunnel
found_by_name() {
    local how

    for how in handle version default next; do
        run -0 timeout -k 5 60 env https_proxy="$PROXY" "${@:2}" "$how" "$1" 203.0.113.7 7
        equal "$how: $output" "$how: hello"
    done
}

# emulated QEMU ROOT : by QEMU's user emulation. It lacks SO_COOKIE, with which programs/connect compares sockets, and epoll_pwait2(2), which
# is answered as without us: the program cannot wait so. The kernel starts no such program by itself, so there is no ptunnel-run in it
# either.
emulated() {
    need "$1"
    PWAIT2='never connected' waits "$1" -L "$2" -E LD_PRELOAD="$ABI/libptunnel.so" "$ABI/programs/waits"
}

@test "clang" {
    built clang clang
    exports_all "$(glibc_of clang)"
    runs "$ABI/ptunnel-run" "$ABI/programs/connect"
    waits "$ABI/ptunnel-run" "$ABI/programs/waits"
    found_by_name libc.so.6 "$ABI/ptunnel-run" "$ABI/programs/asks"
}

@test "musl" {
    built musl musl-tools
    exports_all "$(readelf -lW "$ABI/programs/connect" | sed -n 's/.*interpreter: \(.*\)].*/\1/p')"
    runs "$ABI/ptunnel-run" "$ABI/programs/connect"
    waits "$ABI/ptunnel-run" "$ABI/programs/waits"
    found_by_name libc.so "$ABI/ptunnel-run" "$ABI/programs/asks"
}

@test "i386" {
    built i386 gcc-12-multilib
    exports_all "$(glibc_of i386)"
    runs "$ABI/ptunnel-run" "$ABI/programs/connect"
    SOCKETCALL=1 waits "$ABI/ptunnel-run" "$ABI/programs/waits"
    found_by_name libc.so.6 "$ABI/ptunnel-run" "$ABI/programs/asks"
}

@test "a stand-in for a name means the same to programs of both classes" {
    local address

    built i386 gcc-12-multilib
    start_greeter
    start_scripted --on 'name.example:7' "to 127.0.0.1:$GREETER_PORT"
    export XDG_RUNTIME_DIR=$BATS_TEST_TMPDIR
    run -0 tunnelled getent ahostsv4 name.example
    address=${output%% *}
    contains "$address" 198.1
    PTUNNEL_RUN=$ABI/ptunnel-run run -0 tunnelled "$ABI/programs/connect" "$address:7"
    equal "$output" "$address:7 connected, heard \"hello\""
}

@test "i386 programs are tunnelled by the one ptunnel-run, and start one another, if their library is installed with it" {
    local stage=$BATS_TEST_TMPDIR/stage way pair

    built i386 gcc-12-multilib
    mkdir -p "$stage/bin" "$stage/lib/ptunnel/i386"
    cp "$PTUNNEL_RUN" "$stage/bin"
    cp "$LIBRARY" "$stage/lib"
    cp "$ABI/libptunnel.so" "$stage/lib/ptunnel/i386"
    runs "$stage/bin/ptunnel-run" "$ABI/programs/connect"
    runs "$stage/bin/ptunnel-run" "$PROGRAMS/connect"
    run --separate-stderr "$stage/bin/ptunnel-run" -p "$PROXY" --strict=filter "$ABI/programs/connect" 203.0.113.9:403
    contains "$output" '203.0.113.9:403 EACCES'
    for way in execve posix_spawn system popen wordexp gone-execve vfork-execve; do
        for pair in "$PROGRAMS $ABI/programs" "$ABI/programs $PROGRAMS" "$ABI/programs $ABI/programs"; do
            run --separate-stderr timeout -k 5 60 "$stage/bin/ptunnel-run" -p "$PROXY" \
                "${pair% *}/children" "$way" "${pair#* }/connect" 203.0.113.7:7
            equal "$output$stderr" '203.0.113.7:7 connected, heard "hello"'
        done
    done
    cp "$PROGRAMS/connect" "$BATS_TEST_TMPDIR/other"
    printf '\363' | dd of="$BATS_TEST_TMPDIR/other" bs=1 seek=18 conv=notrunc status=none # RISC-V
    run "$stage/bin/ptunnel-run" -p "$PROXY" "$BATS_TEST_TMPDIR/other"
    fails_with 125
    contains "$output" 'another machine'
}

# other_libc COMMAND : ptunnel-run refuses a program of the C library that this build does not serve
other_libc() {
    run --separate-stderr "$ABI/ptunnel-run" -p 127.0.0.1:9 "$1"
    fails_with 125
    contains "$stderr" "$1" 'uses another C library' 'ptunnel -p PROXY'
}

@test "musl's build does not start glibc's programs, nor that of 32 bits musl's" {
    built musl musl-tools
    other_libc "$PROGRAMS/connect"
    built i386 gcc-12-multilib
    # shellcheck disable=SC2046 # it has options
    (cd "$ROOT" && $(tests/abi --compiler i386) -Wl,--dynamic-linker=/lib/ld-musl-i386.so.1 -D_GNU_SOURCE \
        tests/programs/connect.c -o "$BATS_TEST_TMPDIR/connect")
    other_libc "$BATS_TEST_TMPDIR/connect"
}

@test "i386, a program with 64 bits of time" {
    built i386 gcc-12-multilib
    compiler=$("$ROOT/tests/abi" --compiler i386)
    (cd "$ROOT" && $compiler -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -D_TIME_BITS=64 tests/programs/waits.c -o "$BATS_TEST_TMPDIR/waits")
    contains "$(undefined "$BATS_TEST_TMPDIR/waits")" __ppoll64 __select64 __pselect64 __epoll_pwait2_time64 __recvmsg64 \
        __recvmmsg64 __fcntl_time64 __getsockopt64 __setsockopt64
    SOCKETCALL=1 waits "$ABI/ptunnel-run" "$BATS_TEST_TMPDIR/waits"
}

@test "i386: sizes and inode numbers that do not fit into a word are no matter" {
    built i386 gcc-12-multilib
    run grep -xE 'open|stat|lstat|fstat|fstatat|statvfs|mmap|pread|ftruncate|readdir' <(undefined "$ABI/libptunnel-core.a")
    fails_with 1
}

@test "aarch64, under QEMU" {
    built aarch64 gcc-aarch64-linux-gnu
    exports_all "$(glibc_of aarch64)"
    emulated qemu-aarch64 /usr/aarch64-linux-gnu
}

@test "armhf, under QEMU" {
    built armhf gcc-arm-linux-gnueabihf
    exports_all "$(glibc_of armhf)"
    emulated qemu-arm /usr/arm-linux-gnueabihf
}
