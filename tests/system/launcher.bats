#!/usr/bin/env bats
# ptunnel-run: its options, what it refuses, and what the command finds when it starts.

load helpers

setup_file() {
    start_greeter
    start_scripted --on '203.0.113.7:7' "to 127.0.0.1:$GREETER_PORT" \
        --on '203.0.113.8:7' "auth \"us er:p:@/%\"; to 127.0.0.1:$GREETER_PORT" --on '203.0.113.9:403' 'status 403'
    # A port with nobody behind, for what never gets as far as a connection.
    NOWHERE=127.0.0.1:$(free_port)
    export NOWHERE
}

# refused STATUS PART... : this was the status, and the whole answer a line on stderr with these parts. A pointer to
# the help may follow.
refused() {
    fails_with "$1"
    shift
    equal "$output" ''
    equal "${stderr#"${stderr_lines[0]}"}" "${stderr_lines[1]:+${NEWLINE}Try 'ptunnel-run --help'.}"
    equal "${stderr%%: *}" ptunnel-run
    contains "${stderr_lines[0]}" "$@"
}

launch() {
    run --separate-stderr timeout -k 5 20 "$PTUNNEL_RUN" "$@"
}

# --- the command ---

@test "the command's exit status is its own" {
    local code

    for code in 0 1 125 255; do
        launch -p "$NOWHERE" sh -c "exit $code"
        fails_with "$code"
        equal "$output$stderr" ''
    done
}

@test "a command that a signal ends, ends so" {
    # shellcheck disable=SC2016
    launch -p "$NOWHERE" sh -c 'kill -TERM $$'
    fails_with 143
}

@test "the command has the launcher's pid and terminal, streams and directory" {
    # shellcheck disable=SC2016
    run bash -c 'cd / && echo $$ && exec "$1" -p "$2" -- bash -c "echo \$\$; pwd; cat; echo error >&2"' - \
        "$PTUNNEL_RUN" "$NOWHERE" <<< 'its input'
    succeeds
    equal "${lines[1]}" "${lines[0]}"
    equal "${lines[*]:2}" "/ its input error"
}

@test "ignored signals and descriptors of the caller reach the command" {
    run bash -c 'trap "" USR1; exec 7<<< seven; exec "$1" -p "$2" -- bash -c "cat <&7; kill -USR1 \$\$; echo alive"' - \
        "$PTUNNEL_RUN" "$NOWHERE"
    equal "$output" "seven${NEWLINE}alive"
}

@test "options end at the command, with and without --" {
    launch -p "$NOWHERE" echo -p x --help -- y
    equal "$output" '-p x --help -- y'
    launch -p "$NOWHERE" -- echo -- -V
    equal "$output" '-- -V'
    launch --proxy="$NOWHERE" -- echo long
    equal "$output" long
    launch -p"$NOWHERE" echo glued
    equal "$output" glued
}

@test "no command" {
    launch -p "$NOWHERE"
    refused 125 command
    launch -p "$NOWHERE" --
    refused 125 command
}

@test "a command that is not there is 127" {
    run -127 --separate-stderr "$PTUNNEL_RUN" -p "$NOWHERE" no-such-command-anywhere
    refused 127 no-such-command-anywhere
    run -127 --separate-stderr "$PTUNNEL_RUN" -p "$NOWHERE" ./no/such/file
    refused 127 ./no/such/file
}

@test "a command that cannot be run is 126" {
    echo text > "$BATS_TEST_TMPDIR/text"
    launch -p "$NOWHERE" "$BATS_TEST_TMPDIR/text"
    refused 126 "$BATS_TEST_TMPDIR/text"
    launch -p "$NOWHERE" "$BATS_TEST_TMPDIR"
    refused 126 "$BATS_TEST_TMPDIR"
}

# --- what it says ---

@test "-h explains on stdout, -V names the version" {
    local option

    for option in -h --help; do
        launch "$option"
        succeeds
        equal "$stderr" ''
        contains "$output" ptunnel-run --proxy --user --password --password-file --loopback --timeout --log \
            --help --version
    done
    for option in -V --version; do
        launch "$option"
        succeeds
        [[ $output =~ ^ptunnel-run\ [0-9]+\.[0-9]+\.[0-9]+ ]]
    done
}

@test "a mistyped option is named" {
    launch --prxy "$NOWHERE" true
    refused 125 --prxy
    launch -p "$NOWHERE" -Z true
    refused 125 "'Z'"
    launch -p
    refused 125 "'p'"
    launch --loopback=1 -p "$NOWHERE" true
    refused 125 --loopback
}

@test "no proxy known: the remedy" {
    launch true
    refused 125 -p PTUNNEL_PROXY https_proxy
}

@test "a proxy URL that is none is refused, with its text and what is wrong" {
    local url count=0
    local long

    printf -v long '%0254d' 0
    while IFS= read -r url; do
        url=$(printf '%b' "${url//254BYTES/${long//0/a}}")
        launch -p "$url" true
        refused 125 "ptunnel-run: -p '" "': " || { echo "URL: $url"; return 1; }
        count=$((count + 1))
    done << 'END'

http://
http:///
http://:80
:3128
foo:
foo:0
foo:65536
foo:99999
foo:99999999999999999999
foo:-1
foo:+80
foo:0x50
foo:80x
foo:abc
foo: 80
foo:80 
 foo:80
foo bar:80
foo\r\nX-Injected: 1:80
foo\nbar:80
foo\tbar:80
foo\0033[31m:80
foo\\bar:80
b\0303\0274cher.example:80
foo:80/path
foo:80?query
foo:80#fragment
http:/foo:80
ftp://foo:21
254BYTES:80
[::1
[::1]80
[::1]:
[zz]:80
[127.0.0.1]:80
::1:80
user:pa%zz@foo:80
user:pa%4@foo:80
user:pa%@foo:80
user@
END
    equal "$count" 41
}

@test "the port is named where the port is wrong" {
    launch -p foo:99999 true
    refused 125 "ptunnel-run: -p 'foo:99999': port is not between 1 and 65535"
    launch -p foo:0 true
    refused 125 "ptunnel-run: -p 'foo:0': port is not between 1 and 65535"
}

@test "https:// and socks5:// are said to be unsupported, with the way out" {
    launch -p https://proxy:443 true
    refused 125 https:// support stunnel
    local url

    for url in socks5://proxy:1080 socks5h://proxy:1080 socks4://proxy:1080 socks://proxy; do
        launch -p "$url" true
        refused 125 "${url%%/*}//" support
    done
}

@test "a wrong URL's password is not in the message" {
    launch -p 'http://user:secret-word@foo:99999' true
    fails_with 125
    lacks "$stderr" secret-word
}

@test "a proxy of a name that nobody knows: the connection fails, with a line that names it" {
    launch -p no-such-proxy.invalid:3128 "$PROGRAMS/connect" 203.0.113.7:7
    fails_with 1
    contains "$stderr" "ptunnel: connect[" "203.0.113.7:7 via no-such-proxy.invalid:3128: "
    equal "${#stderr_lines[@]}" 1
}

@test "a proxy may be a name" {
    launch -p "localhost:$SCRIPTED_PORT" "$PROGRAMS/connect" 203.0.113.7:7
    equal "$output" '203.0.113.7:7 connected, heard "hello"'
}

@test "several -p: they are all checked" {
    launch -p "$PROXY" -p "$NOWHERE" "$PROGRAMS/connect" 203.0.113.7:7
    equal "$output" '203.0.113.7:7 connected, heard "hello"'
    launch -p "$PROXY" -p foo:0 true
    refused 125 "-p 'foo:0'"
}

@test "a URL without a port means 3128, with http:// 80" {
    need ptrace
    local url port

    while read -r url port; do
        run strace -f -qq -e trace=connect "$PTUNNEL_RUN" -q -p "$url" "$PROGRAMS/connect" 203.0.113.7:7
        contains "$output" "sin_port=htons($port), sin_addr=inet_addr(\"127.9.9.9\")"
    done << 'END'
127.9.9.9 3128
127.9.9.9/ 3128
http://127.9.9.9 80
http://127.9.9.9/ 80
HTTP://127.9.9.9:8 8
http://127.9.9.9:65535/ 65535
END
}

@test "a time limit that is none is refused" {
    local value

    for value in '' 0 -1 abc 1x ' 1' 99999999999999999999; do
        launch -p "$NOWHERE" --timeout "$value" true
        refused 125 "--timeout '$value'"
    done
}

# --- passwords ---

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

    line=$(command_line "$1") && [[ $line == *ptunnel-run*" -P "* && $line != *option-secret* ]]
}

@test "-P is wiped from the command line that others see" {
    need ptrace
    local tracer line

    strace -qq -o /dev/null -e trace=execve -e inject=execve:delay_enter=20s:when=2 \
        "$PTUNNEL_RUN" -p "$NOWHERE" -U user -P option-secret -- true 3>&- &
    tracer=$!
    wait_until wiped "$tracer" || true
    line=$(command_line "$tracer")
    # shellcheck disable=SC2046 # a word a child
    kill -KILL $(cat "/proc/$tracer/task/$tracer/children") "$tracer"
    contains "$line" ptunnel-run "-U user -P "
    lacks "$line" option-secret
}

@test "no secret is in the log, however verbose" {
    launch -vvv -p "http://one:url-secret@$PROXY" "$PROGRAMS/connect" 203.0.113.8:7 203.0.113.7:7
    contains "$stderr" 203.0.113.8:7
    lacks "$stderr" url-secret "$(printf one:url-secret | base64)"
}

# --- the log ---

@test "a tunnel that opens says nothing, one that fails one line" {
    launch -p "$PROXY" "$PROGRAMS/connect" 203.0.113.7:7
    equal "$stderr" ''
    launch -p "$PROXY" "$PROGRAMS/connect" 203.0.113.9:403
    equal "${#stderr_lines[@]}" 1
    [[ $stderr =~ ^ptunnel:\ connect\[[0-9]+\]:\ 203\.0\.113\.9:403\ via\ $PROXY:\ 403\  ]]
}

@test "the same failure again within ten seconds is not said again" {
    launch -p "$PROXY" "$PROGRAMS/connect" 203.0.113.9:403 203.0.113.9:403 203.0.113.9:403
    equal "${#stderr_lines[@]}" 1
}

@test "-q says nothing, -v a line a connection, -vv more, -vvv not less" {
    local said

    launch -q -p "$PROXY" "$PROGRAMS/connect" 203.0.113.9:403
    equal "$stderr" ''
    launch -v -p "$PROXY" "$PROGRAMS/connect" 203.0.113.7:7
    equal "${#stderr_lines[@]}" 1
    contains "$stderr" 'ptunnel: connect[' "203.0.113.7:7 via $PROXY"
    launch -vv -p "$PROXY" "$PROGRAMS/connect" 203.0.113.7:7
    said=${#stderr_lines[@]}
    [ "$said" -gt 1 ]
    launch -vvv -p "$PROXY" "$PROGRAMS/connect" 203.0.113.7:7
    [ "${#stderr_lines[@]}" -ge "$said" ]
}

@test "--log: to a file, which the owner alone can read, wherever the command goes" {
    cd "$BATS_TEST_TMPDIR"
    launch -v --log its.log -p "$PROXY" sh -c 'cd / && "$0" 203.0.113.7:7 && "$0" 203.0.113.9:403' "$PROGRAMS/connect"
    equal "$stderr" ''
    equal "$(stat -c %a its.log)" 600
    equal "$(wc -l < its.log)" 2
    contains "$(cat its.log)" 203.0.113.7:7 203.0.113.9:403
}

@test "--log to a place that cannot be written is refused" {
    launch --log "$BATS_TEST_TMPDIR/no/such/dir/log" -p "$PROXY" true
    refused 125 "$BATS_TEST_TMPDIR/no/such/dir/log"
}

@test "nothing is written to a descriptor 2 that the program made its own" {
    need python3
    launch -p "$PROXY" "$(python)" -c 'if True:
        import os, socket, sys
        os.close(2)
        assert os.open(sys.argv[1], os.O_RDWR | os.O_CREAT) == 2
        print(socket.socket().connect_ex(("203.0.113.9", 403)))' "$BATS_TEST_TMPDIR/data"
    equal "$output" 13
    equal "$(cat "$BATS_TEST_TMPDIR/data")" ''
}

# --- what it hands over ---

@test "LD_PRELOAD is kept whole behind the library" {
    LD_PRELOAD='libm.so.6 libdl.so.2:libpthread.so.0' launch -p "$NOWHERE" printenv LD_PRELOAD
    succeeds
    [[ $output == "$LIBRARY"[:\ ]'libm.so.6 libdl.so.2:libpthread.so.0' ]]
}

@test "nested, the library is preloaded once and the inner proxy counts" {
    launch -p "$NOWHERE" "$PTUNNEL_RUN" -p "$PROXY" sh -c 'printenv LD_PRELOAD; "$0" 203.0.113.7:7' "$PROGRAMS/connect"
    equal "$output" "$LIBRARY${NEWLINE}203.0.113.7:7 connected, heard \"hello\""
}

@test "nested, no setting of the outer one is left" {
    launch -vv --timeout 7 -p "http://a:b@$NOWHERE" \
        "$PTUNNEL_RUN" -p "$PROXY" sh -c 'env | grep ^PTUNNEL_'
    succeeds
    contains "$output" "$PROXY"
    lacks "$output" "$NOWHERE" "a:b@" PTUNNEL_VERBOSE=2 'timeout 7'
}

@test "a program's children are tunnelled too" {
    launch -p "$PROXY" sh -c 'sh -c "\"\$0\" 203.0.113.7:7" "$0"' "$PROGRAMS/connect"
    equal "$output" '203.0.113.7:7 connected, heard "hello"'
}

@test "the hand-over is six variables and no other" {
    launch -v --loopback --timeout 9 --log "$BATS_TEST_TMPDIR/log" -p "$PROXY" env
    run grep -oE '^PTUNNEL_[A-Z]+' <<< "$output"
    run grep -vxE 'PTUNNEL_(PROXY|RULES|LOOPBACK|VERBOSE|LOG|CONFIG)' <<< "$output"
    fails_with 1
}

@test "without --loopback loopback is direct, with it it is not" {
    launch -v -p "$PROXY" "$PROGRAMS/connect" "127.0.0.1:$GREETER_PORT"
    equal "$output" "127.0.0.1:$GREETER_PORT connected, heard \"hello\""
    run ! grep -F "127.0.0.1:$GREETER_PORT" "$SCRIPTED_LOG"
    launch --loopback -p "$PROXY" "$PROGRAMS/connect" "127.0.0.1:$GREETER_PORT"
    equal "$output" "127.0.0.1:$GREETER_PORT connected, heard \"hello\""
    grep -qxF "CONNECT 127.0.0.1:$GREETER_PORT 200" "$SCRIPTED_LOG"
}

@test "the proxy itself is direct, with --loopback too" {
    local before

    before=$(grep -c ^CONNECT "$SCRIPTED_LOG") || true
    launch --loopback -p "$PROXY" "$PROGRAMS/connect" -q "$PROXY"
    equal "$output" "$PROXY connected"
    launch --loopback -p "$PROXY" "$PROGRAMS/connect" -6 -q "$PROXY"
    equal "$output" "$PROXY connected"
    equal "$(grep -c ^CONNECT "$SCRIPTED_LOG" || true)" "$before"
}

@test "0.0.0.0 and :: mean loopback" {
    need ipv6
    launch -p "$PROXY" "$PROGRAMS/connect" "0.0.0.0:$GREETER_PORT"
    equal "$output" "0.0.0.0:$GREETER_PORT connected, heard \"hello\""
    launch -p "$PROXY" "$PROGRAMS/connect" "[::]:$GREETER_PORT"
    equal "$output" "[::]:$GREETER_PORT connected, heard \"hello\""
}

@test "link-local is direct, with --loopback too" {
    launch --loopback -p "$PROXY" "$PROGRAMS/connect" -q -s 100 169.254.254.254:7
    run ! grep -F 169.254.254.254 "$SCRIPTED_LOG"
}

@test "what is no business of a proxy goes to the kernel untouched" {
    equal "$("$PTUNNEL_RUN" -p "$PROXY" "$PROGRAMS/untouched" 2>&1)" "$("$PROGRAMS/untouched" 2>&1)"
}

# --- the library ---

copy_launcher() { # DIR
    mkdir -p "$1"
    cp "$PTUNNEL_RUN" "$LIBRARY" "$1"
}

@test "the library is found beside the launcher" {
    copy_launcher "$BATS_TEST_TMPDIR/elsewhere"
    run --separate-stderr "$BATS_TEST_TMPDIR/elsewhere/ptunnel-run" -p "$NOWHERE" printenv LD_PRELOAD
    equal "$output" "$BATS_TEST_TMPDIR/elsewhere/libptunnel.so"
}

@test "a symbolic link to the launcher finds the library beside the launcher" {
    ln -s "$PTUNNEL_RUN" "$BATS_TEST_TMPDIR/link"
    run --separate-stderr "$BATS_TEST_TMPDIR/link" -p "$NOWHERE" printenv LD_PRELOAD
    equal "$output" "$LIBRARY"
}

@test "a library path with blanks or colons is refused" {
    local name

    for name in 'a b' a:b $'a\tb'; do
        copy_launcher "$BATS_TEST_TMPDIR/$name"
        run --separate-stderr "$BATS_TEST_TMPDIR/$name/ptunnel-run" -p "$NOWHERE" true
        refused 125 libptunnel.so
    done
}

@test "a library that cannot be read is refused" {
    local dir=$BATS_TEST_TMPDIR/unreadable
    local as=()

    copy_launcher "$dir"
    chmod 111 "$dir/libptunnel.so"
    # root can read everything
    if [ "$(id -u)" -eq 0 ]; then
        need setpriv
        as=(setpriv --reuid=65534 --regid=65534 --clear-groups)
        chmod 755 "$BATS_RUN_TMPDIR" "$BATS_TEST_TMPDIR" "$dir"
    fi
    run --separate-stderr "${as[@]}" "$dir/ptunnel-run" -p "$NOWHERE" true
    refused 125 "$dir/libptunnel.so"
}

@test "a library that is none is refused" {
    local dir=$BATS_TEST_TMPDIR/none

    copy_launcher "$dir"
    echo text > "$dir/libptunnel.so"
    run --separate-stderr "$dir/ptunnel-run" -p "$NOWHERE" true
    refused 125 "$dir/libptunnel.so"
}
