#!/usr/bin/env bats
# What the library exports and what it asks of libc: told from its symbols.

load helpers
. "$ROOT/tests/system/lib/symbols.bash"

setup() {
    need nm
}

# The replaced functions, as preload/real.h lists them for this C library.
replaced() {
    sort "$BUILD/hooked"
}

@test "the library exports exactly the replaced functions" {
    local list

    list=$(replaced)
    contains "$NEWLINE$list$NEWLINE" "${NEWLINE}connect$NEWLINE"
    equal "$(defined "$LIBRARY")" "$list"
}

@test "a relative of a replaced function is replaced, too: fortified, with other underscores, or with wider offsets" {
    local libc

    need gcc
    libc=$(gcc -print-file-name=libc.so.6)
    contains "$NEWLINE$(defined "$libc")$NEWLINE" "${NEWLINE}connect$NEWLINE"
    equal "$(relatives_missed "$LIBRARY" "$libc")" ''
}

@test "the core calls no function that the library replaces" {
    local archives

    mapfile -t archives < <(find "$BUILD" -maxdepth 1 -name '*.a')
    equal "${#archives[@]}" 1
    contains "$(undefined "${archives[@]}")" memcpy
    equal "$(comm -12 <(undefined "${archives[@]}") <(replaced))" ''
}

@test "the core waits, sends and receives by the table it is handed" {
    local archives

    mapfile -t archives < <(find "$BUILD" -maxdepth 1 -name '*.a')
    run grep -xE '(__)?(connect|poll|ppoll|select|send|sendto|sendmsg|recv|recvfrom|recvmsg|read|write|close|getsockopt|setsockopt|fcntl|dup2|epoll_ctl|epoll_wait|shutdown)' \
        <(undefined "${archives[@]}")
    fails_with 1
}

@test "the library allocates nothing and uses no streams, but for what freeaddrinfo() frees" {
    run grep -xE 'malloc|calloc|realloc|v?asprintf|getline|f?printf|vf?printf|snprintf|vsnprintf|f?puts|fopen|fdopen|std(in|out|err)|exit|_exit|abort|__assert_fail|pthread_atfork|__register_atfork' \
        <(undefined -D "$LIBRARY")
    fails_with 1
    mapfile -t objects < <(find "$BUILD/obj/preload" -name '*.o' ! -name addrinfo.o)
    run grep -xE 'free|strdup' <(undefined "${objects[@]}")
    fails_with 1
}

# A dynamic program of musl's, and musl itself: the loader that the program names.
musl_program() {
    need musl-gcc readelf
    musl-gcc -D_GNU_SOURCE -o "$BATS_TEST_TMPDIR/connect" "$ROOT/tests/programs/connect.c"
    MUSL=$(readelf -lW "$BATS_TEST_TMPDIR/connect" | sed -n 's/.*interpreter: \(.*\)].*/\1/p')
}

@test "every function that the library calls is in musl too" {
    local defined

    musl_program
    defined=$(nm -P -D --defined-only "$MUSL" | cut -d ' ' -f 1 | sort -u)
    contains "$NEWLINE$defined$NEWLINE" "${NEWLINE}connect$NEWLINE"
    equal "$(comm -23 <(undefined -D "$LIBRARY") <(echo "$defined"))" ''
}

@test "the library needs no other library than libc" {
    need readelf
    equal "$(readelf -dW "$LIBRARY" | sed -n 's/.*NEEDED.*\[\(.*\)]/\1/p')" libc.so.6
}

@test "a musl program runs under the library" {
    musl_program
    start_greeter
    start_scripted --on '203.0.113.7:7' "to 127.0.0.1:$GREETER_PORT" --on '203.0.113.9:403' 'status 403'
    run --separate-stderr tunnelled "$BATS_TEST_TMPDIR/connect" 203.0.113.9:403 203.0.113.7:7
    equal "${lines[1]}" '203.0.113.7:7 connected, heard "hello"'
    contains "${lines[0]}" '203.0.113.9:403 EACCES, poll OUT HUP, SO_ERROR 0, recv ENOTCONN'
    contains "$stderr" 'ptunnel: connect[' "203.0.113.9:403 via $PROXY: 403 "
}
