#!/usr/bin/env bats
# An honest guest: the process is as it was, its descriptor 2 is its own, and what a proxy says is data.

# shellcheck disable=SC2030,SC2031,SC2154 # bats: a test is a subshell, and `run` sets variables

load helpers

setup_file() {
    start_greeter
    start_scripted_before "$GREETER_PORT" --on '*:403' 'status 403' \
        --on '*:407' 'status 407; header "Proxy-Authenticate: NTLM"; header "Proxy-Authenticate: Negotiate"' \
        --on '*:1027' 'status 403 No\x1b[2Jthing\x07' --on '*:502' 'status 502'
}

setup() {
    PROXY=127.0.0.1:$SCRIPTED_PORT
}

guest() { # ACT [FILE] : at a target that is refused
    tunnelled "$PROGRAMS/guest" "$1" 203.0.113.7:502 "${@:2}"
}

# Natively the greeter is at 127.0.0.1.
same_as_native() { # ACT
    local native seen

    native=$(timeout 30 "$PROGRAMS/guest" "$1" "127.0.0.1:$GREETER_PORT" 2>&1 | tr '\n\0' '\r\n')
    seen=$(tunnelled "$PROGRAMS/guest" "$1" "203.0.113.7:$GREETER_PORT" 2>&1 | tr '\n\0' '\r\n')
    contains "$native" 'connect: 0'
    equal "$(diff <(echo "$native") <(echo "$seen") | grep '^[<>]' | grep -vE "${2:-^$}")" ''
}

@test "descriptors, threads, signals, limits: the same before and after, with and without us" {
    same_as_native process
}

@test "the same through a proxy that refuses" {
    run --separate-stderr guest process
    succeeds
    contains "$output" 'connect: Connection refused'
    equal "$(uniq <<< "$output" | sed 's/^connect: .*/--/' | awk '/^--/ { n++; next } { text[n] = text[n] $0 "\n" }
        END { print n, text[""] == text[1], text[1] == text[2] }')" '2 1 1'
}

@test "children: their environment differs by what was handed over, and by nothing else" {
    same_as_native children '^> (LD_PRELOAD|PTUNNEL_[A-Z]+)='
}

@test "nothing is ever written to stdout" {
    run --separate-stderr tunnelled "$PROGRAMS/guest" file 203.0.113.7:502 "$BATS_TEST_TMPDIR/none"
    equal "$output" "connect: Connection refused${NEWLINE}0 bytes"
    run --separate-stderr timeout 30 "$PTUNNEL_RUN" -vvv -p "$PROXY" "$PROGRAMS/guest" secure 203.0.113.7:502
    equal "$output" "AT_SECURE 0${NEWLINE}connect: Connection refused"
    contains "$stderr" '203.0.113.7:502'
}

@test "a file that became descriptor 2 is not written to" {
    run --separate-stderr guest file "$BATS_TEST_TMPDIR/database"
    equal "$output" "connect: Connection refused${NEWLINE}0 bytes"
    equal "$stderr" ''
}

@test "a socket that became descriptor 2 is not written to" {
    run --separate-stderr guest socket
    equal "$output" "connect: Connection refused${NEWLINE}0 bytes"
}

@test "the connecting socket itself as descriptor 2" {
    run --separate-stderr guest tunnel
    equal "$output" "connect: Connection refused${NEWLINE}connect: Connection refused"
    lacks "$(cat "$SCRIPTED_LOG")" EARLY
}

@test "no descriptor 2: none is made" {
    run guest closed
    equal "$output" "connect: Connection refused${NEWLINE}2 is closed"
}

@test "a full pipe as descriptor 2 does not stop the program" {
    run guest full
    equal "$output" "connect: Connection refused${NEWLINE}at once"
}

@test "a pipe that nobody reads raises no SIGPIPE" {
    run guest broken
    succeeds
    equal "$output" "connect: Connection refused${NEWLINE}alive, SIGPIPE is not pending"
}

refused_line() { # PORT : what is said on stderr
    run --separate-stderr timeout 30 "$PTUNNEL_RUN" -p "$PROXY" "$PROGRAMS/guest" secure "203.0.113.7:$1"
    equal "${#stderr_lines[@]}" 1
}

@test "403: the line says what to look for" {
    refused_line 403
    contains "$stderr" '203.0.113.7:403' 403 'many proxies allow CONNECT only to port 443'
}

@test "407: the line names the schemes, and the option for NTLM and Negotiate" {
    refused_line 407
    contains "$stderr" '203.0.113.7:407' 407 '(offers NTLM, Negotiate; add --auth negotiate, or --auth ntlm with -U and -P)'
}

@test "a proxy cannot send escape sequences to the terminal" {
    refused_line 1027
    contains "$stderr" 403 'thing'
    equal "$(tr -d '\n' <<< "$stderr" | LC_ALL=C grep -c '[^ -~]')" 0
}

@test "one line a target in ten seconds, and one for each target" {
    run --separate-stderr timeout 30 "$PTUNNEL_RUN" -p "$PROXY" "$PROGRAMS/connect" \
        203.0.113.7:502 203.0.113.7:502 203.0.113.7:403 203.0.113.7:502 203.0.113.7:403
    equal "${#stderr_lines[@]}" 2
}

@test "-q: not a word" {
    run --separate-stderr timeout 30 "$PTUNNEL_RUN" -q -p "$PROXY" "$PROGRAMS/guest" secure 203.0.113.7:403
    equal "$stderr" ''
}

logged_to() { # FILE
    run --separate-stderr timeout 30 "$PTUNNEL_RUN" --log "$1" -p "$PROXY" "$PROGRAMS/guest" secure 203.0.113.7:502
    contains "$output" 'connect: Connection refused'
}

@test "--log: one line, to a file for the owner alone; stderr is left alone" {
    umask 000
    logged_to "$BATS_TEST_TMPDIR/log"
    equal "$stderr" ''
    equal "$(stat -c %a "$BATS_TEST_TMPDIR/log")" 600
    equal "$(grep -c 203.0.113.7:502 "$BATS_TEST_TMPDIR/log")" 1
}

# The library alone: ptunnel-run would have refused it.
logged_by_library() { # FILE
    run --separate-stderr timeout 30 env LD_PRELOAD="$LIBRARY" PTUNNEL_PROXY="$PROXY" PTUNNEL_LOG="$1" \
        "$PROGRAMS/guest" secure 203.0.113.7:502
    equal "$output" "AT_SECURE 0${NEWLINE}connect: Connection refused"
    equal "$stderr" ''
}

@test "the log is not written through a symbolic link" {
    : > "$BATS_TEST_TMPDIR/precious"
    ln -s precious "$BATS_TEST_TMPDIR/log"
    logged_by_library "$BATS_TEST_TMPDIR/log"
    equal "$(cat "$BATS_TEST_TMPDIR/precious")" ''
}

# not_logged_to FILE : by the library, and ptunnel-run refuses it
not_logged_to() {
    logged_by_library "$1"
    run timeout 30 "$PTUNNEL_RUN" --log "$1" -p "$PROXY" true
    fails_with 125
    contains "$output" "--log '$1': $2"
}

@test "a log that is a pipe stops nobody, and is not written to" {
    mkfifo "$BATS_TEST_TMPDIR/log"
    not_logged_to "$BATS_TEST_TMPDIR/log" 'is no regular file'
    spawn reader timeout 30 cat "$BATS_TEST_TMPDIR/log"
    exec 5> "$BATS_TEST_TMPDIR/log"
    not_logged_to "$BATS_TEST_TMPDIR/log" 'is no regular file'
    exec 5>&-
    wait_until gone "$SPAWNED"
    equal "$(cat "$BATS_TEST_TMPDIR/reader.out")" ''
}

@test "nor is another user's file, and one with a second name" {
    : > "$BATS_TEST_TMPDIR/log"
    ln "$BATS_TEST_TMPDIR/log" "$BATS_TEST_TMPDIR/other"
    not_logged_to "$BATS_TEST_TMPDIR/log" 'has a second name'
    equal "$(cat "$BATS_TEST_TMPDIR/log")" ''
    rm "$BATS_TEST_TMPDIR/other"
    need root
    chown nobody "$BATS_TEST_TMPDIR/log"
    chmod 666 "$BATS_TEST_TMPDIR/log"
    not_logged_to "$BATS_TEST_TMPDIR/log" 'belongs to somebody else'
    equal "$(cat "$BATS_TEST_TMPDIR/log")" ''
}

@test "a terminal, or /dev/null, may be the log" {
    logged_by_library /dev/null
    run timeout 30 "$PTUNNEL_RUN" --log /dev/null -p "$PROXY" true
    succeeds
}

@test "a log in a directory that is not there stops nobody" {
    logged_by_library "$BATS_TEST_TMPDIR/none/log"
}

# ld.so preloads nothing into a program with more rights than its user; but a library can come by /etc/ld.so.preload, or be
# linked, as here.
@test "a program with more rights than its user: nothing is read, nothing is hooked" {
    local place=$BATS_FILE_TMPDIR/setuid
    need root ptrace setpriv gcc

    chmod a+x "$BATS_RUN_TMPDIR" "$BATS_FILE_TMPDIR"
    mkdir "$place"
    cp "$LIBRARY" "$place/libptunnel.so"
    gcc -D_GNU_SOURCE -o "$place/guest" "$ROOT/tests/programs/guest.c" -Wl,--no-as-needed "$place/libptunnel.so" \
        -Wl,-rpath,"$place"
    echo 'default reject' > "$place/rules"
    chmod a+rx "$place" "$place/libptunnel.so" "$place/guest"
    settings=(PTUNNEL_PROXY="$PROXY" PTUNNEL_LOOPBACK=1 PTUNNEL_RULES="$place/rules"
        PTUNNEL_LOG="$place/log" PTUNNEL_VERBOSE=3)
    # as long as it has no rights it is hooked
    run env "${settings[@]}" PTUNNEL_RULES= setpriv --reuid=65534 --clear-groups "$place/guest" secure 127.0.0.1:502
    equal "$output" "AT_SECURE 0${NEWLINE}connect: Connection refused"
    contains "$(cat "$SCRIPTED_LOG")" 'CONNECT 127.0.0.1:502'
    chmod u+s "$place/guest"
    run strace -f -o "$place/trace" -u nobody env "${settings[@]}" "$place/guest" secure "127.0.0.1:$GREETER_PORT"
    contains "$output" 'AT_SECURE 1' 'connect: 0'
    lacks "$(cat "$SCRIPTED_LOG")" "CONNECT 127.0.0.1:$GREETER_PORT"
    contains "$(cat "$place/trace")" "$place/libptunnel.so"
    lacks "$(cat "$place/trace")" "$place/rules" "$place/log" "htons($SCRIPTED_PORT)"
    [ ! -e "$place/log" ]
}

@test "the library does not come from the current directory, argv[0] or PATH" {
    local trap=$BATS_TEST_TMPDIR/trap
    need gcc

    mkdir "$trap"
    echo '__attribute__((constructor)) static void f(void) { __builtin_puts("caught"); }' |
        gcc -x c -shared -fPIC -o "$trap/libptunnel.so" -
    LD_PRELOAD=$trap/libptunnel.so run env true
    equal "$output" caught
    cd "$trap"
    PATH=$trap:$PATH run bash -c 'exec -a "$0" "$@"' "$trap/ptunnel-run" "$PTUNNEL_RUN" -p "$PROXY" \
        "$PROGRAMS/guest" secure 203.0.113.7:502
    contains "$output" 'connect: Connection refused'
    lacks "$output" caught
}

# In the background of a terminal that stops who writes from there.
in_background() { # COMMAND...
    python3 -c '
import os, pty, sys, termios
leader, terminal = pty.fork()
if leader == 0:
    modes = termios.tcgetattr(2)
    modes[3] |= termios.TOSTOP
    termios.tcsetattr(2, termios.TCSANOW, modes)
    child = os.fork()
    if child == 0:
        os.setpgid(0, 0)
        os.execv(sys.argv[1], sys.argv[1:])
    os.setpgid(child, child)
    status = os.waitpid(child, os.WUNTRACED)[1]
    if os.WIFSTOPPED(status):
        os.write(1, b"stopped\n")
        os.kill(child, 9)
    os._exit(0)
shown = b""
try:
    while part := os.read(terminal, 1024):
        shown += part
except OSError:
    pass
sys.stdout.buffer.write(shown)' "$@"
}

@test "a line of the log does not stop a program in the background" {
    local script

    script="$PTUNNEL_RUN -p $PROXY $PROGRAMS/connect 203.0.113.7:403 > $BATS_TEST_TMPDIR/said"
    run in_background /bin/sh -c "$script"
    contains "$output" '203.0.113.7:403'
    lacks "$output" stopped
    contains "$(cat "$BATS_TEST_TMPDIR/said")" EACCES
}
