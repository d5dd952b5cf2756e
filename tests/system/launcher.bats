#!/usr/bin/env bats
# ptunnel-run: its command, its options and what it refuses, and the library that it needs.

load helpers
load lib/launcher

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
    refused 127 'no-such-command-anywhere: command not found'
    run -127 --separate-stderr "$PTUNNEL_RUN" -p "$NOWHERE" ./no/such/file
    refused 127 './no/such/file: No such file or directory'
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
