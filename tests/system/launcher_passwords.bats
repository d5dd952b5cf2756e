#!/usr/bin/env bats
# ptunnel-run: where the password comes from, that the proxy gets it, and that nobody else does.

load helpers
load lib/launcher

SECRET_TARGET='203.0.113.8:7 connected, heard "hello"'

# The credentials that came last, decoded.
sent_credentials() {
    sed -n 's/^HEADER Proxy-Authorization: Basic //p' "$SCRIPTED_LOG" | tail -n 1 | base64 -d
}

@test "-U and -P: a password with :@/%" {
    launch -p "$PROXY" -U 'us er' -P 'p:@/%' "$PROGRAMS/connect" 203.0.113.8:7
    equal "$output$stderr" "$SECRET_TARGET"
    launch -p "$PROXY" --user 'us er' --password='p:@/%' "$PROGRAMS/connect" 203.0.113.8:7
    equal "$output$stderr" "$SECRET_TARGET"
    equal "$(sent_credentials)" 'us er:p:@/%'
}

@test "credentials in the URL are percent-decoded" {
    launch -p "http://us%20er:p%3A%40%2f%25@$PROXY/" "$PROGRAMS/connect" 203.0.113.8:7
    equal "$output$stderr" "$SECRET_TARGET"
    launch -p "us%20er:p%3a%40%2F%25@$PROXY" "$PROGRAMS/connect" 203.0.113.8:7
    equal "$output$stderr" "$SECRET_TARGET"
}

@test "a user without a password, and an empty password" {
    launch -p "someone@$PROXY" "$PROGRAMS/connect" 203.0.113.7:7
    equal "$(sent_credentials)" someone:
    launch -p "$PROXY" -U anyone -P '' "$PROGRAMS/connect" 203.0.113.7:7
    equal "$(sent_credentials)" anyone:
}

@test "credentials go out with the first request, and without them none" {
    local before

    before=$(grep -c Proxy-Authorization "$SCRIPTED_LOG") || true
    launch -p "$PROXY" "$PROGRAMS/connect" 203.0.113.7:7
    equal "$(grep -c Proxy-Authorization "$SCRIPTED_LOG" || true)" "$before"
    before=$(grep -c '^CONNECT 203.0.113.8:7 407' "$SCRIPTED_LOG") || true
    launch -p "$PROXY" -U 'us er' -P 'p:@/%' "$PROGRAMS/connect" 203.0.113.8:7
    equal "$(grep -c '^CONNECT 203.0.113.8:7 407' "$SCRIPTED_LOG" || true)" "$before"
}

@test "wrong credentials are EACCES and a line that says 407" {
    launch -p "$PROXY" -U 'us er' -P wrong-word "$PROGRAMS/connect" 203.0.113.8:7
    contains "$output" ' EACCES, '
    contains "$stderr" '203.0.113.8:7 via ' '407 '
    lacks "$stderr" wrong-word
}

@test "--password-file" {
    local file=$BATS_TEST_TMPDIR/password ending

    for ending in '' '\n' '\r\n'; do
        # shellcheck disable=SC2059
        (umask 077 && printf "p:@/%%$ending" > "$file")
        launch -p "$PROXY" -U 'us er' --password-file "$file" "$PROGRAMS/connect" 203.0.113.8:7
        equal "$output$stderr" "$SECRET_TARGET"
    done
}

@test "a password file that is not there, or that others can read, is refused" {
    local file=$BATS_TEST_TMPDIR/password

    launch -p "$PROXY" -U me --password-file "$file" true
    refused 125 "$file"
    echo word > "$file"
    chmod 644 "$file"
    launch -p "$PROXY" -U me --password-file "$file" true
    refused 125 "$file"
}

@test "a password is asked on the terminal, without echo" {
    need python3
    run python3 "$ROOT/tests/system/lib/terminal.py" assword 'p:@/%' \
        "$PTUNNEL_RUN" -p "$PROXY" -U 'us er' "$PROGRAMS/connect" 203.0.113.8:7
    succeeds
    contains "$output" "$SECRET_TARGET" 'us er'
    lacks "$output" 'p:@/%'
}

@test "the terminal is as it was after the question" {
    need python3
    run python3 "$ROOT/tests/system/lib/terminal.py" assword x "$PTUNNEL_RUN" -p "$PROXY" -U me stty -a
    succeeds
    contains "$output" ' echo ' ' icanon '
}

@test "the question goes to the terminal when stdin and stdout are elsewhere" {
    need python3
    run python3 "$ROOT/tests/system/lib/terminal.py" assword 'p:@/%' sh -c \
        '"$0" -p "$1" -U "us er" "$2" 203.0.113.8:7 < /dev/null > "$3"' \
        "$PTUNNEL_RUN" "$PROXY" "$PROGRAMS/connect" "$BATS_TEST_TMPDIR/out"
    succeeds
    equal "$(cat "$BATS_TEST_TMPDIR/out")" "$SECRET_TARGET"
}

# typed KEYS : to the question; what prompt.py says
typed() {
    need python3
    SAYS=9 run timeout 30 python3 "$ROOT/tests/system/lib/prompt.py" "$1" "$PTUNNEL_RUN" -p "$NOWHERE" -U me true \
        9> "$BATS_TEST_TMPDIR/says"
    cat "$BATS_TEST_TMPDIR/says"
}

@test "whatever ends or stops the question, the terminal has its echo again" {
    equal "$(typed '\x03')" 'ended: echo, -2'
    equal "$(typed '\x1c')" 'ended: echo, -3'
    equal "$(typed '\x04')" 'ended: echo, 125'
    equal "$(typed 'secret\n')" 'ended: echo, 0'
    equal "$(typed '\x1asecret\n')" "stopped: echo${NEWLINE}ended: echo, 0"
}

@test "no terminal to ask on" {
    run --separate-stderr setsid -w "$PTUNNEL_RUN" -p "$PROXY" -U me true
    refused 125 password
}

@test "a password without a user" {
    launch -p "$PROXY" -P secret-text true
    refused 125 -U
    lacks "$stderr" secret-text
}

# The command line of the launcher, held at its execve().
command_line() { # PID-OF-TRACER
    local child

    child=$(tr -d ' ' < "/proc/$1/task/$1/children")
    [ -n "$child" ] && tr '\0' ' ' < "/proc/$child/cmdline"
}

wiped() { # PID-OF-TRACER
    local line

    line=$(command_line "$1") && [[ $line == *ptunnel-run*" -P "* && $line != *-secret* ]]
}

@test "-P and the password in -p are wiped from the command line that others see" {
    need ptrace
    local tracer line

    strace -qq -o /dev/null -e trace=execve -e inject=execve:delay_enter=20s:when=2 \
        "$PTUNNEL_RUN" -p "http://other:url%2fsecret@$NOWHERE" -p "third:url-secret@$NOWHERE" -p "$NOWHERE" -U user \
        -P option-secret -- true 3>&- &
    tracer=$!
    wait_until wiped "$tracer" || true
    line=$(command_line "$tracer")
    # shellcheck disable=SC2046 # a word a child
    kill -KILL $(cat "/proc/$tracer/task/$tracer/children") "$tracer"
    contains "$line" ptunnel-run "-U user -P " "-p http://other:@$NOWHERE" "-p third:@$NOWHERE" "-p $NOWHERE"
    lacks "$line" secret
}

@test "no secret is in the log, however verbose" {
    launch -vvv -p "http://one:url-secret@$PROXY" "$PROGRAMS/connect" 203.0.113.8:7 203.0.113.7:7
    contains "$stderr" 203.0.113.8:7
    lacks "$stderr" url-secret "$(printf one:url-secret | base64)"
}
